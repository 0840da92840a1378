// What operations change: effects on the own row, on related and on matching rows, and the check
// that they left every attribute within its bounds.
//
// Effects run one after the other; each sees what the ones before it did. Writes into one function
// body; not for reuse.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "offline/developer/emit.h"

namespace cadre::offline::developer {

// "if rows.is_taken(...): raise ..." for each unique key of the entity.
void write_unique_checks(const Model& model, const spec::Entity& entity, const std::string& row,
                         int indent, Source& out);

// The value that an attribute without an input gets in a new row; "None" when it stays empty.
Py initial_value(const Model& model, const spec::Entity& entity, const spec::Attribute& attribute,
                 Scope& scope);

class EffectWriter {
 public:
  EffectWriter(const Model& model, const spec::Entity& entity, const spec::Operation& operation,
               Scope& scope, Source& out);

  // Stores the row (a new one is added), applies the effects, checks ranges, sends it all to the
  // database.
  void write(bool is_new);
  // The effects alone, and afterwards their ranges.
  void apply();
  void check_ranges();
  // Bulk operations: the effects; gives the name or literal of the count.
  std::string write_bulk();

 private:
  void one(const spec::Effect& effect);
  void assign(const spec::Effect& effect, const Row& target, const std::string& attribute,
              int indent);
  Py changed_by(const spec::Effect& effect, const spec::Attribute& attribute, std::string& place);
  void look_up_again(const Row& target, const std::string& role, int indent);
  void check_assigned(const spec::Effect& effect, const Row& target, const std::string& name,
                      bool nullable, int indent);
  void assign_through(const spec::Effect& effect, std::string path);
  void assign_matching(const spec::Effect& effect, const spec::Entity& entity,
                       const std::string& attribute);
  void remove_matching(const spec::Effect& effect, const spec::Entity& entity);
  std::string matching_rows(const spec::Expr& where, const spec::Entity& entity);
  void create_other(const spec::Effect& effect);
  void range_check(const spec::Entity& entity, const std::string& name, const std::string& row,
                   bool value_is_safe, int indent, Source& out);
  void count_changes(const std::string& rows);
  bool needs_stored_row(const spec::Effect& effect) const;
  void store();

  const Model& model_;
  const spec::Entity& entity_;
  const spec::Operation& operation_;
  Scope& scope_;
  Source& out_;
  Source ranges_;        // checks to be done after all effects
  std::string pending_;  // name of the new row that is not added yet
  bool dirty_ = false;   // something has not been sent to the database
  std::vector<std::string> counts_;
};

}  // namespace cadre::offline::developer
