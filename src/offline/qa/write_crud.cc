// test_<entity>_crud.py: create, read, update, delete, and what must be unique.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/qa/scene.h"

namespace cadre::offline::qa {
namespace {

using spec::Endpoint;
using spec::Field;
using spec::OperationKind;

std::string noun(const spec::Entity& entity) {
  return safe_text(entity.name.empty() ? text::snake_case(entity.id) : entity.name);
}

const Endpoint* standard(const Context& context, const std::string& entity, OperationKind kind) {
  for (const Endpoint& endpoint : context.contract.endpoints) {
    if (endpoint.operation && endpoint.entity == entity && endpoint.operation->kind == kind &&
        is_standard(*endpoint.operation) &&
        context.recipes.operations.contains(endpoint.operation_id)) {
      return &endpoint;
    }
  }
  return nullptr;
}

class Crud {
 public:
  Crud(Suite& suite, const spec::Entity& entity)
      : suite_(suite),
        context_(suite.context()),
        entity_(entity),
        file_("tests/test_" + text::snake_case(entity.id) + "_crud.py") {
    suite_.open_file(file_, text::upper_first(noun(entity)) +
                                ": create, read, change, delete, and what must be unique.");
  }

  void write() {
    for (const Endpoint& endpoint : context_.contract.endpoints) {
      if (makes_row(endpoint) && endpoint.entity == entity_.id &&
          context_.recipes.operations.contains(endpoint.operation_id)) {
        create(endpoint);
      }
    }
    read();
    update();
    remove();
    unique();
  }

 private:
  void add(const Scene& scene, const std::string& name, const std::string& what,
           const std::string& kind, const std::string& operation, std::vector<std::string> rules) {
    if (!scene.ok()) return;
    suite_.add({.id = {},
                .file = file_,
                .name = "test_" + text::snake_case(name),
                .what = what,
                .kind = kind,
                .operations = {operation},
                .rules = std::move(rules),
                .decorators = {},
                .arguments = scene.arguments(),
                .body = scene.text(),
                .criteria = {}});
  }

  void create(const Endpoint& endpoint) {
    const std::string& id = endpoint.operation_id;
    std::vector<std::string> rules = rules_of_effects(context_.spec, *endpoint.operation);
    for (const spec::Attribute& attribute : entity_.attributes) {
      if (!attribute.default_value) continue;
      for (auto& rule : rules_of_attribute(context_.spec, entity_.id, attribute.id)) {
        const spec::Rule* found = find_rule(context_.spec, rule);
        if (found && found->kind == "default") rules.push_back(rule);
      }
    }
    Scene scene(context_);
    std::string body = scene.body(id);
    scene.call(id, {}, body);
    scene.expect_row();
    add(scene, id, fmt::format("{} answers with the whole row.", id), "operation", id, rules);

    Scene full(context_);
    Given given;
    int order = 0;
    for (const Field& field : endpoint.body) {
      ++order;
      if (field.required) continue;
      Gen gen = valid_gen(context_.spec, &entity_, field, order);
      if (gen.kind != Gen::Kind::kRow) {
        given[field.name] = Value::of(evaluate(gen, 7));
      } else if (context_.recipes.creates.contains(gen.entity)) {
        given[field.name] = Value::row(full.make(gen.entity));
      }
    }
    if (given.empty()) return;
    std::string everything = full.body(id, given);
    if (!full.call(id, {}, everything).ok()) return;
    full.expect_row();
    add(full, id + "_with_every_field", "Optional fields are kept as they were sent.", "operation",
        id, rules);
  }

  void read() {
    const Endpoint* endpoint = standard(context_, entity_.id, OperationKind::kRead);
    if (!endpoint || !context_.recipes.creates.contains(entity_.id)) return;
    Scene scene(context_);
    std::string row = scene.ready(endpoint->operation_id);
    scene.call(endpoint->operation_id, row);
    scene.expect_row();
    add(scene, endpoint->operation_id, "A row reads as it was answered when it was made.",
        "operation", endpoint->operation_id, {});
  }

