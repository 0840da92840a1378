#include "offline/wording.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/text.h"
#include "offline/markup.h"

namespace cadre::offline::wording {
namespace {

using spec::Expr;
using spec::Operation;
using spec::OperationKind;
using spec::Spec;

bool is_vowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }

// The role through which an event names what it is about: the first reference that is not the
// acting person's own record.
std::string object_of(const Spec& spec, const Operation& operation) {
  const auto is_actor = [&](const std::string& entity) {
    return std::any_of(spec.actors.begin(), spec.actors.end(),
                       [&](const spec::Actor& actor) { return actor.entity == entity; });
  };
  std::string first;
  for (const spec::Input& input : operation.inputs) {
    if (input.ref.empty()) continue;
    if (first.empty()) first = words(input.id);
    if (!is_actor(input.ref)) return words(input.id);
  }
  return first;
}

std::string verb_of(const Operation& operation) {
  return words(operation.verb.empty() ? operation.id : operation.verb);
}

// "borrow a book", "check in a guest", but "log time for a task": a verb that already has an
// object.
std::string_view for_object(std::string_view verb) {
  static constexpr std::array<std::string_view, 14> kParticles{
      "in",   "out",  "up",   "off", "on", "down", "back",
      "over", "away", "into", "for", "to", "at",   "from"};
  const auto blank = verb.rfind(' ');
  if (blank == std::string_view::npos) return " ";
  const std::string_view last = verb.substr(blank + 1);
  const bool particle = std::find(kParticles.begin(), kParticles.end(), last) != kParticles.end();
  return particle ? " " : " for ";
}

}  // namespace

std::string words(std::string_view id) {
  std::string out(id);
  std::replace(out.begin(), out.end(), '_', ' ');
  return std::string(text::trim(markup::one_line(out)));
}

std::string article(std::string_view noun) {
  const std::string low = text::lower(noun);
  const auto starts = [&](std::string_view start) { return low.starts_with(start); };
  if (low.empty()) return "a";
  if (starts("hour") || starts("honor") || starts("honour") || starts("heir")) return "an";
  if (starts("uni") && !starts("unin") && !starts("unim")) return "a";
  if (starts("use") || starts("usa") || starts("euro") || starts("one") || starts("uti"))
    return "a";
  return is_vowel(low[0]) ? "an" : "a";
}

std::string with_article(std::string_view noun) { return article(noun) + " " + std::string(noun); }

std::string third_person(std::string_view verb) {
  const auto blank = verb.find(' ');
  std::string head(verb.substr(0, blank));
  const std::string tail(blank == std::string_view::npos ? "" : verb.substr(blank));
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kIrregular{
      {{"have", "has"}, {"be", "is"}, {"do", "does"}}};
  for (const auto& [base, third] : kIrregular) {
    if (head == base) return std::string(third) + tail;
  }
  const auto ends = [&](std::string_view end) { return head.ends_with(end); };
  if (head.size() > 1 && ends("y") && !is_vowel(head[head.size() - 2])) {
    head.replace(head.size() - 1, 1, "ies");
  } else if (ends("s") || ends("x") || ends("z") || ends("ch") || ends("sh") || ends("o")) {
    head += "es";
  } else {
    head += "s";
  }
  return head + tail;
}

std::string count(std::int64_t number, std::string_view noun) {
  const std::string name(noun);
  return std::to_string(number) + " " + (number == 1 ? name : text::plural(name));
}

std::string entity_name(const Spec& spec, std::string_view id) {
  const spec::Entity* entity = spec::find_entity(spec, id);
  return words(entity != nullptr && !entity->name.empty() ? entity->name : text::snake_case(id));
}

std::string entity_plural(const Spec& spec, std::string_view id) {
  const spec::Entity* entity = spec::find_entity(spec, id);
  if (entity != nullptr && !entity->plural.empty()) return words(entity->plural);
  return text::plural(entity_name(spec, id));
}

std::string actor_name(const Spec& spec, std::string_view id) {
  const spec::Actor* actor = spec::find_actor(spec, id);
  const std::string name =
      words(actor != nullptr && !actor->name.empty() ? std::string_view(actor->name) : id);
  // One of the staff is "a staff member".
  return text::plural(name) == name ? name + " member" : name;
}

std::string action(const Spec& spec, const Operation& operation) {
  const std::string name = entity_name(spec, operation.on);
  if (spec::is_standard(operation)) {
    switch (operation.kind) {
      case OperationKind::kCreate: return "add " + with_article(name);
      case OperationKind::kRead: return "see " + with_article(name);
      case OperationKind::kUpdate: return "change " + with_article(name);
      case OperationKind::kDelete: return "delete " + with_article(name);
      case OperationKind::kList: return "list " + entity_plural(spec, operation.on);
      default: break;
    }
  }
  const std::string verb = verb_of(operation);
  if (operation.kind == OperationKind::kScheduled || operation.kind == OperationKind::kBulk) {
    return verb + " " + entity_plural(spec, operation.on);
  }
  if (operation.kind == OperationKind::kEventCreate) {
    const std::string object = object_of(spec, operation);
    if (!object.empty()) return verb + std::string(for_object(verb)) + with_article(object);
  }
  return verb + std::string(for_object(verb)) + with_article(name);
}

std::string action_of(const Spec& spec, const Operation& operation) {
  return third_person(action(spec, operation));
}

std::string report(const Spec& spec, const spec::Query& query) {
  std::string plural = entity_plural(spec, query.on);
  std::string rest;
  const Voice voice{.spec = &spec, .self = "record", .row = entity_name(spec, query.on)};
  if (query.where) {
    const RowFilter filter = row_filter(voice, query.on, &*query.where);
    if (!filter.adjective.empty()) plural = filter.adjective + " " + plural;
    if (!filter.rest.empty()) rest = " " + filter.rest;
  }
  std::string out = "the " + plural;
  if (query.limit) out = "the first " + std::to_string(*query.limit) + " " + plural;
  if (query.measure && query.measure->is_call("count")) out = "the number of " + plural;
  for (const auto& [op, name] :
       {std::pair{"sum", "the total "}, std::pair{"avg", "the average "}}) {
    if (!query.measure || !query.measure->is_call(op) || query.measure->args.empty()) continue;
    out = name + measured(voice, query.measure->args.back()) + " of " + plural;
  }
  out += rest;
  for (std::size_t i = 0; i < query.group_by.size(); ++i) {
    std::string group = query.group_by[i];
    const auto colon = group.find(':');
    if (colon != std::string::npos)
      group = group.substr(0, colon) + " of " + group.substr(colon + 1);
    out += (i == 0 ? " by " : " and ") + words(text::replace_all(group, ".", " "));
  }
  for (std::size_t i = 0; i < query.sort.size(); ++i) {
    const bool down = query.sort[i].starts_with("-");
    const std::string field = words(query.sort[i].substr(down ? 1 : 0));
    out += (i == 0 ? ", sorted by " : ", then by ") + field + (down ? ", highest first" : "");
  }
  return out;
}

}  // namespace cadre::offline::wording
