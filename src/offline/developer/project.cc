#include "offline/developer/project.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "offline/developer/emit.h"
#include "offline/developer/template.h"

namespace cadre::offline::developer {
namespace {

using spec::Entity;

// Adds "module.name" for everything of these modules that the code uses.
void note_uses(std::string_view source, Features& features) {
  const std::string code = code_only(source);
  for (const std::string_view module : {"fields", "values", "errors", "rows", "removal"}) {
    const std::string head = std::string(module) + ".";
    for (std::size_t at = code.find(head); at != std::string::npos; at = code.find(head, at + 1)) {
      const char before = at == 0 ? ' ' : code[at - 1];
      if (before == '.' || before == '_' || (before >= 'a' && before <= 'z')) continue;
      std::size_t end = at + head.size();
      while (end < code.size() &&
             (std::isalnum(static_cast<unsigned char>(code[end])) != 0 || code[end] == '_')) {
        ++end;
      }
      features.on.insert(code.substr(at, end - at));
    }
  }
  for (const auto& [call, name] : {std::pair{"fields.integer(", "integer"},
                                   {"fields.decimal(", "decimal"},
                                   {"fields.day(", "day"},
                                   {"fields.clock_time(", "clock_time"},
                                   {"fields.instant(", "instant"}}) {
    for (std::size_t at = code.find(call); at != std::string::npos; at = code.find(call, at + 1)) {
      std::size_t end = at + std::string_view(call).size();
      for (int open = 1; open > 0 && end < code.size(); ++end) {
        open += code[end] == '(' ? 1 : code[end] == ')' ? -1 : 0;
      }
      const std::string_view arguments = std::string_view(code).substr(at, end - at);
      const auto mentions = [&](std::string_view word) {
        return arguments.find(word) != std::string_view::npos;
      };
      if (mentions("step=")) features.on.insert(fmt::format("fields.{}_step", name));
      if (mentions("least=") || mentions("most=")) {
        features.on.insert(fmt::format("fields.{}_bounds", name));
      }
    }
  }
}

std::string joined(const std::vector<std::pair<const char*, bool>>& names) {
  std::vector<std::string> out;
  for (const auto& [name, used] : names) {
    if (used) out.emplace_back(name);
  }
  return text::join(out, ", ");
}

// What the helpers of app/fields.py need of each other and of app/values.py.
void complete_fields(Features& f) {
  const auto has = [&](const char* name) { return f.has(name); };
  const auto add = [&](const char* name, bool when) {
    if (when) f.on.insert(name);
  };
  add("fields.text_check", has("fields.string") || has("fields.matching"));
  add("fields.step", has("fields.integer_step") || has("fields.decimal_step"));
  add("fields.bounds", has("fields.integer") || has("fields.decimal") || has("fields.day_bounds") ||
                           has("fields.clock_time_bounds") || has("fields.instant_bounds"));
  f.values["fields.date_names"] = joined({{"date", has("fields.day_bounds")},
                                          {"datetime", has("fields.instant_bounds")},
                                          {"time", has("fields.clock_time_bounds")}});
  add("fields.date_names", !f.values["fields.date_names"].empty());
  add("values.to_json",
      has("fields.bounds") || has("values.row_to_json") || has("values.date_part"));
  add("values.read_decimal", has("fields.decimal") || has("values.decimal_reader"));
  add("values.read_date", has("fields.day"));
  add("values.read_time", has("fields.clock_time"));
  add("values.read_datetime", has("fields.instant"));
  add("values.read_id", has("fields.path_id"));
  add("values.LARGEST", has("fields.row_id") || has("fields.integer") || has("values.read_id") ||
                            has("values.read_integer"));
  add("fields.values", has("fields.bounds") || has("fields.decimal") || has("fields.day") ||
                           has("fields.clock_time") || has("fields.instant") ||
                           has("fields.row_id") || has("fields.path_id"));
}

void complete_values(const Model& model, Features& f) {
  const auto has = [&](const char* name) { return f.has(name); };
  const auto add = [&](const char* name, bool when) {
    if (when) f.on.insert(name);
  };
  std::set<spec::Type> types;
  for (const Entity& entity : model.spec.entities) {
    for (const spec::Attribute& attribute : entity.attributes) types.insert(attribute.type);
  }
  const bool decimals = types.contains(spec::Type::kDecimal) ||
                        types.contains(spec::Type::kMoney) || has("values.average") ||
                        has("values.divided");
  add("values.show_decimal", has("values.to_json") && decimals);
  add("values.show_datetime", has("values.to_json") && types.contains(spec::Type::kDatetime));
  add("values.show_date", has("values.to_json") && types.contains(spec::Type::kDate));
  add("values.show_time", has("values.to_json") && types.contains(spec::Type::kTime));
  add("values.years", has("values.read_date") || has("values.read_datetime"));
  add("values.divided", has("values.average"));
  add("values.fixed_none", has("values.fixed"));
  add("values.fixed", has("values.divided") || has("values.read_decimal"));
  add("values.months_after", has("values.months_before"));
  add("values.seconds_between", has("values.days_between") || has("values.hours_between"));
  add("values.imports_calendar", has("values.months_after"));
  add("values.re", has("values.read_integer") || has("values.read_id") ||
                       has("values.read_minutes") || has("values.read_decimal") ||
                       has("values.read_date") || has("values.read_datetime") ||
                       has("values.read_time"));
  f.values["values.abc_names"] =
      joined({{"Callable", has("values.choice_reader") || has("values.decimal_reader") ||
                               has("values.unless_null") || has("values.holds")},
              {"Iterable", has("values.total") || has("values.average")}});
  add("values.abc_names", !f.values["values.abc_names"].empty());
  const bool seconds = has("values.seconds_between");
  const bool moved = has("values.minutes_after") || has("values.minutes_before");
  f.values["values.datetime_names"] =
      joined({{"date", has("values.show_date") || has("values.read_date") || seconds},
              {"datetime", has("values.show_datetime") || has("values.read_datetime") || seconds},
              {"time", has("values.show_time") || has("values.read_time") || seconds},
              {"timedelta", moved},
              {"timezone", seconds}});
  add("values.datetime_names", !f.values["values.datetime_names"].empty());
  const bool rounds = has("values.fixed") || has("values.whole");
  f.values["values.decimal_names"] =
      joined({{"ROUND_HALF_UP", rounds},
              {"Decimal", rounds || has("values.show_decimal") || has("values.scaled") ||
                              has("values.unscaled") || has("values.divided")}});
  add("values.decimal_names", !f.values["values.decimal_names"].empty());
  add("values.Any", has("values.to_json") || has("values.read_decimal") || rounds ||
                        has("values.read_date") || has("values.read_datetime") ||
                        has("values.read_time") || has("values.scaled") || has("values.total") ||
                        has("values.unless_null") || has("values.holds") || has("values.largest") ||
                        has("values.smallest") || moved || has("values.months_after"));
}

void complete_rest(const Model& model, std::string_view code, Features& f) {
  std::set<spec::Type> columns;
  for (const Entity& entity : model.spec.entities) {
    for (const spec::Attribute& attribute : entity.attributes) {
      if (has_column(attribute)) columns.insert(attribute.type);
    }
  }
  const auto add = [&](const char* name, bool when) {
    if (when) f.on.insert(name);
  };
  add("actors", model.has_actors());
  add("errors.forbidden", model.has_actors());
  add("today", code.find("ctx.today") != std::string_view::npos);
  add("fixed", columns.contains(spec::Type::kDecimal) || columns.contains(spec::Type::kMoney));
  add("datetime_column", columns.contains(spec::Type::kDatetime));
  add("time_column", columns.contains(spec::Type::kTime));
  add("errors.not_found", f.has("rows.find"));
  add("errors.unknown_reference", f.has("rows.referred"));
  add("errors.out_of_range", f.has("rows.require_in_range") || f.has("rows.require_present"));
  add("rows.uses_fields", f.has("rows.patch"));
  add("fields.UNSET", f.has("rows.patch"));
  add("rows.sa", f.has("rows.is_taken") || f.has("rows.next_id"));
  const std::string names =
      joined({{"datetime", f.has("datetime_column")}, {"time", f.has("time_column")}});
  f.values["datetime_import"] = names.empty() ? "" : "from datetime import " + names;
  add("datetime_import", !names.empty());
  f.values["and_actor"] = model.has_actors() ? " and its actor" : "";
  f.values["and_for_actor"] = model.has_actors() ? " for its actor" : "";
  f.values["match_method"] = "fullmatch";
  f.values["name"] = model.spec.name;
  f.values["database_name"] = text::snake_case(model.spec.name) + ".db";
  f.values["database"] = quoted(text::snake_case(model.spec.name) + ".db");
  const std::string summary = model.spec.summary.empty() ? model.spec.name : model.spec.summary;
  Source docstring;
  docstring.docstring(0, text::upper_first(harmless(summary)) + ".");
  f.values["summary_docstring"] = std::string(text::trim(docstring.text()));
  f.values["title"] = quoted(text::upper_first(text::replace_all(model.spec.name, "_", " ")));
  f.values["distribution"] = text::kebab_case(model.spec.name);
  f.values["summary_text"] = quoted(harmless(summary));
  f.values["migrations_table"] = "schema_migrations";
  for (const spec::Resource& resource : model.contract.resources) {
    if (resource.snake_plural == "schema_migrations") {
      f.values["migrations_table"] = "schema_migrations_applied";
    }
  }
}

void complete_main(const Model& model, Features& f) {
  std::vector<std::string> names{"health"};
  for (const Entity& entity : model.spec.entities) {
    if (!model.endpoints_of(entity).empty()) names.push_back(api_module(model, entity));
  }
  if (!model.reports().empty()) names.emplace_back("reports");
  std::sort(names.begin(), names.end());
  Source import;
  std::vector<Py> items;
  for (const std::string& name : names) items.push_back(leaf(name));
  const std::string one = "from app.api import " + text::join(names, ", ");
  if (one.size() <= kColumns)
    import.line(0, one);
  else
    import.statement(0, "from app.api import ", group("(", items, ")"));
  f.values["import_routers"] = std::string(text::trim(import.text()));
  Source include;
  include.statement(4, "for module in ", tuple(items), ":");
  f.values["include_routers"] = include.text().substr(4, include.text().size() - 5);
}

void complete_security(const Model& model, Features& f) {
  std::vector<Py> roles;
  for (const spec::Actor& actor : model.spec.actors) {
    const bool record = !actor.entity.empty();
    roles.push_back(entry(actor.id, leaf(record ? "True" : "False")));
  }
  Source out;
  out.statement(0, "ROLES = ", group("{", std::move(roles), "}"));
  f.values["roles"] = std::string(text::trim(out.text())).substr(8);
}

std::vector<std::string> rules_in(const Model& model, const Entity& entity) {
  std::vector<std::string> out;
  for (const spec::Operation& operation : model.spec.operations) {
    if (operation.on != entity.id) continue;
    for (const spec::Guard& guard : operation.guards) {
      if (std::find(out.begin(), out.end(), guard.id) == out.end()) out.push_back(guard.id);
    }
  }
  return out;
}

void add(std::vector<ProjectFile>& files, std::string path, std::string content,
         std::string purpose, std::string part = "foundation", std::string entity = {},
         std::vector<std::string> rules = {}) {
  if (content.empty()) return;
  files.push_back({std::move(path), std::move(content), std::move(purpose), std::move(part),
                   std::move(entity), std::move(rules)});
}

bool mentions(std::string_view text, const std::string& rule) {
  return text::contains_word(text, rule);
}

// The files that follow from the model alone; `unguarded`: rules to be named, by entity.
std::vector<ProjectFile> model_files(
    const Model& model, const std::map<std::string, std::vector<std::string>>& unguarded) {
  std::vector<ProjectFile> files;
  add(files, "app/models.py", emit_models(model), "the tables as the services see them");
  add(files, "app/schemas.py", emit_schemas(model), "request bodies and what they accept");
  add(files, "app/views.py", emit_views(model), "rows as responses show them");
  add(files, "app/derived.py", emit_derived(model), "derived attributes");
  add(files, "app/permissions.py", emit_permissions(model), "who may do what, in one place");
  for (const Entity& entity : model.spec.entities) {
    const auto extra = unguarded.find(entity.id);
    add(files, "app/services/" + service_module(model, entity) + ".py",
        emit_service(model, entity,
                     extra == unguarded.end() ? std::vector<std::string>() : extra->second),
        "operations and rules of " + plural_noun(entity), "service", entity.id,
        rules_in(model, entity));
    add(files, "app/api/" + api_module(model, entity) + ".py", emit_api(model, entity),
        "routes of " + plural_noun(entity), "service", entity.id);
  }
  add(files, "app/services/reports.py", emit_reports_service(model), "the reports", "reports");
  add(files, "app/api/reports.py", emit_reports_api(model), "routes of the reports", "reports");
  return files;
}

// Rules that no file names yet, except those that are only documented, by entity.
std::map<std::string, std::vector<std::string>> unnamed_rules(
    const Model& model, const std::vector<ProjectFile>& files) {
  std::map<std::string, std::vector<std::string>> out;
  for (const spec::Rule& rule : model.spec.rules) {
    const bool documented = rule.enforced_in == std::vector<std::string>{"documented_only"};
    const bool named = std::any_of(files.begin(), files.end(), [&](const ProjectFile& file) {
      return mentions(file.content, rule.id);
    });
    if (!documented && !named) out[entity_of_rule(model, rule).id].push_back(rule.id);
  }
  return out;
}

struct Fixed {
  const char* path;
  const char* purpose;
};

constexpr Fixed kFixed[] = {
    {"app/__init__.py", "the package"},
    {"app/main.py", "puts the service together"},
    {"app/config.py", "settings from the environment"},
    {"app/clock.py", "the clock, which tests replace"},
    {"app/db.py", "database, migrations, unit of work"},
    {"app/columns.py", "how values stand in the database"},
    {"app/errors.py", "refusals as problem documents"},
    {"app/context.py", "what a service knows of its request"},
    {"app/fields.py", "types of input fields"},
    {"app/values.py", "text forms and exact arithmetic"},
    {"app/rows.py", "looking up rows"},
    {"app/listing.py", "paging, sorting, filtering, searching"},
    {"app/removal.py", "deleting rows with what belongs to them"},
    {"app/security.py", "access tokens"},
    {"app/api/__init__.py", "the package of the routes"},
    {"app/api/access.py", "from a request to a transaction"},
    {"app/api/health.py", "the health check"},
    {"app/services/__init__.py", "the package of the services"},
    {"pyproject.toml", "dependencies and tools"},
    {"Dockerfile", "the container image"},
    {".dockerignore", "what the image leaves out"},
    {".gitignore", "what git leaves out"},
    {".github/workflows/ci.yml", "tests and linter on every push"},
};

// Files that some models have no use for.
bool is_needed(std::string_view path, const Model& model, const Features& f,
               std::string_view code) {
  if (path == "app/security.py") return model.has_actors();
  if (path == "app/columns.py")
    return f.has("fixed") || f.has("datetime_column") || f.has("time_column");
  if (path == "app/removal.py") return uses_module(code, "removal");
  if (path == "app/listing.py") return uses_module(code, "listing");
  if (path == "app/rows.py") return uses_module(code, "rows");
  if (path == "app/fields.py") return uses_module(code, "fields");
  if (path == "app/values.py") {
    return uses_module(code, "values") || f.has("fields.values");
  }
  return true;
}

}  // namespace

std::vector<ProjectFile> write_project(const Model& model) {
  std::vector<ProjectFile> generated = model_files(model, {});
  const auto unnamed = unnamed_rules(model, generated);
  if (!unnamed.empty()) generated = model_files(model, unnamed);
  std::string source;
  for (const ProjectFile& file : generated) source += file.content;
  Features features;
  note_uses(source, features);
  const std::string code = code_only(source);
  complete_rest(model, code, features);
  complete_fields(features);
  complete_values(model, features);
  complete_main(model, features);
  if (model.has_actors()) complete_security(model, features);
  const std::string references = emit_removal(model);
  features.values["references"] = references;
  if (source.find("removal") != std::string::npos && !references.empty()) {
    const bool restricts = references.find("\"restrict\"") != std::string::npos;
    if (restricts) features.on.insert("errors.referenced");
    if (references.find("\"clear\"") != std::string::npos) features.on.insert("removal.clear");
    features.on.insert("removal.references");
    if (restricts || features.has("removal.clear")) features.on.insert("removal.holders");
  }
  std::vector<ProjectFile> files;
  for (const Fixed& fixed : kFixed) {
    if (!is_needed(fixed.path, model, features, code)) continue;
    add(files, fixed.path, fill(fixed.path, features), fixed.purpose);
  }
  for (ProjectFile& file : generated) files.push_back(std::move(file));
  std::sort(files.begin(), files.end(),
            [](const ProjectFile& a, const ProjectFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace cadre::offline::developer