  // A new value for a field that the update accepts, tried on a copy of the scene.
  std::optional<Value> new_value(const Scene& base, const std::string& operation,
                                 const std::string& row, const Field& field) {
    if (!field.ref.empty()) return std::nullopt;
    std::vector<Json> values;
    Gen usual = valid_gen(context_.spec, &entity_, field, 3);
    for (std::int64_t n : {71, 72}) values.push_back(evaluate(usual, n));
    for (const Gen& gen : other_gens(context_.spec, field)) values.push_back(gen.value);
    const Json* before = base.world().row_of(row);
    for (const Json& value : values) {
      const Json* old = before ? json::find(*before, field.name) : nullptr;
      if (old && *old == value) continue;
      Scene trial = base;
      if (trial.call(operation, row, {}, {{field.name, Value::of(value)}}).ok()) {
        return Value::of(value);
      }
    }
    return std::nullopt;
  }

  void update() {
    const Endpoint* endpoint = standard(context_, entity_.id, OperationKind::kUpdate);
    if (!endpoint || endpoint->body.empty()) return;
    const std::string& id = endpoint->operation_id;
    Scene base(context_);
    std::string row = base.ready(id);
    if (!base.ok()) return;
    std::vector<std::pair<std::string, Value>> all;
    for (const Field& field : endpoint->body) {
      auto value = new_value(base, id, row, field);
      if (value) all.emplace_back(field.name, *value);
    }
    if (!all.empty()) {
      Scene one = base;
      one.call(id, row, {}, {all.front()});
      one.expect_row();
      add(one, id, fmt::format("{} changes the field that was sent and no other.", id), "operation",
          id, {});
    }
    if (all.size() > 1) {
      Scene every = base;
      if (every.call(id, row, {}, all).ok()) {
        every.expect_row();
        add(every, id + "_every_field", "Each field can be changed, also all at once.", "operation",
            id, {});
      }
    }
    std::vector<std::pair<std::string, Value>> cleared;
    for (const Field& field : endpoint->body) {
      if (field.nullable) cleared.emplace_back(field.name, Value::of(nullptr));
    }
    for (std::size_t i = 0; i < cleared.size();) {
      Scene trial = base;
      if (trial.call(id, row, {}, {cleared[i]}).ok())
        ++i;
      else
        cleared.erase(cleared.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (cleared.empty()) return;
    Scene null = base;
    if (!null.call(id, row, {}, cleared).ok()) return;
    null.expect_row();
    add(null, id + "_clears_optional_fields", "Null empties what is optional.", "operation", id,
        {});
  }

  void remove() {
    const Endpoint* endpoint = standard(context_, entity_.id, OperationKind::kDelete);
    if (!endpoint) return;
    const std::string& id = endpoint->operation_id;
    Scene scene(context_);
    std::string row = scene.ready(id);
    scene.call(id, row);
    scene.expect_answer();
    scene.call(id, row);
    scene.expect_answer();
    add(scene, id, "What was deleted is gone: the second time there is nothing.", "operation", id,
        {});
  }

  // Rows for the references of the key, with room for two where a rule limits them.
  std::vector<Given> rooms(const std::string& create, const std::vector<std::string>& fields) {
    std::vector<Given> out = {{}};
    const Endpoint* endpoint = find_endpoint(context_.contract, create);
    for (const Field& field : endpoint->body) {
      bool in_key = std::find(fields.begin(), fields.end(), field.name) != fields.end();
      if (field.ref.empty() || !in_key || !context_.recipes.creates.contains(field.ref)) continue;
      for (const Field& inner : context_.recipes.creates.at(field.ref).endpoint->body) {
        if (!inner.ref.empty()) continue;
        for (const Gen& gen : other_gens(context_.spec, inner)) {
          if (gen.kind == Gen::Kind::kLiteral) out.push_back({{inner.name, Value::of(gen.value)}});
        }
      }
    }
    return out;
  }

  void unique_test(const std::string& create, const std::vector<std::string>& fields,
                   const std::vector<std::string>& rules) {
    for (const Given& room : rooms(create, fields)) {
      if (unique_try(create, fields, rules, room)) break;
    }
    unique_update(create, fields, rules);
  }

  bool unique_try(const std::string& create, const std::vector<std::string>& fields,
                  const std::vector<std::string>& rules, const Given& room) {
    Scene scene(context_);
    Given references;
    const Endpoint* endpoint = find_endpoint(context_.contract, create);
    for (const Field& field : endpoint->body) {
      bool in_key = std::find(fields.begin(), fields.end(), field.name) != fields.end();
      if (room.empty() || field.ref.empty() || !in_key) continue;
      references[field.name] = Value::row(scene.make(field.ref, room));
    }
    std::string first = scene.body(create, references);
    scene.call(create, {}, first);
    if (!scene.ok() || !scene.answer().ok()) return false;
    scene.expect_answer();
    Given same;
    for (const std::string& field : fields)
      same[field] = Value{.literal = nullptr, .var = first, .field = field};
    std::string second = scene.body(create, same);
    if (scene.call(create, {}, second).code != "not_unique") return false;
    scene.expect_problem();
    add(scene, fmt::format("{}_{}_is_unique", text::snake_case(entity_.id), fields.front()),
        fmt::format("A second row with the same {} is refused.", text::join(fields, " and ")),
        "validation", create, rules);
    return scene.ok();
  }

  void unique_update(const std::string& create, const std::vector<std::string>& fields,
                     const std::vector<std::string>& rules) {
    const Endpoint* endpoint = standard(context_, entity_.id, OperationKind::kUpdate);
    auto main = context_.recipes.creates.find(entity_.id);
    if (!endpoint || main->second.endpoint->operation_id != create) return;
    Scene scene(context_);
    std::string taken = scene.make(entity_.id);
    std::string row = scene.ready(endpoint->operation_id);
    std::vector<std::pair<std::string, Value>> change;
    for (const std::string& field : fields) {
      change.emplace_back(field, Value{.literal = nullptr, .var = taken, .field = field});
    }
    if (scene.call(endpoint->operation_id, row, {}, change).code != "not_unique") return;
    scene.expect_problem();
    add(scene,
        fmt::format("{}_cannot_take_the_{}_of_another", endpoint->operation_id, fields.front()),
        "A change cannot make two rows alike where they must differ.", "validation",
        endpoint->operation_id, rules);
  }

  void unique() {
    auto main = context_.recipes.creates.find(entity_.id);
    if (main == context_.recipes.creates.end()) return;
    const std::string& create = main->second.endpoint->operation_id;
    auto field_name = [this](const std::string& part) {
      return find_relation(context_.spec, entity_.id, part) ? part + "_id" : part;
    };
    std::vector<std::vector<std::string>> keys;
    for (const spec::Attribute& attribute : entity_.attributes) {
      if (attribute.unique) keys.push_back({attribute.id});
      if (attribute.unique_within.empty()) continue;
      std::vector<std::string> key = {attribute.id};
      for (const std::string& part : attribute.unique_within) key.push_back(field_name(part));
      keys.push_back(std::move(key));
    }
    if (!entity_.natural_key.empty()) {
      std::vector<std::string> key;
      for (const std::string& part : entity_.natural_key) key.push_back(field_name(part));
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
    }
    for (const auto& key : keys) {
      std::vector<std::string> rules;
      for (const spec::Rule& rule : context_.spec.rules) {
        if (rule.kind != "unique") continue;
        auto named = rules_of_attribute(context_.spec, entity_.id, key.front());
        if (std::find(named.begin(), named.end(), rule.id) != named.end()) rules.push_back(rule.id);
      }
      unique_test(create, key, rules);
    }
  }

  Suite& suite_;
  const Context& context_;
  const spec::Entity& entity_;
  std::string file_;
};

}  // namespace

void write_crud(Suite& suite) {
  for (const spec::Entity& entity : suite.context().spec.entities) Crud(suite, entity).write();
}

}  // namespace cadre::offline::qa
