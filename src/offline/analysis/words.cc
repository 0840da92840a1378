#include "offline/analysis/words.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "spec/identifiers.h"

namespace cadre::offline::analysis {
namespace {

using Words = std::unordered_set<std::string_view>;
using spec::Type;

const Words& product_nouns() {
  static const Words words = {
      "app", "application software", "system", "service", "tool", "api", "rest", "backend",
      "back-end", "frontend", "website", "site", "platform", "software", "program", "manager",
      "tracker", "management", "solution", "database", "crud", "portal", "server", "webapp",
      "microservice", "prototype", "mvp", "script", "administration", "directory", "organizer",
      "organiser", "planner", "register", "registry", "tracking", "web", "dashboard",
      "project management", "helpdesk", "desk", "interface", "endpoint", "json",
      "mobile", "online", "backoffice", "bookkeeping", "crm", "erp", "utility", "logbook"};
  return words;
}

const Words& generic_nouns() {
  static const Words words = {
      "time", "day", "week", "month", "year", "hour", "minute", "second", "night", "place", "way",
      "thing", "number", "amount", "list", "kind", "sort", "type", "case", "part", "one", "lot",
      "end", "start", "beginning", "percent", "euro", "dollar", "eur", "usd", "km", "kilometre",
      "rule", "data", "information", "info", "detail", "field", "attribute", "record", "value",
      "order in which", "home", "moment", "today", "tomorrow", "yesterday", "date", "max", "min",
      "maximum", "minimum", "limit", "total", "sum", "count", "average", "search", "filter",
      "overview", "report", "history", "access", "use", "set", "step", "example", "name", "id",
      "people", "person", "somebody", "someone", "anybody", "nobody", "everybody", "else", "past",
      "future", "advance", "most", "least", "other", "same", "csv", "export", "view", "feature",
      "function", "functionality", "requirement", "ability", "possibility", "need", "purpose",
      "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "status",
      "state", "period", "decimal", "string", "integer", "text", "good", "input", "output",
      "page", "screen", "button", "form", "error", "message", "change", "edit", "everything",
      "anything", "nothing", "something", "reason", "condition", "company", "business", "office",
      "town", "city", "world", "login", "password", "basis", "group", "range", "level", "quantity",
      "stock", "price", "description", "title", "default", "option", "choice", "permission",
      "right", "role", "while", "row", "column", "table", "entity", "object", "item type"};
  return words;
}

const Words& choice_nouns() {
  static const Words words = {"status", "state", "type", "kind", "category", "priority", "level",
                              "size", "color", "colour", "gender", "sex", "difficulty", "method",
                              "severity", "stage", "phase", "mode", "condition", "grade", "class",
                              "rank", "tier", "role", "format", "currency", "unit", "urgency",
                              "visibility", "genre"};
  return words;
}

const Words& fillers() {
  static const Words words = {
      "please", "simple", "small", "basic", "want", "need", "like", "would", "able", "build",
      "make", "write", "develop", "design", "implement", "create", "have", "be", "do", "let",
      "allow", "shall", "should", "must", "can", "may", "will", "system", "app", "application",
      "software", "service", "tool", "way", "thing", "also", "just", "really", "basically",
      "possible", "support", "provide", "offer", "enable", "feature", "user-friendly", "modern",
      "nice", "good", "new", "existing", "certain", "various", "different", "several", "many",
      "much", "some", "any", "own", "other", "such", "etc", "e.g.", "i.e.", "example", "instance",
      "following", "hi", "hello", "hey", "thanks", "thank", "usually", "normally", "respective",
      "corresponding", "information", "data", "detail", "record", "keep", "store", "save", "field",
      "attribute", "called", "call", "named", "us", "me", "our", "my", "we", "i", "use", "look",
      "get", "give", "go", "come", "take", "set", "sure", "help", "manage", "track", "handle",
      "always", "automatically", "individual", "single", "time", "per", "each", "every", "all"};
  return words;
}

const Words& name_stops() {
  static const Words words = {
      "a", "an", "the", "its", "his", "her", "their", "our", "my", "your", "this", "that", "these",
      "those", "each", "every", "all", "any", "some", "no", "several", "many", "multiple",
      "various", "different", "own", "optional", "optionally", "mandatory", "required", "unique",
      "one", "two", "three", "more", "also", "usually", "exactly", "only", "certain", "such",
      "other", "another", "both", "either", "at", "least", "most", "up", "to", "zero", "or",
      "possibly", "maybe", "always", "short", "long", "free", "simple", "corresponding",
      "individual", "respective", "specific", "particular", "given", "new", "few", "single",
      "positive", "non-negative", "whole", "valid"};
  return words;
}

const std::unordered_map<std::string_view, VerbClass>& verb_classes() {
  static const auto* map = [] {
    auto* m = new std::unordered_map<std::string_view, VerbClass>;
    const auto put = [m](VerbClass c, std::initializer_list<std::string_view> words) {
      for (const auto word : words) (*m)[word] = c;
    };
    put(VerbClass::kCreate,
        {"create", "add", "write", "place", "submit", "open", "post", "make", "file", "raise",
         "enter", "register", "record", "log", "upload", "save", "store", "insert", "give",
         "publish", "compose", "define", "report", "issue", "propose", "set_up", "draft", "keep",
         "note", "document", "track", "collect", "start", "plan", "schedule", "book_in", "offer",
         "announce", "advertise"});
    put(VerbClass::kRead, {"see", "view", "read", "browse", "list", "search", "find", "access",
                           "look_at", "look_up", "show", "display", "look", "inspect", "check",
                           "filter", "sort", "get", "retrieve", "export", "download", "know",
                           "monitor", "consult"});
    put(VerbClass::kUpdate, {"update", "edit", "change", "modify", "correct", "adjust", "alter",
                             "rename", "amend", "revise"});
    put(VerbClass::kDelete, {"delete", "remove", "erase", "destroy"});
    put(VerbClass::kManage, {"manage", "administer", "maintain", "handle", "crud", "organize",
                             "organise", "do_everything"});
    put(VerbClass::kTransition,
        {"approve", "reject", "decline", "accept", "confirm", "close", "reopen", "cancel",
         "complete", "finish", "archive", "activate", "deactivate", "suspend", "resolve", "block",
         "unblock", "pay", "ship", "deliver", "release", "send", "deny", "refuse", "verify",
         "withdraw", "lock", "unlock", "sign", "hold", "resume", "pause", "refund", "pack",
         "dispatch", "expire", "revoke", "validate", "mark", "retire", "ban"});
    put(VerbClass::kEvent,
        {"borrow", "book", "reserve", "rent", "enrol", "enroll", "apply", "subscribe", "order",
         "buy", "hire", "lease", "visit", "attend", "join", "rate", "review", "check_in",
         "check_out", "vote", "donate", "sponsor", "adopt", "follow", "like", "bid", "sign_up",
         "comment", "reply", "loan", "lend", "purchase", "request", "register_for", "use",
         "inspect", "measure", "feed", "treat", "prescribe", "rehearse", "repair", "service"});
    put(VerbClass::kOwn, {"own", "run", "teach", "lead", "host", "supervise", "head", "hold",
                          "have", "operate", "drive", "coach", "direct"});
    put(VerbClass::kContain, {"contain", "include", "comprise", "consist", "consist_of",
                              "comprise_of", "group", "hold", "compose_of"});
    put(VerbClass::kHave, {"have", "carry", "possess"});
    put(VerbClass::kBuild, {"build", "develop", "design", "implement", "program", "code",
                            "generate"});
    put(VerbClass::kAllow, {"allow", "let", "enable", "permit", "support"});
    put(VerbClass::kBelong, {"belong", "belong_to"});
    return m;
  }();
  return *map;
}

struct TypeRow {
  std::string_view word;
  Type type;
  bool count = false;
  bool optional = false;
};

const std::unordered_map<std::string_view, TypeRow>& type_rows() {
  static const auto* map = [] {
    auto* m = new std::unordered_map<std::string_view, TypeRow>;
    const auto put = [m](Type type, bool count, bool optional,
                         std::initializer_list<std::string_view> words) {
      for (const auto word : words) (*m)[word] = {word, type, count, optional};
    };
    put(Type::kMoney, false, false,
        {"price", "cost", "fee", "amount", "salary", "wage", "budget", "deposit", "fare", "fine",
         "revenue", "total", "subtotal", "premium", "bonus", "charge", "income", "tip", "payment",
         "balance", "turnover", "tax", "expense", "prize", "debt", "credit limit", "pay", "rent"});
    put(Type::kDate, false, false,
        {"date", "birthday", "deadline", "birthdate", "dob", "expiry", "day", "anniversary"});
    put(Type::kDatetime, false, false, {"timestamp", "datetime", "moment"});
    put(Type::kTime, false, false, {"time"});
    put(Type::kDuration, false, false, {"duration"});
    put(Type::kEmail, false, false, {"email", "e-mail", "mail"});
    put(Type::kPhone, false, false, {"phone", "telephone", "mobile", "cell", "cellphone", "fax"});
    put(Type::kUrl, false, true, {"url", "website", "link", "homepage", "webpage", "uri"});
    put(Type::kInt, true, false,
        {"quantity", "qty", "count", "age", "capacity", "copy", "stock", "seat", "page", "credit",
         "point", "mileage", "serving", "quota", "participant", "calorie", "copies", "headcount",
         "population", "inventory", "slot", "bed", "place"});
    put(Type::kInt, false, false, {"year", "floor", "rating", "score", "level", "position", "rank",
                                   "star", "round", "order", "sequence", "edition", "number_of"});
    put(Type::kDecimal, false, false,
        {"weight", "height", "length", "width", "depth", "distance", "area", "temperature",
         "latitude", "longitude", "percentage", "percent", "average", "volume", "speed", "rate",
         "discount", "humidity", "pressure", "ratio", "diameter", "thickness", "gpa", "dose",
         "reading", "consumption"});
    put(Type::kText, false, false, {"body", "content", "text", "message", "question", "answer"});
    put(Type::kText, false, true,
        {"description", "note", "notes", "comment", "remark", "summary", "detail", "instruction",
         "bio", "biography", "abstract", "feedback", "observation", "synopsis", "annotation",
         "motivation", "instructions", "details", "memo"});
    put(Type::kFileRef, false, true, {"photo", "picture", "image", "file", "attachment", "avatar",
                                      "logo", "scan", "document", "pdf", "thumbnail"});
    put(Type::kBool, false, false, {"flag", "done", "completed", "active", "enabled", "archived",
                                    "available", "paid", "published", "vegetarian", "urgent",
                                    "favorite", "favourite", "public", "private", "vip"});
    put(Type::kString, false, false,
        {"name", "title", "code", "id", "identifier", "number", "address", "subject", "label",
         "isbn", "sku", "barcode", "author", "brand", "model", "make", "genre", "category", "type",
         "status", "color", "colour", "location", "city", "country", "street", "zip", "postcode",
         "species", "breed", "sex", "gender", "username", "password", "phase", "venue", "reason",
         "unit", "currency", "role", "nickname", "language", "topic", "size", "room", "artist",
         "publisher", "manufacturer", "surname", "firstname", "lastname", "kind", "priority",
         "severity", "department", "company", "contact", "destination", "origin", "symptom",
         "nationality", "serial", "slug", "tag", "headline", "position", "place of birth",
         "vaccine", "dosage", "method", "iban", "state", "region", "material", "difficulty",
         "speciality", "specialty", "ingredient", "manager", "signature", "director", "caption",
         "reference", "format", "variety", "shelf", "plate", "licence", "license", "blood",
         "result", "outcome"});
    return m;
  }();
  return *map;
}

bool ends_with_word(std::string_view name, std::string_view word) {
  if (!name.ends_with(word)) return false;
  return name.size() == word.size() || name[name.size() - word.size() - 1] == ' ';
}

bool starts_with_any(std::string_view name, std::initializer_list<std::string_view> starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [&](std::string_view s) { return name.starts_with(s); });
}

}  // namespace

