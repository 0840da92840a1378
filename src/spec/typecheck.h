// Types of expressions: what validate.h demands of every expression in a model, so that the
// interpreter and the compilers to Python never meet a sum of a date and a name. Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "spec/model.h"

namespace cadre::spec {

struct StaticType {
  enum class Kind {
    kNull, kBool, kInt, kDecimal, kString, kDate, kTime, kDatetime, kDuration,
    kRef,   // a row's id; `entity` is whose, or empty for any (the actor)
    kRole   // the acting actor's id
  };
  Kind kind = Kind::kNull;
  std::string entity;                    // kRef
  const Attribute* attribute = nullptr;  // where the value comes from, for enums
  bool literal = false;                  // a string literal, which may stand for a date
  std::string text;                      // of a string literal
};

// What an expression may mention.
struct TypeScope {
  const Spec* spec = nullptr;
  const Entity* self = nullptr;           // null: no ["self"]
  bool old = false;                       // ["old"] allowed
  const Operation* operation = nullptr;   // for ["arg"]; null: no arguments
  const Entity* row = nullptr;            // null: no ["row"]
  bool actor = true;                      // ["actor"], ["role"]
  bool derived_self = true;               // false: paths must not end at derived attributes of self
};

// The type, or an error that says which part is wrong.
Result<StaticType> type_of(const Expr& expr, const TypeScope& scope);

StaticType type_of(const Attribute& attribute);
// True when "=" between the two can ever be meaningful.
bool comparable(const StaticType& a, const StaticType& b);
// True when a value of type `from` may be stored where `to` is expected.
bool assignable(const StaticType& from, const StaticType& to);
std::string describe(const StaticType& type);

}  // namespace cadre::spec
