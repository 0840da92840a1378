// The gate openapi_sound: the structure of an OpenAPI 3.1 document.
#include <algorithm>
#include <array>
#include <set>

#include "base/json_schema.h"
#include "sop/gate_verdict.h"

namespace cadre::gates {
namespace {

constexpr std::array<std::string_view, 8> kMethods{"get",     "put",  "post",  "delete",
                                                   "options", "head", "patch", "trace"};

std::string view(boost::json::string_view text) { return {text.data(), text.size()}; }

class Check {
 public:
  Check(const Json& document, Verdict& verdict) : document_(document), verdict_(verdict) {}

  void run() {
    const std::string version = json::get_string(document_, "openapi");
    if (!version.starts_with("3.1.")) {
      verdict_.high(fmt::format("openapi is \"{}\", and must be 3.1.x", version));
    }
    const Json& info = Json(json::get_object(document_, "info"));
    for (const char* key : {"title", "version"}) {
      if (json::get_string(info, key).empty()) verdict_.high(fmt::format("info has no {}", key));
    }
    const JsonObject& paths = json::get_object(document_, "paths");
    if (paths.empty()) verdict_.high("there is no path");
    std::set<std::string> shapes;
    for (const auto& [path, item] : paths) {
      check_path(view(path), item, shapes);
    }
    check_schemas();
    check_references(document_, "");
    verdict_.measured("paths", paths.size());
    verdict_.measured("operations", operation_ids_.size());
    verdict_.measured("references", references_);
  }

 private:
  // "{...}" names in order; reports a path that is not well formed.
  std::vector<std::string> placeholders(const std::string& path) {
    std::vector<std::string> names;
    for (std::size_t at = 0; (at = path.find('{', at)) != std::string::npos;) {
      const std::size_t end = path.find('}', at);
      if (end == std::string::npos) {
        verdict_.high(fmt::format("the path {} has a {{ without }}", path));
        break;
      }
      names.push_back(path.substr(at + 1, end - at - 1));
      at = end;
    }
    return names;
  }

  void check_path(const std::string& path, const Json& item, std::set<std::string>& shapes) {
    if (!path.starts_with('/'))
      verdict_.high(fmt::format("the path {} does not begin with /", path));
    const std::vector<std::string> names = placeholders(path);
    std::string shape = path;
    for (const std::string& name : names) shape = text::replace_all(shape, "{" + name + "}", "{}");
    if (!shapes.insert(shape).second) {
      verdict_.high(fmt::format("two paths have the form {}", shape));
    }
    if (!item.is_object()) {
      verdict_.high(fmt::format("the path {} is no object", path));
      return;
    }
    std::size_t operations = 0;
    for (const auto& [method, operation] : item.get_object()) {
      const std::string_view name(method.data(), method.size());
      if (std::find(kMethods.begin(), kMethods.end(), name) == kMethods.end()) continue;
      ++operations;
      check_operation(path, text::upper_first(name), names, item, operation);
    }
    if (operations == 0) verdict_.high(fmt::format("the path {} has no operation", path));
  }

  void check_operation(const std::string& path, const std::string& method,
                       const std::vector<std::string>& names, const Json& item,
                       const Json& operation) {
    const std::string where = fmt::format("{} {}", method, path);
    const std::string id = json::get_string(operation, "operationId");
    if (id.empty()) {
      verdict_.high(where + " has no operationId");
    } else if (!operation_ids_.insert(id).second) {
      verdict_.high(fmt::format("the operationId {} is there twice", id));
    }
    check_responses(where, operation);
    std::set<std::string> declared;
    for (const Json* list : {json::find(item, "parameters"), json::find(operation, "parameters")}) {
      if (list == nullptr || !list->is_array()) continue;
      for (const Json& entry : list->get_array()) check_parameter(where, entry, declared);
    }
    for (const std::string& name : names) {
      if (!declared.contains(name)) {
        verdict_.high(fmt::format("{} does not declare its path parameter {}", where, name));
      }
    }
    for (const std::string& name : declared) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        verdict_.high(
            fmt::format("{} declares a path parameter {}, which is not in the path", where, name));
      }
    }
  }

  void check_responses(const std::string& where, const Json& operation) {
    const JsonObject& responses = json::get_object(operation, "responses");
    if (responses.empty()) verdict_.high(where + " has no responses");
    for (const auto& [status, response] : responses) {
      const std::string code = view(status);
      const bool known =
          code == "default" || (code.size() == 3 && code[0] >= '1' && code[0] <= '5');
      if (!known) verdict_.high(fmt::format("{} has a response \"{}\"", where, code));
      const Json* resolved = resolve(response);
      if (resolved != nullptr && json::get_string(*resolved, "description").empty()) {
        verdict_.high(fmt::format("response {} of {} has no description", code, where));
      }
    }
  }