bool is_product_noun(std::string_view lemma) { return product_nouns().contains(lemma); }
bool is_generic_noun(std::string_view lemma) { return generic_nouns().contains(lemma); }
bool is_choice_noun(std::string_view lemma) { return choice_nouns().contains(lemma); }
bool is_filler(std::string_view lemma) { return fillers().contains(lemma); }
bool is_name_stop(std::string_view lemma) { return name_stops().contains(lemma); }

bool is_anybody(std::string_view lemma) {
  static const Words words = {"anybody", "anyone", "everybody", "everyone", "nobody", "somebody",
                              "someone", "no-one", "people", "person", "none"};
  return words.contains(lemma);
}

bool is_field_noun(std::string_view lemma) {
  static const Words words = {"field", "attribute", "detail", "information", "info", "property",
                              "data", "column", "following"};
  return words.contains(lemma);
}

VerbClass verb_class(std::string_view lemma) {
  const auto it = verb_classes().find(lemma);
  return it == verb_classes().end() ? VerbClass::kOther : it->second;
}

std::string closing_verb(std::string_view opening) {
  static const std::unordered_map<std::string_view, std::string_view> pairs = {
      {"borrow", "return"}, {"rent", "return"},     {"hire", "return"},   {"lend", "return"},
      {"loan", "return"},   {"take", "return"},     {"lease", "return"},  {"take_out", "return"},
      {"book", "cancel"},   {"reserve", "cancel"},  {"enrol", "drop"},    {"enroll", "drop"},
      {"subscribe", "cancel"}, {"apply", "withdraw"}, {"request", "withdraw"},
      {"check_in", "check_out"}, {"check_out", "return"}, {"join", "leave"},
      {"order", "cancel"},  {"sign_up", "cancel"},  {"use", "release"},   {"adopt", "return"},
      {"register", "cancel"}, {"register_for", "cancel"}, {"start", "finish"}, {"open", "close"}};
  const auto it = pairs.find(opening);
  return it == pairs.end() ? "end" : std::string(it->second);
}

