// The inside of parse_canonical(). Private to canonical_parse*.cc.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "spec/canonical_parts.h"
#include "spec/english.h"
#include "spec/names.h"

namespace cadre::spec {

class SentenceParser {
 public:
  explicit SentenceParser(const std::vector<Token>& tokens) : tokens_(tokens), phrases_(names_) {}

  // Throws Unreadable.
  Spec run();

 private:
  // canonical_parse.cc: product, actors, records
  void collect_names();
  static bool starts_entity(const Reader& reader);
  bool stands_before_can_be(const Reader& reader) const;
  void sentence(Reader& reader);
  void declaration(Reader& reader);
  void read_verdict(Reader& reader);
  void read_actor(Reader& reader);
  Entity entity_head(Reader& reader);
  void read_entity(Reader& reader);
  Attribute read_attribute(Reader& reader);
  void read_facet(Reader& reader, Attribute& attribute);
  void read_relation(Reader& reader);
  void read_lifecycle(Reader& reader);
  OnDelete on_delete(Reader& reader);
  std::vector<std::string> choices(Reader& reader);
  std::vector<std::string> names_with_and(Reader& reader, std::string_view what);
  static bool more(Reader& reader);

  // canonical_parse_operations.cc: operations, permissions, queries, rules
  void read_standard_operations(Reader& reader);
  void read_operation(Reader& reader);
  void read_operation_facet(Reader& reader, Operation& operation);
  Input read_input(Reader& reader);
  void about_operation(Reader& reader);
  void read_guard(Reader& reader, const std::string& operation, bool limit);
  bool read_effect(Reader& reader, const std::string& operation);
  void read_target(Reader& reader, const std::string& operation, Effect& effect);
  void read_where(Reader& reader, std::optional<Expr>& where);
  void read_permission(Reader& reader);
  std::vector<std::string> deeds(Reader& reader);
  void read_query(Reader& reader, QueryKind kind);
  void read_query_part(Reader& reader, Query& query);
  void read_rule(Reader& reader);
  std::string actor_id(const std::string& phrase) const;
  void complete();

  struct PendingEffect {
    std::string operation;
    Effect effect;
    bool own = false;  // the target begins with "its": the operation's record
  };
  struct PendingEdge {
    std::string entity;
    Transition transition;
  };

  const std::vector<Token>& tokens_;
  Spec names_;        // the entities' ids, names and plurals only
  Phrases phrases_;
  Spec spec_;
  std::map<std::string, Lifecycle> lifecycles_;
  std::vector<PendingEdge> edges_;
  std::vector<std::pair<std::string, Guard>> guards_;
  std::vector<PendingEffect> effects_;
  std::vector<std::size_t> with_all_fields_;                 // operation indexes
  std::map<std::pair<std::size_t, std::size_t>, bool> untyped_;  // operation, input without a type
  std::map<std::size_t, std::string> permission_actors_;     // permission index -> phrase
};

}  // namespace cadre::spec
