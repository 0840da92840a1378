#include <fmt/format.h>

#include <algorithm>

#include "base/json_schema.h"
#include "base/text.h"
#include "runtime/audit/session.h"
#include "runtime/audit/targets.h"

namespace cadre::audit {
namespace {

using OpKind = spec::OperationKind;

// Longer lists may be shown in part.
constexpr std::size_t kListed = 8;

Json parsed(const std::string& body) {
  const std::string_view rest = text::trim(body);
  if (rest.empty()) return nullptr;
  auto json = json::parse(rest);
  return json ? std::move(*json) : Json();
}

// "Loan.due_on", "self.due_on" of the row itself; "self.book.copies" of another.
std::vector<std::string> steps_of(const std::string& target, const std::string& entity) {
  std::vector<std::string> steps = text::split(target, '.');
  if (!steps.empty() && (steps[0] == "self" || steps[0] == entity)) steps.erase(steps.begin());
  return steps;
}

}  // namespace

std::string Session::asked_endpoint() const { return mapped().theirs.name(); }

Source Session::operation_source() const { return source_of_operation(world_.spec(), operation()); }

Next Session::broken(const std::string& what) {
  const std::string& id = asked_->request.operation;
  ledger_.judged();
  if (asked_->target != nullptr) asked_->target->seen = true;
  told_.push_back(fmt::format("{} {} {}", asked_->encoded.request.method,
                              asked_->encoded.request.target,
                              text::shorten(asked_->encoded.request.body, 200)));
  ledger_.contradict("broken/" + id, "high", operation_source(),
                     fmt::format("{}: {}", mapped().theirs.name(), what),
                     story(0, "") + "Got: " + what);
  ledger_.block(id);
  return Next::kStartAgain;
}

Next Session::answer(int status, const std::string& body) {
  ledger_.judged();
  const Next next = judge(status, body);
  const spec::HttpRequest& request = asked_->encoded.request;
  told_.push_back(fmt::format("{} {}{}{} -> {} {}", request.method, request.target,
                              request.body.empty() ? "" : " ", text::shorten(request.body, 200),
                              status, text::shorten(text::clean_utf8(text::trim(body)), 120)));
  return next;
}

Next Session::judge(int status, const std::string& body) {
  const std::string& id = asked_->request.operation;
  if (asked_->target != nullptr) asked_->target->seen = true;
  if (status >= 500) {
    ledger_.contradict("5xx/" + id, "high", operation_source(),
                       fmt::format("{} fails with status {}", mapped().theirs.name(), status),
                       story(status, body) + "\nDue: an answer, or a refusal that says why (4xx)");
    // A refusal that is due may fail while the operation works: that alone is left out from here.
    if (asked_->expected.ok()) ledger_.block(id);
    else ledger_.contradict(refusal_key(id, asked_->expected), "medium", *asked_->refusal,
                            "the refusal that is due fails instead", story(status, body));
    return Next::kStartAgain;
  }
  if (!mapped().theirs.promises(status)) {
    ledger_.contradict(fmt::format("status/{}/{}", mapped().theirs.name(), status), "medium", {},
                       fmt::format("{} answers {}, which the contract does not name",
                                   mapped().theirs.name(), status),
                       story(status, body));
  }
  if (status == 401 || (status == 403 && asked_->expected.ok())) {
    ledger_.leave_out(id, fmt::format("{} answers {}: it asks who the caller is",
                                      mapped().theirs.name(), status));
    ledger_.block(id);
    return Next::kGoOn;
  }
  if (status >= 300 && status < 400) {
    ledger_.leave_out(id, fmt::format("{} answers {}", mapped().theirs.name(), status));
    ledger_.block(id);
    return Next::kGoOn;
  }
  if (status < 300) ledger_.works(id);
  if (status < 300 && mapped().theirs.json_answer && !text::trim(body).empty() &&
      !json::parse(text::trim(body))) {
    ledger_.contradict("json/" + mapped().theirs.name(), "medium", {},
                       mapped().theirs.name() + " answers with what is no JSON",
                       story(status, body));
  }
  if (asked_->kind != Kind::kOperate) {
    judge_read(status, body);
    return Next::kGoOn;
  }
  return asked_->expected.ok() ? judge_success_due(status, body)
                               : judge_refusal_due(status, body);
}

Next Session::judge_refusal_due(int status, const std::string& body) {
  const std::string& id = asked_->request.operation;
  const Source source = *asked_->refusal;
  if (status >= 400) {
    // Whatever is refused always is refused for some other reason.
    const bool works = std::ranges::any_of(targets_, [&](const Target& target) {
      return target.goal.operation == id && target.goal.code.empty() && target.field.empty() &&
             target.seen;
    });
    if (works && !ledger_.known("refused/" + id)) {
      ledger_.agree(source);
      see_target();
      plan_release();
    }
    look_again();
    return Next::kGoOn;
  }
  if (asked_->expected.code == "stranger") {
    ledger_.contradict("stranger/" + id + "/" + asked_->expected.field,
                       source.stated ? "high" : "medium", source,
                       fmt::format("{} accepts what does not exist as \"{}\"",
                                   mapped().theirs.name(), asked_->expected.field),
                       story(status, body) + "\nDue: a refusal (4xx)");
    const bool reads = operation().kind == OpKind::kRead;
    return reads ? Next::kGoOn : Next::kStartAgain;
  }
  const std::string what = source.rule.empty() ? "" : " (" + source.rule + ")";
  ledger_.contradict(
      asked_->target != nullptr && !asked_->target->field.empty()
          ? fmt::format("bound/{}/{}/{}", id, asked_->target->field,
                        json::write(asked_->target->value))
          : refusal_key(id, asked_->expected),
      source.stated ? "high" : "medium", source,
      fmt::format("{} accepts what must be refused{}: {}", mapped().theirs.name(), what,
                  source.says),
      story(status, body) + "\nDue: a refusal (4xx)");
  return Next::kStartAgain;
}

// What chance has shown need not be looked for.
void Session::see_target() {
  for (Target& target : targets_) {
    if (target.refused && target.goal.operation == asked_->request.operation &&
        target.goal.code == asked_->expected.code && target.goal.rule == asked_->expected.rule &&
        target.goal.field == asked_->expected.field && target.field.empty() &&
        target.from.empty() && target.stranger.empty() && !target.goal.code.empty()) {
      target.seen = true;
    }
  }
}

bool Session::their_contract_refuses(std::string& why) const {
  if (!asked_->encoded.body.is_object() || mapped().theirs.body_schema.is_null()) return false;
  const auto schema = JsonSchema::compile(mapped().theirs.body_schema);
  if (!schema) return false;
  const auto issues = schema->validate(asked_->encoded.body);
  if (issues.empty()) return false;
  why = fmt::format("{}: {}", issues[0].pointer, issues[0].message);
  return true;
}

// A statement that the engine does not fully understand and that speaks of what is done here.
std::string Session::open_statement() const {
  Words about = words_of(world_.spec().operations.empty() ? "" : operation().verb);
  const auto add_entity = [&](const std::string& id) {
    const spec::Entity* entity = spec::find_entity(world_.spec(), id);
    if (entity == nullptr) return;
    for (const std::string& word : words_of(entity->name)) about.push_back(word);
  };
  add_entity(operation().on);
  for (const spec::Input& input : operation().inputs) add_entity(input.ref);
  for (const spec::Sentence& sentence : subject_.open) {
    const auto begin = static_cast<std::size_t>(std::max(0, sentence.begin));
    if (begin >= subject_.spec.text.size() || sentence.end <= sentence.begin) continue;
    const std::string text = subject_.spec.text.substr(
        begin, static_cast<std::size_t>(sentence.end - sentence.begin));
    for (const std::string& word : words_of(text)) {
      for (const std::string& one : about) {
        if (word_score(one, word) > 0) return sentence.id;
      }
    }
  }
  return {};
}

// Why a service may refuse what no statement forbids, or "".
std::string Session::free_to_refuse(int status) const {
  const spec::Operation& what = operation();
  const spec::Spec& spec = world_.spec();
  const spec::Entity& entity = *spec::find_entity(spec, what.on);
  const auto shaky = [&](const spec::Guard& guard) { return is_shaky(guard.require, what.on); };
  if (std::ranges::any_of(what.guards, shaky)) return "what its rule reads is different already";
  if (status == 404 && subject_.by_rows.contains(what.id)) {
    return "the brief gives it on some rows only";
  }
  if (what.kind == OpKind::kDelete) return "whether what is in use can be deleted, is not stated";
  if (!entity.lifecycle) return {};
  const std::string& states = entity.lifecycle->attribute;
  const std::string state =
      json::get_string(world_.row_json(what.on, asked_->row, now_), states);
  const bool changes = what.kind == OpKind::kUpdate && spec::is_standard(what);
  if (changes && state != entity.lifecycle->initial) {
    return fmt::format("whether what is {} can still be changed, is not stated", state);
  }
  if (what.kind != OpKind::kTransition) return {};
  if (shaky_.contains({what.on, states})) return "its state is different already";
  // "At most 3 open tasks" may forbid to open another one again.
  for (const spec::Transition& edge : entity.lifecycle->transitions) {
    if (edge.by != what.id || edge.from != state) continue;
    for (const spec::Operation& other : spec.operations) {
      for (const spec::Guard& guard : other.guards) {
        const spec::Expr* filter = other.on == what.on ? count_filter(guard.require, what.on)
                                                       : nullptr;
        if (filter != nullptr && may_count(*filter, states, edge.to) &&
            !may_count(*filter, states, edge.from)) {
          return fmt::format("{} may forbid it", guard.id);
        }
      }
    }
  }
  return {};
}

void Session::judge_unexpected_refusal(int status, const std::string& body) {
  const std::string& id = asked_->request.operation;
  std::string why;
  if (their_contract_refuses(why)) {
    ledger_.leave_out(id, "the contract is narrower than what the brief says: " + why);
    return;
  }
  if (const std::string open = open_statement(); !open.empty()) {
    ledger_.leave_out(id, fmt::format("{} was refused with {}, and {}, which is not fully "
                                      "understood, may be why",
                                      mapped().theirs.name(), status, open));
    return;
  }
  if (const std::string free = free_to_refuse(status); !free.empty()) {
    ledger_.leave_out(id, fmt::format("{} was refused with {}: {}", mapped().theirs.name(), status,
                                      free));
    return;
  }
  const Source source = operation_source();
  ledger_.suspect(id, "refused/" + id, source.stated ? "high" : "medium", source,
                  fmt::format("{} refuses what the brief allows ({})", mapped().theirs.name(),
                              status),
                  story(status, body) + "\nDue: success (2xx)");
}

Next Session::judge_success_due(int status, const std::string& body) {
  if (status < 300) {
    ledger_.agree(operation_source());
    adopt(body);
    return Next::kGoOn;
  }
  judge_unexpected_refusal(status, body);
  // Refused again and again, it has no more to say.
  if (ledger_.known("refused/" + asked_->request.operation) && asked_->target != nullptr &&
      asked_->target->field.empty()) {
    ledger_.block(asked_->request.operation);
  }
  return Next::kGoOn;
}

// After a refusal nothing may have changed.
void Session::look_again() {
  if (asked_->row == 0 || spec::find_entity(world_.spec(), asked_->entity) == nullptr) return;
  later_.push_back({Kind::kReadBack, asked_->entity, asked_->row});
}

void Session::adopt(const std::string& body) {
  const spec::Response done = world_.handle(asked_->request);
  other_.handle(asked_->request);
  const spec::Operation& what = operation();
  if (what.kind == OpKind::kList) return;
  const Json answer = parsed(body);
  const Json* row = Dialect::row_of(answer);
  const bool makes = what.kind == OpKind::kCreate || what.kind == OpKind::kEventCreate;
  const std::int64_t id = makes ? json::get_int(done.body, "id") : asked_->row;
  if (what.kind == OpKind::kDelete) {
    later_.push_back({Kind::kGone, what.on, id});
    return;
  }
  asked_->row = id;
  remember_writers(done);
  if (makes) {
    if (row == nullptr || !dialect_.looks_like(what.on, *row)) {
      ledger_.leave_out(what.id, fmt::format("the answer to {} does not show the {}, so nothing "
                                             "more can be asked about it",
                                             mapped().theirs.name(), what.on));
      return;
    }
    dialect_.learn(what.on, id, *row);
  } else if (what.kind != OpKind::kRead) {
    if (what.kind == OpKind::kUpdate && spec::is_standard(what)) {
      dialect_.relearn(what.on, id, mapped(), asked_->encoded.body);
    }
    if (row != nullptr && dialect_.is_row(what.on, id, *row)) dialect_.learn(what.on, id, *row);
  }
  answered_.clear();
  answered_on_ = what.on;
  answered_by_ = operation_source();
  if (row != nullptr && dialect_.is_row(what.on, id, *row)) {
    compare(what.on, id, *row, what.kind == OpKind::kRead ? "read" : "answered");
  }
  if (what.kind == OpKind::kRead) return;
  later_.push_back({Kind::kReadBack, what.on, id});
  if (makes && world_.ids(what.on).size() <= kListed) later_.push_back({Kind::kList, what.on, id});
  if (makes) want_filters(what.on, id);
  const Json self = world_.row_json(what.on, id, now_);
  for (const spec::Relation* relation : spec::relations_of(world_.spec(), what.on)) {
    const std::int64_t other = json::get_int(self, relation->role + "_id");
    if (other > 0) later_.push_back({Kind::kReadBack, relation->to, other});
  }
}

// What a new row begins with.
void Session::remember_beginnings(const spec::Entity& entity, std::int64_t id) {
  const spec::Spec& spec = world_.spec();
  for (const spec::Attribute& attribute : entity.attributes) {
    const bool given = asked_->request.body && asked_->request.body->is_object() &&
                       asked_->request.body->get_object().contains(attribute.id);
    const auto source = rule_source(spec, "default", entity.id + "." + attribute.id);
    if (source && !given) writers_[{entity.id, id, attribute.id}] = *source;
  }
  if (!entity.lifecycle) return;
  const std::string& attribute = entity.lifecycle->attribute;
  Source source{"", fmt::format("a new {} is {}", entity.name, entity.lifecycle->initial),
                spec::find_attribute(entity, attribute)->origin.sentences, false};
  const auto rule = rule_source(spec, "transitions", entity.id + "." + attribute);
  const auto& states = entity.lifecycle->states;
  if (rule && !states.empty() && states.front() == entity.lifecycle->initial) {
    source.sentences = rule->sentences;
    source.stated = true;
  }
  writers_[{entity.id, id, attribute}] = source;
}

void Session::remember_writers(const spec::Response& done) {
  const spec::Operation& what = operation();
  const spec::Spec& spec = world_.spec();
  const spec::Entity* entity = spec::find_entity(spec, what.on);
  const std::int64_t id = asked_->row;
  const bool stores = what.kind == OpKind::kCreate || what.kind == OpKind::kEventCreate ||
                      (what.kind == OpKind::kUpdate && spec::is_standard(what));
  if (stores && asked_->request.body && asked_->request.body->is_object()) {
    for (const auto& member : asked_->request.body->get_object()) {
      const std::string field(member.key().data(), member.key().size());
      const spec::Attribute* attribute = spec::find_attribute(*entity, field);
      const spec::Relation* relation =
          attribute == nullptr && field.size() > 3
              ? spec::find_relation(spec, what.on, field.substr(0, field.size() - 3))
              : nullptr;
      if (attribute == nullptr && relation == nullptr) continue;
      const spec::Origin& origin = attribute != nullptr ? attribute->origin : relation->origin;
      writers_[{what.on, id, field}] =
          source_of(spec, origin, "", fmt::format("a {} keeps its {}", entity->name, field));
    }
  }
  if (entity->lifecycle) {
    const std::string& attribute = entity->lifecycle->attribute;
    for (const spec::Transition& edge : entity->lifecycle->transitions) {
      if (edge.by != what.id) continue;
      // To which state a thing is "reopened", only the sentence can say.
      const bool said = mentions(text_of(spec, edge.origin), edge.to);
      writers_[{what.on, id, attribute}] =
          said ? source_of(spec, edge.origin, "",
                           fmt::format("{} makes a {} {}", what.verb, entity->name, edge.to))
               : Source{};
    }
  }
  if (what.kind == OpKind::kCreate || what.kind == OpKind::kEventCreate) {
    remember_beginnings(*entity, id);
  }
  for (const spec::Effect& effect : what.effects) {
    if (effect.where || effect.kind == spec::EffectKind::kCreate) continue;
    const auto steps = steps_of(effect.target, what.on);
    const std::string says = fmt::format("{} sets {}", what.verb, effect.target);
    const bool state = steps.size() == 1 && entity->lifecycle &&
                       steps[0] == entity->lifecycle->attribute;
    if (state && what.kind == OpKind::kTransition) continue;  // the transition said it
    if (steps.size() == 1) {
      writers_[{what.on, id, steps[0]}] = source_of(spec, effect.origin, "", says);
    } else if (steps.size() == 2) {
      const spec::Relation* relation = spec::find_relation(spec, what.on, steps[0]);
      const std::int64_t other = json::get_int(done.body, steps[0] + "_id");
      if (relation == nullptr || other == 0) continue;
      writers_[{relation->to, other, steps[1]}] = source_of(spec, effect.origin, "", says);
    }
  }
}

Source Session::writer_of(const std::string& entity, std::int64_t row,
                          const std::string& field) const {
  const spec::Spec& spec = world_.spec();
  const spec::Attribute* attribute =
      spec::find_attribute(*spec::find_entity(spec, entity), field);
  if (attribute != nullptr && attribute->derived) {
    if (is_shaky(*attribute->derived, entity)) return {};
    if (const auto rule = rule_source(spec, "derived", entity + "." + field)) return *rule;
    return source_of(spec, attribute->origin, "", "the " + field + " is computed");
  }
  const auto at = writers_.find({entity, row, field});
  return at == writers_.end() ? Source{} : at->second;
}

void Session::compare(const std::string& entity, std::int64_t row, const Json& theirs,
                      const std::string& when) {
  const Json expected = world_.row_json(entity, row, now_);
  std::vector<std::string> agreed;
  const auto differences = dialect_.compare(entity, expected, theirs, agreed);
  const bool again = when == "read again";
  if (when == "answered") answered_ = {agreed.begin(), agreed.end()};
  for (const std::string& field : agreed) {
    if (shaky_.contains({entity, field})) continue;
    const Source source = writer_of(entity, row, field);
    if (!source.sentences.empty()) ledger_.agree(source);
  }
  for (const Difference& one : differences) {
    if (shaky_.contains({entity, one.field})) continue;
    Source source = writer_of(entity, row, one.field);
    // Whatever it is that is due: it was answered so, and is not so.
    const bool lost = (source.says.empty() || source.guessed) && again && entity == answered_on_ &&
                      answered_.contains(one.field);
    if (lost) source = answered_by_;
    if (source.says.empty() || source.guessed) {
      ledger_.leave_out(entity + "." + one.field, "what it is there, the brief does not say");
    } else {
      ledger_.contradict(
          fmt::format("field/{}/{}/{}", entity, one.field, source.says),
          source.stated ? "high" : "medium", source,
          fmt::format("{}: {}.{} is {}, and {} is due{}", asked_endpoint(), entity, one.field,
                      one.got, one.expected, lost ? ", as it was answered before" : ""),
          fmt::format("{}\nDue: \"{}\": {} ({})", story(200, "(the row, as " + when + ")"), one.key,
                      one.expected, source.says));
    }
    shaky_.insert({entity, one.field});
  }
}

void Session::judge_read(int status, const std::string& body) {
  const spec::Entity* entity = spec::find_entity(world_.spec(), asked_->entity);
  const Source source = source_of(world_.spec(), entity->origin, "",
                                  fmt::format("{} are kept", entity->plural));
  const Json answer = parsed(body);
  if (asked_->kind == Kind::kGone) {
    if (status < 300) {
      ledger_.contradict("there/" + asked_->entity, "medium", source,
                         fmt::format("a deleted {} can still be read", entity->name),
                         story(status, body));
    }
    dialect_.forget(asked_->entity, asked_->row);
    return;
  }
  if (asked_->kind == Kind::kList) return judge_list(answer, status, body);
  if (asked_->kind == Kind::kFilter) return judge_filter(answer, status, body);
  if (status >= 300 && subject_.by_rows.contains(asked_->request.operation)) {
    ledger_.leave_out(asked_->request.operation, "who may see a row depends on who asks");
    return;
  }
  if (status >= 300) {
    ledger_.contradict("gone/" + asked_->entity, "high", source,
                       fmt::format("a {} that was stored cannot be read ({})", entity->name,
                                   status),
                       story(status, body) + "\nDue: the row (2xx)");
    return;
  }
  const Json* row = Dialect::row_of(answer);
  if (row != nullptr) compare(asked_->entity, asked_->row, *row, "read again");
}

}  // namespace cadre::audit
