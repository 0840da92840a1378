// Makes requests out of a model and the rows that exist: mostly well-formed ones with references
// to existing rows and values near the model's own limits and constants, and ways to spoil them.
// Deterministic for a seed. Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "spec/interpreter.h"

namespace cadre::spec {

// The numbers that matter in a model: limits of attributes, constants of guards and effects, and
// the durations (in minutes) that time should move around.
struct Landmarks {
  std::vector<std::int64_t> numbers;
  std::vector<std::int64_t> minutes;
};
Landmarks find_landmarks(const Spec& spec);

class RequestFactory {
 public:
  RequestFactory(const Spec& spec, std::uint64_t seed);

  // How to choose: a focused factory goes for the same few rows again and again (to reach limits
  // that are counted per row); a plain one spreads.
  struct Choice {
    bool focused = false;
    std::string role;   // act as this actor; empty: any that may perform the operation
    // Not 0: a taste of its own for each number (always low, always high, or anything) and for
    // each optional reference (nearly always given), so that a whole story keeps one line.
    std::uint64_t taste = 0;
  };

  // A request that should be accepted as far as its form goes.
  Request valid(const Interpreter& world, const Endpoint& endpoint, std::int64_t now,
                const Choice& choice);
  // The same with one thing wrong: a field missing, unknown, of the wrong type or out of bounds,
  // an unknown id, a bad token, another actor, a body that is no JSON.
  Request spoiled(const Interpreter& world, const Endpoint& endpoint, std::int64_t now);
  // How far time moves before the next request, in seconds.
  std::int64_t time_step();

  Rng& rng() { return rng_; }
  const Landmarks& landmarks() const { return landmarks_; }
  bool chance(int percent) { return rng_.below(100) < static_cast<std::uint64_t>(percent); }

 private:
  void choose_actor(const Interpreter& world, const Endpoint& endpoint, const Choice& choice,
                    Request& request);
  std::int64_t choose_row(const Interpreter& world, std::string_view entity, bool focused);
  std::int64_t row_in_state(const Interpreter& world, const Endpoint& endpoint,
                            std::int64_t otherwise);
  void fill_body(const Interpreter& world, const Endpoint& endpoint, const Choice& choice,
                 Request& request);
  void fill_query(const Interpreter& world, const Endpoint& endpoint, Request& request);
  Json reference(const Interpreter& world, const Field& field, const Choice& choice,
                 const Request& request);
  Json value(const Interpreter& world, const Endpoint& endpoint, const Field& field,
             std::int64_t now, const Choice& choice);
  Json existing_value(const Interpreter& world, const std::string& entity,
                      const std::string& attribute, std::int64_t now);
  Json number(Type type, int scale, const Attribute* attribute, std::uint64_t taste);
  Value some_number(int scale, const Attribute* attribute, const Value& base, const Value& high,
                    const Value& step, std::uint64_t taste);
  Json moment(Type type, const Attribute* attribute, std::int64_t now);
  std::string words(const Attribute* attribute, Type type, bool fresh);
  Json wrong_value(const Field& field);
  std::int64_t landmark();
  template <class T>
  const T& pick(const std::vector<T>& items) {
    return items[rng_.below(items.size())];
  }

  const Spec& spec_;
  Landmarks landmarks_;
  Rng rng_;
  int counter_ = 0;
};

}  // namespace cadre::spec
