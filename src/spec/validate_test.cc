#include "spec/validate.h"

#include <gtest/gtest.h>

#include <functional>

#include "spec/identifiers.h"
#include "spec/test_models.h"

namespace cadre::spec {
namespace {

std::string listing(const Spec& spec) {
  std::string out;
  for (const Problem& problem : validate(spec))
    out += problem.place + ": " + problem.message + "\n";
  return out;
}

TEST(Validate, TheExampleModelsAreSound) {
  EXPECT_EQ(listing(load_test_model(CADRE_SOURCE_DIR, "library")), "");
  EXPECT_EQ(listing(load_test_model(CADRE_SOURCE_DIR, "tasks")), "");
}

Expr parse(const char* text) { return expr_from_json(json::parse(text).value()).value(); }

struct Fault {
  const char* name;
  std::function<void(Spec&)> make;
  const char* expected;
};

Operation& operation(Spec& spec, const char* id) {
  for (Operation& candidate : spec.operations) {
    if (candidate.id == id) return candidate;
  }
  throw std::runtime_error(id);
}

TEST(Validate, SaysWhatIsWrong) {
  const std::vector<Fault> faults{
      {"keyword", [](Spec& s) { s.entities[1].attributes[0].id = "class"; },
       "\"class\" is a reserved word (write \"class_\")"},
      {"hostile", [](Spec& s) { s.entities[1].attributes[0].id = "x; drop table"; },
       "no safe identifier (write \"x_drop_table\")"},
      {"duplicate", [](Spec& s) { s.entities.push_back(s.entities[0]); }, "two entities"},
      {"reference", [](Spec& s) { s.relations[0].to = "Nothing"; }, "unknown entity Nothing"},
      {"clash", [](Spec& s) { s.relations[0].role = "fine"; }, "the name of another"},
      {"guard type",
       [](Spec& s) { operation(s, "borrow").guards[0].require = parse(R"(["count","Loan"])"); },
       "require is no condition"},
      {"guard path",
       [](Spec& s) {
         operation(s, "renew").guards[0].require = parse(R"(["is_null",["self","book.pages"]])");
       },
       "Book has no attribute or reference \"pages\""},
      {"mixed types",
       [](Spec& s) {
         operation(s, "renew").guards[0].require = parse(R"(["<",["self","due_on"],3])");
       },
       "\"<\" of a date (due_on) and an integer"},
      {"hours on a date",
       [](Spec& s) {
         operation(s, "renew").effects[1].value = parse(R"(["add",["self","due_on"],["hours",3]])");
       },
       "a date is moved by days or months only"},
      {"effect target", [](Spec& s) { operation(s, "renew").effects[0].target = "Loan.fine"; },
       "fine is derived or generated"},
      {"effect type",
       [](Spec& s) { operation(s, "renew").effects[1].value = Expr::of(true); },
       "a boolean cannot be stored as a date (due_on)"},
      {"effect order",
       [](Spec& s) {
         auto& effects = operation(s, "renew").effects;
         effects.push_back(effects[1]);
       },
       "it reads self.due_on, which an earlier effect has set"},
      {"unfilled", [](Spec& s) { operation(s, "borrow").effects.erase(
                                     operation(s, "borrow").effects.begin() + 1); },
       "the required borrowed_on is neither"},
      {"two lists",
       [](Spec& s) {
         Operation copy = operation(s, "list_books");
         copy.id = "list_all";
         s.operations.push_back(copy);
       },
       "more than one list operation"},
      {"permission", [](Spec& s) { s.permissions[0].operation = "fly"; }, "unknown operation"},
      {"pattern", [](Spec& s) { s.entities[0].attributes[0].pattern = "(a"; }, "missing \")\""},
      {"bounds",
       [](Spec& s) {
         s.entities[0].attributes[3].min = Expr::of(3);
         s.entities[0].attributes[3].max = Expr::of(2);
       },
       "min is above max"},
      {"default", [](Spec& s) { s.entities[0].attributes[3].default_value = Expr::of(-1); },
       "the default is outside the limits"},
      {"circle",
       [](Spec& s) {
         Relation back = s.relations[0];
         back.from = "Book";
         back.to = "Loan";
         back.role = "loan";
         s.relations.push_back(back);
         operation(s, "create_book").inputs.push_back({"loan", Type::kString, "Loan", true});
       },
       "no Book can ever be made: it needs a Loan"},
      {"path clash", [](Spec& s) { s.entities[0].plural = "members"; }, "its path /members"},
      {"sort", [](Spec& s) { s.queries[1].sort = {"nothing"}; }, "sort: there is no"},
      {"empty", [](Spec& s) { s.entities.clear(); s.relations.clear(); }, "there is no entity"},
  };
  for (const Fault& fault : faults) {
    Spec spec = load_test_model(CADRE_SOURCE_DIR, "library");
    fault.make(spec);
    EXPECT_NE(listing(spec).find(fault.expected), std::string::npos)
        << fault.name << " gave:\n" << listing(spec);
  }
}

TEST(Validate, LifecyclesAreWhole) {
  const std::vector<Fault> faults{
      {"state", [](Spec& s) { s.entities[3].lifecycle->transitions[0].to = "gone"; },
       "names an unknown state"},
      {"operation", [](Spec& s) { s.entities[3].lifecycle->transitions[0].by = "create_person"; },
       "no operation on Task"},
      {"two ways",
       [](Spec& s) {
         auto edge = s.entities[3].lifecycle->transitions[0];
         edge.to = "done";
         s.entities[3].lifecycle->transitions.push_back(edge);
       },
       "leads from open to two states"},
      {"enum literal",
       [](Spec& s) {
         operation(s, "start_task").guards[0].require =
             parse(R"(["=",["self","status"],"opened"])");
       },
       "\"opened\""},
      {"default", [](Spec& s) { s.entities[3].attributes[5].default_value = Expr::string("done"); },
       "must be the initial state"},
  };
  for (const Fault& fault : faults) {
    Spec spec = load_test_model(CADRE_SOURCE_DIR, "tasks");
    fault.make(spec);
    EXPECT_NE(listing(spec).find(fault.expected), std::string::npos)
        << fault.name << " gave:\n" << listing(spec);
  }
}

TEST(Identifiers, SafeIdsAreSafe) {
  EXPECT_EQ(safe_id("class"), "class_");
  EXPECT_EQ(safe_id("order"), "order_");
  EXPECT_EQ(safe_id("order", IdUse::kName), "order");
  EXPECT_EQ(safe_id("return", IdUse::kName), "return_");
  EXPECT_EQ(safe_id("Due date"), "due_date");
  EXPECT_EQ(safe_id("id"), "id_");
  EXPECT_EQ(safe_id("'; DROP TABLE users; --"), "drop_table_users");
  EXPECT_EQ(safe_id("\xC3\xA9"), "e");          // an accent is folded
  EXPECT_EQ(safe_id("\xE6\x97\xA5"), "x");      // another script has no letters for it
  EXPECT_EQ(safe_id("date"), "date");
  for (const std::string_view word : reserved_words()) {
    EXPECT_FALSE(is_reserved(safe_id(word))) << word;
    EXPECT_TRUE(is_safe_identifier(safe_id(word))) << word;
  }
  EXPECT_TRUE(is_safe_identifier(safe_id(std::string(500, 'a'))));
}

}  // namespace
}  // namespace cadre::spec