  void check_parameter(const std::string& where, const Json& entry,
                       std::set<std::string>& declared) {
    const Json* parameter = resolve(entry);
    if (parameter == nullptr) return;  // reported with the references
    const std::string name = json::get_string(*parameter, "name");
    const std::string in = json::get_string(*parameter, "in");
    if (name.empty() || (in != "path" && in != "query" && in != "header" && in != "cookie")) {
      verdict_.high(fmt::format("{} has a parameter without name or with in \"{}\"", where, in));
    }
    if (!json::find(*parameter, "schema") && !json::find(*parameter, "content")) {
      verdict_.high(fmt::format("the parameter {} of {} has no schema", name, where));
    }
    if (in != "path") return;
    declared.insert(name);
    if (!json::get_bool(*parameter, "required")) {
      verdict_.high(fmt::format("the path parameter {} of {} is not required", name, where));
    }
  }

  void check_schemas() {
    const Json& components = Json(json::get_object(document_, "components"));
    for (const auto& [name, schema] : json::get_object(components, "schemas")) {
      if (!schema.is_object() && !schema.is_bool()) {
        verdict_.high(fmt::format("the schema {} is no object", view(name)));
      }
    }
  }

  // Follows "$ref" a few steps; nullptr when it leads nowhere.
  const Json* resolve(const Json& value) const {
    const Json* at = &value;
    for (int step = 0; step < 10; ++step) {
      const std::string ref = json::get_string(*at, "$ref");
      if (ref.empty()) return at;
      if (!ref.starts_with("#/")) return nullptr;
      boost::system::error_code ec;
      at = document_.find_pointer(ref.substr(1), ec);
      if (at == nullptr) return nullptr;
    }
    return nullptr;
  }

  void check_references(const Json& value, const std::string& pointer) {
    if (value.is_array()) {
      for (std::size_t i = 0; i < value.get_array().size(); ++i) {
        check_references(value.get_array()[i], fmt::format("{}/{}", pointer, i));
      }
    } else if (value.is_object()) {
      for (const auto& [key, member] : value.get_object()) {
        const std::string at = pointer + "/" + escape_pointer_token(view(key));
        if (key == "example" || key == "examples" || key == "default") continue;
        if (key == "$ref" && member.is_string()) {
          ++references_;
          if (resolve(value) == nullptr) {
            verdict_.high(fmt::format("{} refers to {}, which is not there", at,
                                      json::as_view(member.get_string())));
          }
        } else {
          check_references(member, at);
        }
      }
    }
  }

  const Json& document_;
  Verdict& verdict_;
  std::set<std::string> operation_ids_;
  std::int64_t references_ = 0;
};

// What code and tests agree on where there is no HTTP: each thing once, in a file that somebody
// writes.
void check_signatures(const Json& data, const ArtifactMap& all, Verdict& verdict) {
  std::set<std::string> ids, files;
  if (const Json* architecture = data_of(all, "architecture")) {
    for (const Json& component : json::get_array(*architecture, "components")) {
      for (std::string& file : json::get_strings(component, "files")) files.insert(std::move(file));
    }
  }
  if (const Json* tasks = data_of(all, "tasks")) {
    for (const Json& task : json::get_array(*tasks, "tasks")) {
      for (std::string& file : json::get_strings(task, "files")) files.insert(std::move(file));
    }
  }
  const JsonArray& signatures = json::get_array(data, "signatures");
  for (const Json& signature : signatures) {
    const std::string id = json::get_string(signature, "id", "(without id)");
    if (!ids.insert(id).second) verdict.high(fmt::format("the signature {} is there twice", id));
    if (text::trim(json::get_string(signature, "signature")).empty()) {
      verdict.high(fmt::format("{} has no signature", id));
    }
    const std::string kind = json::get_string(signature, "kind");
    const std::string file = json::get_string(signature, "file");
    const bool code = kind == "function" || kind == "method" || kind == "type" ||
                      kind == "constant";
    if (code && !files.empty() && !files.contains(file)) {
      verdict.high(fmt::format("{} is defined in \"{}\", which no component and no task has", id,
                               file));
    }
  }
  verdict.measured("signatures", signatures.size());
}

}  // namespace

GateVerdict openapi_sound(const GateSpec& spec, const Artifact& artifact, const ArtifactMap& all) {
  Verdict verdict(spec);
  const Json* document = json::find(artifact.data, "openapi");
  const bool typed = !json::get_array(artifact.data, "signatures").empty();
  if (typed) check_signatures(artifact.data, all, verdict);
  if (document != nullptr && document->is_object()) {
    Check(*document, verdict).run();
  } else if (typed) {
    verdict.not_applicable("the contract is typed signatures, which were checked instead");
  } else {
    verdict.high("there is no OpenAPI document under \"openapi\", and no typed signatures");
  }
  return verdict.take();
}

}  // namespace cadre::gates
