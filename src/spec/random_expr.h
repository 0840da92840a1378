// Test kit: random expressions that mostly have a type. Private to random_spec.cc and its tests.
#pragma once

#include "base/clock.h"
#include "spec/model.h"

namespace cadre::spec {

class RandomExpr {
 public:
  explicit RandomExpr(Rng& rng) : rng_(rng) {}

  // A guard of the operation.
  Expr condition(const Spec& spec, const Operation& operation);
  // A condition over the rows of an entity, read by "row" or "self".
  Expr row_condition(const Spec& spec, const std::string& entity, const char* reader);
  // An effect of the operation.
  Effect effect(const Spec& spec, const Operation& operation);
  // A value that fits the attribute, from what the operation can see.
  Expr value_for(const Spec& spec, const Operation& operation, const Attribute& attribute);

 private:
  bool chance(int percent) { return rng_.below(100) < static_cast<std::uint64_t>(percent); }
  Expr count_limit(const Spec& spec, const Operation& operation);
  Expr comparison(const Attribute& attribute, Expr left);
  Expr number(int depth);

  Rng& rng_;
};

}  // namespace cadre::spec
