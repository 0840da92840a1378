#include "offline/analysis/passes.h"
namespace cadre::offline::analysis {
void read_guard_rules(Draft&, const Reading&) {}
void read_derived_rules(Draft&) {}
void read_stock_rules(Draft&, const Reading&) {}
void read_queries(Draft&, const Reading&) {}
void read_value_rules(Draft&) {}
void read_relations(Draft&, const Reading&) {}
}
