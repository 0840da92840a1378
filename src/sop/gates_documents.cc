// Gates over what the Product Manager and the Architect write, and the test plan.
#include <algorithm>
#include <set>

#include "sop/gate_verdict.h"

namespace cadre::gates {
namespace {

std::string id_of(const Json& element) { return json::get_string(element, "id", "(without id)"); }

std::set<std::string> strings_of(const Json& value, std::string_view key) {
  const std::vector<std::string> list = json::get_strings(value, key);
  return {list.begin(), list.end()};
}

// Stories that this version promises.
std::vector<const Json*> promised_stories(const Json& data) {
  std::vector<const Json*> stories;
  for (const Json& story : json::get_array(data, "stories")) {
    if (json::get_string(story, "priority") != "wont") stories.push_back(&story);
  }
  return stories;
}

}  // namespace

const JsonArray& sentences_of(const Json& requirements) {
  const Json* spec = json::find(requirements, "spec");
  const Json* source = spec == nullptr ? nullptr : json::find(*spec, "source");
  return json::get_array(source == nullptr ? requirements : *source, "sentences");
}

GateVerdict statements_accounted(const GateSpec& spec, const Artifact& artifact,
                                 const ArtifactMap& all, const StatementAudit& audit) {
  Verdict verdict(spec);
  const Json* brief = data_of(all, "brief");
  if (json::find(artifact.data, "spec") == nullptr && brief != nullptr) {
    const std::string text = json::get_string(*brief, "text");
    check_sentences(artifact.data, text, verdict);
    if (audit) check_audit(artifact.data, all, audit(text), verdict);
  }
  const JsonArray& sentences = sentences_of(artifact.data);
  const Json& counts = Json(json::get_object(artifact.data, "statements"));
  std::set<std::string> quoted, unhandled;
  for (const Json& requirement : json::get_array(artifact.data, "requirements")) {
    quoted.merge(strings_of(requirement, "sentences"));
  }
  for (const Json& entry : json::get_array(artifact.data, "unhandled")) {
    unhandled.insert(json::get_string(entry, "sentence"));
  }
  std::map<std::string, std::int64_t> found;
  for (const Json& sentence : sentences) {
    const std::string id = id_of(sentence);
    const std::string status = json::get_string(sentence, "status");
    ++found[status];
    if (status == "not_understood" && !unhandled.contains(id)) {
      verdict.high(fmt::format("{} is not understood and is not listed as unhandled", id));
    } else if ((status == "covered" || status == "partly") && !quoted.contains(id)) {
      verdict.low(fmt::format("{} counts as {}, and no requirement refers to it", id, status));
    }
  }
  std::int64_t sum = 0;
  for (const char* status : {"covered", "partly", "not_understood", "out_of_scope", "no_content"}) {
    const std::int64_t counted = json::get_int(counts, status, -1);
    if (counted != found[status]) {
      verdict.high(fmt::format("statements.{} is {}, and {} sentences of the brief are", status,
                               counted, found[status]));
    }
    sum += found[status];
    verdict.measured(status, found[status]);
  }
  const auto total = static_cast<std::int64_t>(sentences.size());
  if (sum != total || json::get_int(counts, "total", -1) != total) {
    verdict.high(
        fmt::format("the brief has {} sentences, {} are accounted for, and "
                    "statements.total is {}",
                    total, sum, json::get_int(counts, "total", -1)));
  }
  if (total == 0) verdict.high("no sentence of the brief is accounted for");
  verdict.measured("total", total);
  return verdict.take();
}

GateVerdict stories_testable(const GateSpec& spec, const Artifact& artifact) {
  Verdict verdict(spec);
  const JsonArray& stories = json::get_array(artifact.data, "stories");
  std::int64_t criteria_count = 0;
  for (const Json& story : stories) {
    const JsonArray& criteria = json::get_array(story, "criteria");
    criteria_count += static_cast<std::int64_t>(criteria.size());
    if (criteria.empty()) {
      verdict.high(
          fmt::format("{} has no criterion: {}", id_of(story), json::get_string(story, "title")));
    }
    for (const Json& criterion : criteria) {
      for (const char* part : {"given", "when", "then"}) {
        if (text::trim(json::get_string(criterion, part)).empty()) {
          verdict.high(fmt::format("{} has no \"{}\"", id_of(criterion), part));
        }
      }
    }
  }
  if (stories.empty()) verdict.high("there is no story");
  verdict.measured("stories", stories.size());
  verdict.measured("criteria", criteria_count);
  return verdict.take();
}

GateVerdict components_serve_stories(const GateSpec& spec, const Artifact& artifact,
                                     const ArtifactMap& all) {
  Verdict verdict(spec);
  std::set<std::string> served;
  const JsonArray& components = json::get_array(artifact.data, "components");
  for (const Json& component : components) {
    std::set<std::string> stories = strings_of(component, "stories");
    if (stories.empty()) {
      verdict.high(fmt::format("the component {} serves no story", id_of(component)),
                   "remove it, or name the stories that need it");
    }
    served.merge(stories);
  }
  if (components.empty()) verdict.high("there is no component");
  const Json* stories = data_of(all, "user_stories");
  if (stories == nullptr) {
    verdict.high("there are no user stories to serve");
    return verdict.take();
  }
  std::int64_t missing = 0;
  const std::vector<const Json*> promised = promised_stories(*stories);
  for (const Json* story : promised) {
    if (served.contains(id_of(*story))) continue;
    ++missing;
    verdict.high(fmt::format("no component serves {}: {}", id_of(*story),
                             json::get_string(*story, "title")));
  }
  verdict.measured("components", components.size());
  verdict.measured("stories", promised.size());
  verdict.measured("stories_served", static_cast<std::int64_t>(promised.size()) - missing);
  return verdict.take();
}

GateVerdict criteria_have_tests(const GateSpec& spec, const Artifact& artifact,
                                const ArtifactMap& all) {
  Verdict verdict(spec);
  // An artifact that holds criteria by themselves, or the stories that hold them.
  const std::string holder = json::get_string(spec.parameters, "criteria", "user_stories");
  const Json* stories = data_of(all, holder);
  if (stories == nullptr) {
    verdict.high(holder == "user_stories"
                     ? "there are no user stories whose criteria could be tested"
                     : fmt::format("there is no {} whose criteria could be tested", holder));
    return verdict.take();
  }
  JsonArray groups = json::get_array(*stories, "stories");
  if (json::find(*stories, "criteria") != nullptr) groups.push_back(*stories);
  std::set<std::string> tested, known;
  const JsonArray& tests = json::get_array(artifact.data, "tests");
  for (const Json& test : tests) tested.merge(strings_of(test, "criteria"));
  std::int64_t criteria = 0, with_test = 0;
  for (const Json& story : groups) {
    const bool promised = json::get_string(story, "priority") != "wont";
    for (const Json& criterion : json::get_array(story, "criteria")) {
      const std::string id = id_of(criterion);
      known.insert(id);
      if (!promised) continue;
      ++criteria;
      if (tested.contains(id)) {
        ++with_test;
      } else {
        verdict.high(fmt::format("{} has no test: {}", id, json::get_string(criterion, "text")));
      }
    }
  }
  for (const std::string& id : tested) {
    if (!known.contains(id))
      verdict.high(fmt::format("a test names the criterion {}, which is not there", id));
  }
  if (tests.empty()) verdict.high("there is no test");
  verdict.measured("criteria", criteria);
  verdict.measured("with_test", with_test);
  verdict.measured("tests", tests.size());
  return verdict.take();
}

}  // namespace cadre::gates
