#include <fmt/format.h>

#include <algorithm>

#include "runtime/audit/session.h"
#include "runtime/audit/targets.h"

namespace cadre::audit {
namespace {

constexpr int kTimesFiltered = 4;
// From here on a list may be shown in part without saying so.
constexpr std::size_t kPage = 10;

bool says_pages(const Words& words) {
  static const std::set<std::string> kPaging{"limit", "page", "offset", "cursor", "skip", "size",
                                             "next", "after", "take", "per_page"};
  return std::ranges::any_of(words, [](const std::string& one) { return kPaging.contains(one); });
}

Words said_in(const Json& value) {
  return value.is_string() ? words_of(json::as_view(value.get_string())) : Words{};
}

bool share_a_word(const Words& a, const Words& b) {
  return std::ranges::any_of(a, [&](const std::string& word) {
    return std::ranges::any_of(b, [&](const std::string& other) {
      return word.find(other) != std::string::npos || other.find(word) != std::string::npos;
    });
  });
}

}  // namespace

// Whether the list may leave out what the next page shows.
bool Session::in_pages(const Json& answer, std::size_t rows) const {
  const std::size_t all = world_.ids(asked_->entity).size();
  if (rows >= kPage) return true;
  if (rows >= all) return false;
  for (const TheirField& one : mapped().theirs.query_fields) {
    if (!says_pages(words_of(one.name))) continue;
    const Json* usual = json::find(one.schema, "default");
    const bool large = usual != nullptr && usual->is_int64() &&
                       usual->get_int64() >= static_cast<std::int64_t>(all);
    if (!large && words_of(one.name).back() != "offset" && words_of(one.name).back() != "skip" &&
        words_of(one.name).back() != "page") {
      return true;
    }
  }
  if (!answer.is_object()) return false;
  for (const auto& member : answer.get_object()) {
    const Words words = words_of({member.key().data(), member.key().size()});
    const bool more = !member.value().is_null() && words.size() == 1 &&
                      (words[0] == "next" || words[0] == "cursor");
    if (more) return true;
  }
  return false;
}

void Session::judge_list(const Json& answer, int status, const std::string& body) {
  const spec::Entity* entity = spec::find_entity(world_.spec(), asked_->entity);
  const Source source = source_of(world_.spec(), entity->origin, "",
                                  fmt::format("{} are kept", entity->plural));
  const JsonArray* list = status < 300 ? Dialect::list_of(answer) : nullptr;
  if (list == nullptr) return;
  const bool there = std::ranges::any_of(*list, [&](const Json& row) {
    return dialect_.is_row(asked_->entity, asked_->row, row);
  });
  if (there) return ledger_.agree(source);
  const std::string& id = asked_->request.operation;
  if (subject_.by_rows.contains(id)) {
    return ledger_.leave_out(id, "whom it shows what depends on who asks");
  }
  if (in_pages(answer, list->size())) {
    return ledger_.leave_out(id, "it is shown in pages: whether it leaves something out");
  }
  ledger_.contradict("list/" + asked_->entity, source.stated ? "high" : "medium", source,
                     fmt::format("{}: the list leaves out a {} that was stored",
                                 mapped().theirs.name(), entity->name),
                     story(status, body));
}

void Session::want_filters(const std::string& entity, std::int64_t row) {
  if (world_.ids(entity).size() < 2) return;
  for (const ListFilter& filter : subject_.filters) {
    if (filter.entity != entity || filtered_[&filter] >= kTimesFiltered) continue;
    later_.push_back({Kind::kFilter, entity, row, &filter});
  }
}

// Asks for the rows that are as this one. False when no other row is surely to be left out.
bool Session::filter_by(const ListFilter& filter, std::int64_t row, Ask& ask) const {
  if (ledger_.known("filter/" + filter.query)) return false;
  const Json value = dialect_.shown(filter.entity, row, filter.field);
  const bool plain = value.is_string() || value.is_number() || value.is_bool();
  if (!plain || (value.is_string() && value.get_string().empty())) return false;
  const spec::Attribute* attribute = spec::find_attribute(
      *spec::find_entity(world_.spec(), filter.entity), filter.field);
  const bool words = attribute != nullptr && value.is_string() &&
                     attribute->type != spec::Type::kEnum;
  if (attribute != nullptr && (attribute->type == spec::Type::kMoney ||
                               attribute->type == spec::Type::kDecimal)) {
    return false;  // "by price" may be a limit
  }
  for (const std::int64_t other : world_.ids(filter.entity)) {
    const Json theirs = dialect_.shown(filter.entity, other, filter.field);
    if (theirs.is_null() || theirs == value) continue;
    // A search may look at words one by one, and at other fields.
    if (words && share_a_word(said_in(value), said_in(theirs))) continue;
    ask.others.push_back(other);
  }
  if (ask.others.empty()) return false;
  add_parameter(filter.parameter.name, value, ask.encoded.request);
  ask.filter = &filter;
  return true;
}

void Session::judge_filter(const Json& answer, int status, const std::string& body) {
  const ListFilter& filter = *asked_->filter;
  ++filtered_[&filter];
  const std::string what =
      fmt::format("{} by \"{}\"", mapped().theirs.name(), filter.parameter.name);
  const JsonArray* list = status < 300 ? Dialect::list_of(answer) : nullptr;
  const auto shows = [&](std::int64_t id) {
    return std::ranges::any_of(*list, [&](const Json& row) {
      return dialect_.is_row(filter.entity, id, row);
    });
  };
  std::string title;
  if (status >= 400) {
    title = fmt::format("{} refuses a value that it shows itself ({})", what, status);
  } else if (list == nullptr) {
    return ledger_.leave_out(filter.query, what + " does not answer with a list");
  } else if (std::ranges::any_of(asked_->others, shows)) {
    title = what + " shows what does not fit";
  } else if (!shows(asked_->row)) {
    if (subject_.by_rows.contains(asked_->request.operation) || list->size() >= kPage) return;
    if (in_pages(answer, list->size()) && !list->empty()) return;
    title = what + " leaves out what fits";
  }
  if (title.empty()) return ledger_.agree(filter.source);
  ledger_.contradict("filter/" + filter.query, filter.source.stated ? "high" : "medium",
                     filter.source, title, story(status, body));
}

}  // namespace cadre::audit
