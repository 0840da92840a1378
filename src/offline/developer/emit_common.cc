#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "offline/developer/emit.h"

namespace cadre::offline::developer {
namespace {

using spec::Expr;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Calls `found` with the place behind every free-standing occurrence of the name.
bool any_use(std::string_view code, std::string_view name,
             const std::function<bool(std::string_view rest)>& good) {
  for (std::size_t at = code.find(name); at != std::string_view::npos;
       at = code.find(name, at + 1)) {
    const bool starts = at == 0 || (!is_word(code[at - 1]) && code[at - 1] != '.');
    const std::string_view rest = code.substr(at + name.size());
    if (starts && (rest.empty() || !is_word(rest.front())) && good(rest)) return true;
  }
  return false;
}

std::string import_from(std::string_view module, const std::vector<std::string>& names) {
  std::vector<Py> items;
  for (const std::string& name : names) items.push_back(leaf(name));
  const std::string one = fmt::format("from {} import {}", module, text::join(names, ", "));
  if (one.size() <= kColumns) return one + "\n";
  Source source;
  source.statement(0, fmt::format("from {} import ", module), group("(", std::move(items), ")"));
  return source.text();
}

// Whether a path goes on through the role, anywhere in the expression.
bool passes_through(const Expr& expr, const std::string& role) {
  if (expr.kind == Expr::Kind::kString) {
    const std::string dotted = "." + expr.text;
    return dotted.find("." + role + ".") != std::string::npos;
  }
  return std::any_of(expr.args.begin(), expr.args.end(),
                     [&](const Expr& arg) { return passes_through(arg, role); });
}

}  // namespace

std::string code_only(std::string_view source) {
  std::string out;
  for (std::size_t at = 0; at < source.size();) {
    if (source[at] == '#') {
      at = std::min(source.find('\n', at), source.size());
      continue;
    }
    if (source[at] != '"' && source[at] != '\'') {
      out += source[at++];
      continue;
    }
    const bool triple = source.substr(at).starts_with("\"\"\"");
    const std::string_view quote = triple ? "\"\"\"" : source[at] == '"' ? "\"" : "'";
    at += quote.size();
    while (at < source.size() && !source.substr(at).starts_with(quote)) {
      at += source[at] == '\\' ? 2U : 1U;
    }
    at = std::min(at + quote.size(), source.size());
    out += ' ';
  }
  return out;
}

bool uses_module(std::string_view code, std::string_view name) {
  return any_use(code, name, [](std::string_view rest) { return rest.starts_with('.'); });
}

bool uses_call(std::string_view code, std::string_view name) {
  return any_use(code, name, [](std::string_view rest) { return rest.starts_with('('); });
}

bool uses_name(std::string_view code, std::string_view name) {
  return any_use(code, name, [](std::string_view) { return true; });
}

std::string with_imports(std::string_view docstring, std::string_view body,
                         const std::vector<std::string>& services) {
  const std::string code = code_only(body);
  // A record of that name ("request") is the module's own.
  const auto uses_import = [&](std::string_view name) {
    return uses_name(code, name) && code.find("class " + std::string(name) + "(") == code.npos;
  };
  std::string standard;
  std::string third;
  std::string own;
  if (uses_module(code, "logging")) standard += "import logging\n";
  if (uses_module(code, "operator")) standard += "import operator\n";
  if (uses_import("Iterable")) standard += "from collections.abc import Iterable\n";
  std::vector<std::string> names;
  for (const char* name : {"date", "datetime", "time"}) {
    const bool annotated = uses_name(code, std::string("-> ") + name) ||
                           code.find(std::string(": ") + name + "\n") != std::string::npos;
    if (uses_call(code, name) || annotated ||
        (std::string_view(name) == "datetime" && uses_module(code, name))) {
      names.emplace_back(name);
    }
  }
  if (uses_call(code, "timedelta")) names.emplace_back("timedelta");
  if (uses_module(code, "timezone")) names.emplace_back("timezone");
  if (!names.empty()) standard += import_from("datetime", names);
  if (uses_import("Decimal")) standard += "from decimal import Decimal\n";
  if (uses_import("Any")) standard += "from typing import Any\n";
  if (uses_call(code, "uuid4")) standard += "from uuid import uuid4\n";

  if (uses_module(code, "sa")) third += "import sqlalchemy as sa\n";
  names.clear();
  for (const char* name : {"APIRouter", "Depends", "Request"}) {
    if (uses_import(name)) names.emplace_back(name);
  }
  if (!names.empty()) third += import_from("fastapi", names);
  if (uses_import("Field")) third += "from pydantic import Field\n";
  if (uses_module(code, "orm")) third += "from sqlalchemy import orm\n";

  names.clear();
  for (const char* name : {"columns", "derived", "errors", "fields", "listing", "models",
                           "permissions", "removal", "rows", "schemas", "values", "views"}) {
    if (uses_module(code, name)) names.emplace_back(name);
  }
  if (!names.empty()) own += import_from("app", names);
  names.clear();
  for (const char* name : {"Access", "open_access", "permitted"}) {
    if (uses_import(name)) names.emplace_back(name);
  }
  if (!names.empty()) own += import_from("app.api.access", names);
  if (uses_import("Context")) own += "from app.context import Context\n";
  for (const std::string& line : services) own += line + "\n";

  Source head;
  head.docstring(0, docstring);
  std::string out = head.text();
  for (const std::string* section : {&standard, &third, &own}) {
    if (!section->empty()) out += "\n" + *section;
  }
  const std::string_view first = text::trim(body);
  const bool definition =
      first.starts_with("def ") || first.starts_with("class ") || first.starts_with("@");
  out += definition ? "\n\n" : "\n";
  return tidy(out + std::string(body));
}

std::string rule_comment(const Model& model, std::string_view rule_id) {
  const spec::Rule* rule = spec::find_rule(model.spec, rule_id);
  if (rule == nullptr) return fmt::format("{}: a convention of this service.", rule_id);
  const std::string words = one_line(rule->text.empty() ? rule->canonical : rule->text);
  if (rule->text.empty()) return fmt::format("{}: {}", rule_id, words);
  return fmt::format("{}: \"{}\"", rule_id, words);
}

std::vector<std::string> attribute_rules(const Model& model, const spec::Entity& entity,
                                         std::string_view attribute,
                                         const std::vector<std::string>& kinds) {
  std::vector<std::string> out;
  const std::string name = entity.id + "." + std::string(attribute);
  for (const spec::Rule& rule : model.spec.rules) {
    const bool wanted =
        kinds.empty() || std::find(kinds.begin(), kinds.end(), rule.kind) != kinds.end();
    if (wanted && json::get_string(rule.params, "attr") == name) out.push_back(rule.id);
  }
  return out;
}

const spec::Entity& entity_of_rule(const Model& model, const spec::Rule& rule) {
  for (const char* key : {"attr", "on", "of", "entity"}) {
    const std::string value = json::get_string(rule.params, key);
    const spec::Entity* entity = spec::find_entity(model.spec, value.substr(0, value.find('.')));
    if (entity != nullptr) return *entity;
  }
  const std::string operation = json::get_string(rule.params, "op");
  for (const spec::Operation& one : model.spec.operations) {
    if (one.id == operation || one.verb == operation) return model.entity(one.on);
  }
  // What came from the same sentence is about the same thing.
  const auto& sentences = rule.origin.sentences;
  const auto shared = [&](const spec::Origin& origin) {
    return std::any_of(sentences.begin(), sentences.end(), [&](const std::string& id) {
      return std::find(origin.sentences.begin(), origin.sentences.end(), id) !=
             origin.sentences.end();
    });
  };
  for (const spec::Operation& one : model.spec.operations) {
    const bool effect = std::any_of(one.effects.begin(), one.effects.end(),
                                    [&](const spec::Effect& e) { return shared(e.origin); });
    if (effect || shared(one.origin)) return model.entity(one.on);
  }
  return model.spec.entities.front();
}

std::string rule_message(const Model& model, const spec::Guard& guard) {
  const spec::Rule* rule = spec::find_rule(model.spec, guard.id);
  if (rule != nullptr && !rule->canonical.empty()) return harmless(rule->canonical);
  if (rule != nullptr && !rule->text.empty()) return harmless(rule->text);
  const std::string words = text::replace_all(guard.error, "_", " ");
  return "Refused: " + harmless(words) + ".";
}

bool is_traversed(const Model& model, const spec::Relation& relation) {
  const std::string& role = relation.role;
  const auto through = [&](const Expr& expr) { return passes_through(expr, role); };
  const auto maybe = [&](const std::optional<Expr>& expr) { return expr && through(*expr); };
  for (const spec::Entity& entity : model.spec.entities) {
    for (const spec::Attribute& attribute : entity.attributes) {
      if (maybe(attribute.derived) || maybe(attribute.default_value)) return true;
    }
  }
  for (const spec::Operation& operation : model.spec.operations) {
    for (const spec::Guard& guard : operation.guards) {
      if (through(guard.require)) return true;
    }
    for (const spec::Effect& effect : operation.effects) {
      if (through(Expr::string(effect.target)) || through(effect.value) || maybe(effect.where)) {
        return true;
      }
      for (const auto& [name, value] : effect.values) {
        if (through(value)) return true;
      }
    }
  }
  for (const spec::Permission& permission : model.spec.permissions) {
    if (maybe(permission.rows)) return true;
  }
  for (const spec::Query& query : model.spec.queries) {
    if (maybe(query.where) || maybe(query.measure)) return true;
    for (const std::string& group : query.group_by) {
      if (through(Expr::string(text::replace_all(group, ":", ".")))) return true;
    }
  }
  return false;
}

}  // namespace cadre::offline::developer