bool is_closing_verb(std::string_view lemma) {
  static const Words words = {"return", "bring_back", "give_back", "hand_in", "end", "finish",
                              "close", "check_out", "drop", "leave", "release", "cancel",
                              "withdraw", "take_back", "hand_back"};
  return words.contains(lemma);
}

int stock_direction(std::string_view lemma) {
  static const Words in = {"receive", "restock", "replenish", "take_in", "book_in", "increase"};
  static const Words out = {"ship", "sell", "issue", "take_out", "consume", "book_out", "dispense",
                            "withdraw", "remove", "pick", "use_up", "decrease"};
  if (in.contains(lemma)) return 1;
  return out.contains(lemma) ? -1 : 0;
}

TypeGuess guess_type(std::string_view name, bool number_of) {
  if (number_of) return {Type::kInt, true, true, false};
  TypeGuess guess;
  if (starts_with_any(name, {"is ", "has ", "can "})) return {Type::kBool, true, false, false};
  for (const std::string_view phrase : {"phone number", "telephone number", "mobile number",
                                        "contact number", "cell number", "fax number"}) {
    if (ends_with_word(name, phrase)) return {Type::kPhone, true, false, false};
  }
  if (starts_with_any(name, {"when ", "date "})) return {Type::kDate, true, false, false};
  if (starts_with_any(name, {"where "})) return {Type::kString, true, false, false};
  if (starts_with_any(name, {"date of", "day of"})) return {Type::kDate, true, false, false};
  if (starts_with_any(name, {"time of"})) return {Type::kTime, true, false, false};
  if (starts_with_any(name, {"name of", "place of", "address of"})) return {Type::kString, true};
  if (starts_with_any(name, {"year of"})) return {Type::kInt, true, false, false};
  if (name.find(" per ") != std::string_view::npos) {
    const auto left = guess_type(name.substr(0, name.find(" per ")), false);
    if (left.type == Type::kString || left.type == Type::kDecimal) {
      return {name.starts_with("rate") ? Type::kMoney : left.type, left.known, false, false};
    }
    return left;
  }
  for (const std::string_view on : {" on hand", " in stock"}) {
    if (name.ends_with(on)) return {Type::kInt, true, true, false};
  }
  if (name.starts_with("maximum ") || name.starts_with("minimum ") || name.starts_with("max ") ||
      name.starts_with("min ") || name.ends_with("reorder level")) {
    const auto rest = guess_type(name.substr(name.find(' ') + 1), false);
    if (rest.type == Type::kString) return {Type::kInt, true, true, false};
    return rest;
  }
  const auto space = name.rfind(' ');
  std::string head(space == std::string_view::npos ? name : name.substr(space + 1));
  if (head == "address" && (name.starts_with("email") || name.starts_with("e-mail") ||
                            name.starts_with("mail "))) {
    return {Type::kEmail, true, false, false};
  }
  if (head == "address" && name.starts_with("web")) return {Type::kUrl, true, false, true};
  if (head == "number" && (name.starts_with("phone") || name.starts_with("tele"))) {
    return {Type::kPhone, true, false, false};
  }
  if (head == "rate" && (ends_with_word(name, "daily rate") || ends_with_word(name, "hourly rate")
                         || ends_with_word(name, "weekly rate") ||
                         ends_with_word(name, "monthly rate") ||
                         ends_with_word(name, "day rate") || ends_with_word(name, "hour rate"))) {
    return {Type::kMoney, true, false, false};
  }
  auto it = type_rows().find(head);
  if (it == type_rows().end()) it = type_rows().find(text::singular(head));
  if (it == type_rows().end()) return guess;
  return {it->second.type, true, it->second.count, it->second.optional};
}

std::string plain_snake(std::string_view name) {
  auto id = text::snake_case(name);
  if (id.size() > 50) id.resize(50);
  while (id.ends_with("_")) id.pop_back();
  return id.empty() ? "x" : id;
}

std::string safe_snake(std::string_view name) { return spec::safe_id(plain_snake(name)); }

std::string safe_role(std::string_view name) {
  return spec::safe_id(plain_snake(name), spec::IdUse::kName);
}

std::string safe_pascal(std::string_view name) { return text::pascal_case(plain_snake(name)); }

}  // namespace cadre::offline::analysis
