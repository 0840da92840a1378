// Records and their fields: has-lists, parentheses, colons, "with" lists, "of each".
#include <algorithm>

#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

enum class How { kHas, kContains, kParenthesis, kColon, kWith, kOfEach, kStored };

struct List {
  How how = How::kHas;
  int sentence = 0;
  std::vector<Name> owners;
  std::string unnamed;  // an owner that is assumed: "entry"
  std::string carried;  // an owner from the heading or the line before
  std::vector<Item> items;
  int first = 0, last = 0;  // the verb and the items
};

bool number_follows(const Scan& s, int i) {
  while (s.at(i).tag == Tag::kAdverb) ++i;
  if (s.any(i, {"at most", "at least", "up to", "more than", "no more than", "less than",
                "fewer than", "maximum"})) {
    return !s.is(i, "maximum") || s.is(i + 1, "of");
  }
  if (s.at(i).tag == Tag::kDeterminer && s.any(i + 1, {"maximum", "minimum"}) &&
      s.is(i + 2, "of")) {
    return true;
  }
  if (s.any(i, {"a maximum of", "a minimum of"})) return true;
  for (const auto words : {"at most", "at least", "up to", "more than", "no more than"}) {
    if (s.phrase(i, words) > 0 && s.at(i + s.phrase(i, words)).number) {
      return !s.is(i + s.phrase(i, words), "one") || std::string_view(words) == "at most";
    }
  }
  return s.at(i).number.has_value() && !s.is(i, "one") && !s.is(i, "a");
}

// "have" as the main verb: no auxiliary, no "have to".
bool has_list_verb(const Scan& s, int i, int* items) {
  int next = i + 1;
  while (s.at(next).tag == Tag::kAdverb || s.any(next, {"also", "usually", "both"})) ++next;
  if (s.is(i, "have")) {
    if (s.is(next, "to") || s.is(next, "be") || s.is(next, "n't") || s.is(next, "not"))
      return false;
    if (s.at(next).tag == Tag::kVerb && s.at(next).form == VerbForm::kPastParticiple &&
        !guess_type(s.at(next).lower, false).known) {
      return false;
    }
  } else if (s.is(i, "be") && s.any(next, {"described", "identified", "characterised",
                                           "characterized", "defined", "recorded", "stored",
                                           "registered"}) &&
             s.any(next + 1, {"by", "with"})) {
    next += 2;
  } else {
    return false;
  }
  if (number_follows(s, next)) return false;
  if (s.is(next, ":")) ++next;
  if (s.any(next, {"the following", "following"})) {
    while (s.any(next, {"the", "the following", "following", "field", "attribute", "property", ":",
                        "information", "data", "detail"})) {
      ++next;
    }
  }
  *items = next;
  return true;
}

bool contains_verb(const Scan& s, int i, int* items) {
  if (s.any(i, {"contain", "include", "comprise"})) {
    if (s.at(i).tag != Tag::kVerb || s.at(i).form == VerbForm::kGerund) return false;
    *items = i + 1;
  } else if (s.is(i, "consist") && s.is(i + 1, "of")) {
    *items = i + 2;
  } else if (s.is(i, "consist of") || s.is(i, "consist_of")) {
    *items = i + 1;
  } else if (s.is(i, "be") && s.any(i + 1, {"made", "composed"}) && s.any(i + 2, {"of", "up"})) {
    *items = s.is(i + 3, "of") ? i + 4 : i + 3;
  } else {
    return false;
  }
  return !number_follows(s, *items) || s.any(*items, {"one", "at least"});
}

// The subjects in front of a verb: "books and DVDs", skipping "also" and modals.
std::vector<Name> owners_before(const Scan& s, int verb, int from) {
  int i = verb - 1;
  while (i >= from &&
         (s.at(i).tag == Tag::kAdverb || s.modal(i) || s.any(i, {"also", "usually"}))) {
    if (s.any(i, {"not", "never"})) return {};
    --i;
  }
  std::vector<Name> names;
  while (i >= from) {
    // "a test belongs to a subject and has a weight": the subject is further left.
    auto name = name_before(s, i, from);
    if (name.empty()) break;
    int head = name.first - 1;
    while (head > from && (s.at(head).tag == Tag::kDeterminer || is_name_stop(s.at(head).lower))) {
      --head;
    }
    if (s.is(head, "of")) {
      // "Observations of birds are recorded": the observations.
      const auto outer = name_before(s, head - 1, from);
      if (!outer.empty()) name = outer;
    }
    names.insert(names.begin(), name);
    int left = name.first - 1;
    while (left >= from && (s.at(left).tag == Tag::kDeterminer || s.at(left).tag == Tag::kNumber ||
                            is_name_stop(s.at(left).lower))) {
      --left;
    }
    if (left < from || !s.any(left, {"and", "or", ","})) break;
    i = left - 1;
  }
  return names;
}

// "An employee has ... and belongs to ... and has ...": the subject of the sentence.
Name first_subject(const Scan& s) {
  return name_after(s, s.any(0, {"for", "the", "each", "every"}) ? 1 : 0, s.size() - 1);
}

bool usable_owner(const Draft& draft, const Scan& s, const Name& name) {
  if (name.empty()) return false;
  const auto bare = bare_name(s, name);
  if (can_be_entity(draft, bare)) return true;
  const bool each = name.first > 0 && s.any(name.first - 1, {"each", "every", "a", "an"});
  const bool has = s.is(name.last + 1, "have") || s.be(name.last + 1);
  return (name.plural || each) && has && may_be_entity(bare);
}

class ListReader {
 public:
  ListReader(Draft& draft, const Reading& reading) : draft_(draft), reading_(reading) {}

  std::vector<List> run() {
    for (int i = 0; i < static_cast<int>(draft_.brief.sentences.size()); ++i) {
      if (!outside_sentence(draft_, i)) read(i);
    }
    return std::move(lists_);
  }

 private:
  void read(int index) {
    const auto& sentence = draft_.sentence(index);
    const Scan s(sentence);
    if (s.size() == 0) return;
    if (read_of_each(index, s)) return;
    if (read_colon(index, s)) return;
    if (read_bullet(index, s, sentence)) return;
    if (sentence.kind != LineKind::kBullet && sentence.kind != LineKind::kNumbered) open_line_ = -1;
    open_list(index, s);
    Name subject;
    for (int i = 0; i < s.size(); ++i) {
      int items = 0;
      const bool has = has_list_verb(s, i, &items);
      const bool contains = !has && contains_verb(s, i, &items);
      if (has || contains) {
        auto owners = owners_before(s, i, 0);
        int joint = i - 1;
        while (joint > 0 && s.modal(joint)) --joint;
        if (owners.empty() && joint > 0 && s.any(joint, {"and", "also"})) {
          owners = {segment_subject(index, s, i)};
        }
        if (owners.empty() && i > 0 && s.any(i - 1, {"it", "they"}) && !last_owner_name_.empty()) {
          List list;
          list.carried = last_owner_name_;
          i = std::max(i, add(How::kHas, index, s, {}, i, items, std::move(list)) - 1);
          continue;
        }
        const int end = add(has ? How::kHas : How::kContains, index, s, owners, i, items, {});
        i = std::max(i, end - 1);
      } else if (s.is(i, "(")) {
        read_parenthesis(index, s, i);
      } else if (s.is(i, "with")) {
        i = std::max(i, read_with(index, s, i) - 1);
      } else if (s.finite_verb(i) && subject.empty()) {
        const auto owners = owners_before(s, i, 0);
        if (!owners.empty()) last_owner_ = subject = owners.front();
      }
    }
    last_owner_ = {};
  }

  Name segment_subject(int index, const Scan& s, int at) {
    for (const auto& part : segments(draft_, index)) {
      if (at < part.first || at > part.last) continue;
      const auto name = name_after(s, part.first, at - 1);
      if (!name.empty()) return name;
    }
    return last_owner_.empty() ? first_subject(s) : last_owner_;
  }

  // Reads the items and keeps the list when it is one; returns one past the last used token.
  int add(How how, int index, const Scan& s, std::vector<Name> owners, int first, int items,
          List list) {
    std::erase_if(owners, [&](const Name& n) {
      const bool plural = ((how == How::kWith && n.plural) || (how == How::kColon && index > 0)) &&
                          may_be_entity(bare_name(s, n));
      return !plural && !usable_owner(draft_, s, n);
    });
    int end = items;
    list.items = parse_items(s, items, s.size() - 1, &end);
    if (list.items.empty() || (owners.empty() && list.carried.empty() && list.unnamed.empty())) {
      if (list.items.empty() && !owners.empty() && end >= s.size() - 1) {
        last_owner_name_ = bare_name(s, owners.front());
        open_line_ = index;
        draft_.claim({index, owners.front().first, end});
      }
      return items;
    }
    list.how = how;
    list.sentence = index;
    list.first = first;
    list.last = end - 1;
    if (!owners.empty()) {
      last_owner_name_ = bare_name(s, owners.front());
      last_owner_ = owners.front();
    }
    list.owners = std::move(owners);
    lists_.push_back(std::move(list));
    return end;
  }

  void read_parenthesis(int index, const Scan& s, int open) {
    const auto owner = name_before(s, open - 1, 0);
    if (!usable_owner(draft_, s, owner)) return;
    for (const auto& list : lists_) {
      if (list.sentence == index && open > list.first && open <= list.last) return;
    }
    const int close = s.closing(open);
    Item item;
    item.name_last = owner.last;
    read_marks(s, open + 1, close - 1, &item);
    if (item.parts.size() < 2) return;
    List list;
    list.how = How::kParenthesis;
    list.sentence = index;
    list.owners = {owner};
    list.items = std::move(item.parts);
    list.first = open;
    list.last = close;
    lists_.push_back(std::move(list));
  }

  int read_with(int index, const Scan& s, int i) {
    if (number_follows(s, i + 1)) return i + 1;
    // "may not have two permits with overlapping periods", "list homes with free places"
    for (int k = 0; k < i; ++k) {
      if (s.at(k).tag == Tag::kNegation) return i + 1;
    }
    if (s.any(0, {"list", "show", "search", "find", "filter"}) && !s.punctuation(1)) return i + 1;
    int before = i - 1;
    // "ticket types (e.g. standard) with a price": the types.
    if (s.is(before, ")")) {
      while (before > 0 && !s.is(before, "(")) --before;
      --before;
    }
    std::vector<Name> owners;
    // "games between two of them with a date": the games.
    const int between = s.find(std::max(0, i - 5), i - 1, "between");
    if (between > 0 && s.at(between + 1).number) before = between - 1;
    auto name = name_before(s, before, 0);
    if (name.empty()) {
      // "Vaccinations are recorded per animal with vaccine and date": the subject.
      for (int v = 0; v < i; ++v) {
        if (s.finite_verb(v)) {
          owners = owners_before(s, v, 0);
          break;
        }
      }
    } else {
      owners = {name};
      if (s.any(name.first - 1, {"per", "by", "for", "in", "to", "from"}) ||
          (s.at(name.first - 1).tag == Tag::kDeterminer &&
           s.any(name.first - 2, {"per", "by", "for", "to", "from"}))) {
        const bool from = s.is(name.first - 1, "from");
        for (int v = 0; v < i; ++v) {
          if (s.be(v) || (from && s.finite_verb(v))) owners = owners_before(s, v, 0);
        }
      }
    }
    std::string record;
    if (!name.empty() && index == 0 && is_product_noun(s.at(name.last).lemma)) {
      record = product_record(s, name);
    }
    std::erase_if(owners, [&](const Name& n) {
      return !usable_owner(draft_, s, n) && !(n.plural && may_be_entity(bare_name(s, n)));
    });
    if (owners.empty() && record.empty()) return i + 1;
    int end = i + 1;
    const auto items = parse_items(s, i + 1, s.size() - 1, &end);
    // "a project with open tasks can't be deleted": a condition, no list.
    if (end < s.size() && s.finite_verb(end)) return i + 1;
    int typed = 0;
    for (const auto& item : items) {
      if (is_people(item.name)) continue;
      typed += guess_type(item.name, item.number_of).known || item.plural ? 1 : 0;
    }
    const bool list = items.size() >= 2 ? typed * 2 >= static_cast<int>(items.size()) : typed == 1;
    if (!list || (items.size() == 1 && !items[0].number_of && s.at(i + 1).tag != Tag::kDeterminer &&
                  !items[0].plural)) {
      return i + 1;
    }
    List made;
    made.carried = owners.empty() ? record : std::string{};
    if (!made.carried.empty()) draft_.claim({index, 0, name.last});
    return add(How::kWith, index, s, owners, i, i + 1, std::move(made));
  }

  // "a notes app with tags": notes.
  std::string product_record(const Scan& s, const Name& name) {
    for (int i = name.last - 1; i >= name.first; --i) {
      const auto lemma = s.at(i).lemma;
      if (!s.noun(i) || is_product_noun(lemma) || !can_be_entity(draft_, lemma)) continue;
      return lemma;
    }
    return {};
  }

  // "title and author of each book", "for every sale the date and the amount are recorded",
  // "store for each book: title, author".
  bool read_of_each(int index, const Scan& s) {
    int each = s.find_any(0, s.size() - 1, {"for each", "for every", "of each", "of every",
                                            "about each", "about every", "on each", "per"});
    // "For pupils we note name and age."
    if (each < 0 && s.is(0, "for") && s.at(1).plural) return read_for_all(index, s);
    if (each < 0) return false;
    const bool of = s.is(each, "of") || s.any(each, {"of each", "of every"});
    const int after = s.is(each, "per") ? each + 1
                      : s.any(each, {"for", "of", "about", "on"}) ? each + 2 : each + 1;
    const auto owner = name_after(s, after, s.size() - 1);
    if (!usable_owner(draft_, s, owner)) return false;
    const bool stored = s.find_any(0, s.size() - 1,
                                   {"store", "record", "keep", "save", "track", "note", "enter",
                                    "register", "need", "know", "want"}) >= 0;
    if (!stored || (s.is(each, "per") && each > 0)) return false;
    int first = owner.last + 1;
    if (of) {
      const int verb = s.find_any(0, each, {"store", "record", "keep", "save", "track", "know",
                                            "register"});
      first = verb >= 0 && verb < each ? verb + 1 : 0;
    } else {
      while (s.any(first, {",", ":", "be", "we", "i", "you", "the system", "system", "app", "store",
                           "record", "keep", "save", "track", "need", "want", "to", "must",
                           "should", "shall", "will", "following", "the following", "know",
                           "register", "note"}) ||
             (s.is(first, "the") && s.any(first + 1, {"following", "system", "app"}))) {
        ++first;
      }
    }
    List list;
    const int end = add(How::kOfEach, index, s, {owner}, owner.first, first, std::move(list));
    if (end == first) return false;
    // "... are recorded", "We store ..."
    for (int i = 0; i < s.size(); ++i) {
      if (s.any(i, {"store", "record", "keep", "save", "track", "register", "note", "know"})) {
        draft_.claim(index, i);
      }
    }
    draft_.claim({index, owner.first, owner.last});
    return true;
  }

  bool read_for_all(int index, const Scan& s) {
    const auto owner = name_after(s, 1, s.size() - 1);
    int verb = owner.last + 1;
    while (s.any(verb, {",", "we", "i", "you", "need", "want", "must", "should", "to"})) ++verb;
    if (owner.empty() || !usable_owner(draft_, s, owner) ||
        !s.any(verb, {"store", "record", "keep", "save", "track", "note", "enter", "register",
                      "know"})) {
      return false;
    }
    const int end = add(How::kOfEach, index, s, {owner}, verb, verb + 1, {});
    if (end > verb + 1) draft_.claim({index, owner.first, owner.last});
    return end > verb + 1;
  }

  // "Book: title, author, isbn", "address book: name, phone", "ENTITY task: title".
  bool read_colon(int index, const Scan& s) {
    int colon = s.find_any(0, std::min(s.size() - 1, 7), {":", "="});
    if (colon < 0) colon = spaced_dash(s);
    if (colon <= 0 || colon + 1 >= s.size()) return false;
    if (s.is(0, "entity") && s.find(2, s.size() - 1, "entity") > 0) return read_entities(index, s);
    const int begin =
        s.any(0, {"entity", "table", "model", "record", "class"}) && colon > 1 ? 1 : 0;
    if (!is_fragment(s, begin, colon - 1) || asks_to_keep(s, colon)) {
      return read_object_colon(index, s, colon);
    }
    Name owner = name_after(s, begin, colon - 1);
    if (!owner.empty() && is_field_noun(s.at(owner.last).lemma) &&
        s.any(owner.last + 1, {"about", "on", "for", "of"})) {
      owner = name_after(s, owner.last + 2, colon - 1);  // "Information about plants: ..."
    }
    if (owner.empty() || is_choice_noun(s.at(owner.last).lemma)) return false;
    int end = colon + 1;
    const auto items = parse_items(s, colon + 1, s.size() - 1, &end);
    if (items.size() < 2 && begin == 0) return false;
    if (end < s.size() && !s.any(end, {".", ";"})) return false;
    int typed = 0;
    for (const auto& item : items) {
      if (item.parts.size() >= 2) return false;
      typed += guess_type(item.name, item.number_of).known ? 1 : 0;
    }
    if (begin == 0 && typed * 3 < static_cast<int>(items.size())) return false;
    List list;
    const auto head = s.at(owner.last).lemma;
    static constexpr std::string_view kBooks[] = {"book", "list", "log", "catalogue", "catalog",
                                                  "diary", "journal", "collection", "archive",
                                                  "inventory", "register"};
    const bool container =
        owner.last > owner.first &&
        std::find(std::begin(kBooks), std::end(kBooks), head) != std::end(kBooks);
    if (index == 0 && (is_product_noun(head) || container)) {
      list.unnamed = record_of_product(s, owner, items);
      return add(How::kColon, index, s, {}, colon, colon + 1, std::move(list)) > colon + 1;
    }
    return add(How::kColon, index, s, {owner}, colon, colon + 1, {}) > colon + 1;
  }

  // "Plants - name, age": a dash with blanks around it, behind one noun.
  int spaced_dash(const Scan& s) const {
    const auto name = name_after(s, 0, s.size() - 1);
    const int dash = name.last + 1;
    if (name.empty() || !s.any(dash, {"-", "–", "—"}) || !s.noun(name.last)) return -1;
    const auto& text = draft_.brief.text;
    const auto at = static_cast<std::size_t>(s.at(dash).begin);
    const auto behind = static_cast<std::size_t>(s.at(dash).end);
    if (at == 0 || behind >= text.size()) return -1;
    return text[at - 1] == ' ' && text[behind] == ' ' ? dash : -1;
  }

  // "Keep track of my hives: ...": an order, no title.
  static bool asks_to_keep(const Scan& s, int colon) {
    int i = 0;
    while (s.any(i, {"please", "just", "simply", "need", "want", "to", "like", "help", "me"})) ++i;
    const auto& t = s.at(i);
    const bool order = t.tag == Tag::kVerb && t.form == VerbForm::kBase;
    return order && i + 1 < colon && (verb_class(t.lemma) != VerbClass::kOther ||
                                      verb_class(t.lower) != VerbClass::kOther);
  }

  // "I'd like to log my runs: distance, time and date".
  bool read_object_colon(int index, const Scan& s, int colon) {
    const auto owner = name_before(s, colon - 1);
    if (!usable_owner(draft_, s, owner) || is_choice_noun(s.at(owner.last).lemma)) return false;
    int end = colon + 1;
    const auto items = parse_items(s, colon + 1, s.size() - 1, &end);
    int typed = 0;
    for (const auto& item : items) {
      if (!item.parts.empty()) return false;
      typed += guess_type(item.name, item.number_of).known ? 1 : 0;
    }
    if (items.size() < 2 || typed * 2 < static_cast<int>(items.size())) return false;
    if (end < s.size() && !s.any(end, {".", ";"})) return false;
    return add(How::kColon, index, s, {owner}, colon, colon + 1, {}) > colon + 1;
  }

  // Several "ENTITY x: a, b" in one run of text.
  bool read_entities(int index, const Scan& s) {
    for (int i = 0; i < s.size(); ++i) {
      if (!s.is(i, "entity")) continue;
      const int colon = s.find(i + 1, std::min(s.size() - 1, i + 4), ":");
      if (colon < 0) continue;
      const auto owner = name_after(s, i + 1, colon - 1);
      if (owner.empty()) continue;
      int last = s.find(colon, s.size() - 1, "entity");
      last = last < 0 ? s.size() - 1 : last - 1;
      List list;
      int end = colon + 1;
      list.items = parse_items(s, colon + 1, last, &end);
      list.how = How::kColon;
      list.sentence = index;
      list.first = colon;
      list.last = end - 1;
      list.owners = {owner};
      draft_.claim(index, i);
      lists_.push_back(std::move(list));
      i = end - 1;
    }
    return true;
  }

  // What an "address book" or a "movie app" keeps.
  std::string record_of_product(const Scan& s, const Name& name, const std::vector<Item>& items) {
    const auto first = name_after(s, name.first, name.last - 1);
    if (!first.empty() && !guess_type(first.text, false).known && !is_product_noun(first.text) &&
        can_be_entity(draft_, first.text)) {
      return first.text;
    }
    for (const auto& item : items) {
      const auto type = guess_type(item.name, false).type;
      if (type == spec::Type::kEmail || type == spec::Type::kPhone) return "contact";
    }
    return "entry";
  }

  // A line with nothing but "Animals" above bullets that are fields.
  void open_list(int index, const Scan& s) {
    const int next = index + 1;
    if (s.size() > 3 || next >= static_cast<int>(draft_.brief.sentences.size())) return;
    if (draft_.sentence(next).kind != LineKind::kBullet) return;
    const Scan bullet(draft_.sentence(next));
    if (bullet.find(0, bullet.size() - 1, ":") >= 0) return;
    const auto name = name_after(s, 0, s.size() - 1);
    if (!usable_owner(draft_, s, name) || is_topic(bare_name(s, name))) return;
    last_owner_name_ = bare_name(s, name);
    open_line_ = index;
    draft_.claim({index, name.first, name.last});
  }

  static bool is_topic(std::string_view heading) {
    static constexpr std::string_view kTopics[] = {
        "feature", "requirement", "rule", "goal", "role", "entity", "function", "note",
        "constraint", "overview", "user story", "story", "assumption", "scope", "general"};
    return std::any_of(std::begin(kTopics), std::end(kTopics),
                       [&](auto topic) { return heading.ends_with(topic); });
  }

  // Bare items under a heading ("Book") or under "Each book has:".
  bool read_bullet(int index, const Scan& s, const Sentence& sentence) {
    if (sentence.kind != LineKind::kBullet && sentence.kind != LineKind::kNumbered) return false;
    if (!is_fragment(s, 0, s.size() - 1)) return false;
    std::string owner;
    if (open_line_ >= 0 && !last_owner_name_.empty()) {
      owner = last_owner_name_;
    } else if (!sentence.heading.empty()) {
      std::string heading = text::singular(sentence.heading);
      if (heading.ends_with(":")) heading.pop_back();
      if (!can_be_entity(draft_, heading) || heading.find(' ') != heading.rfind(' ')) return false;
      if (is_topic(heading)) return false;
      owner = heading;
    }
    if (owner.empty()) return false;
    List list;
    list.carried = owner;
    return add(How::kColon, index, s, {}, 0, 0, std::move(list)) > 0;
  }

  Draft& draft_;
  const Reading& reading_;
  std::vector<List> lists_;
  Name last_owner_;
  std::string last_owner_name_;
  int open_line_ = -1;
};

// --- applying

void add_child(Draft& draft, const std::string& owner, const Item& item, const List& list) {
  const Range range{list.sentence, item.name_first, item.name_last};
  const auto child = draft.add_entity(item.name, draft.stated(range, "entity.part"));
  if (child == owner) return;
  auto& relation = draft.relate(child, owner, "", draft.stated(range, "relation.part"));
  relation.owned = list.how == How::kContains || !item.parts.empty() || item.count_min.has_value();
  if (relation.owned) {
    relation.on_delete = spec::OnDelete::kCascade;
    draft.entity(child).kind = spec::EntityKind::kLine;
  }
  if (item.count_min) {
    relation.min = static_cast<int>(*item.count_min);
    draft.minimums.push_back({owner, child, *relation.min, {list.sentence, item.first, item.last}});
  }
  for (const auto& part : item.parts) {
    const Range where{list.sentence, part.name_first, part.name_last};
    const auto target = draft.entity_named(part.name);
    if (!target.empty() && target != child) {
      draft.relate(child, target, "", draft.stated(where, "relation.part"));
    } else {
      const auto id = draft.add_attribute(child, part.name, draft.stated(where, "attr.part"),
                                          part.number_of).id;
      apply_marks(draft, child, id, part, list.sentence);
    }
    draft.claim({list.sentence, part.first, part.last});
  }
  if (!item.parts.empty()) draft.note(child).listed = true;
  draft.claim({list.sentence, item.first, item.name_last});
}

// Bare plural items ("tags", "ingredients"): many to many through an association.
void add_association(Draft& draft, const std::string& owner, const std::string& target,
                     const Item& item, const List& list) {
  const Range range{list.sentence, item.name_first, item.name_last};
  const auto origin = draft.stated(range, "relation.many");
  const std::string name = draft.entity(owner).name + " " + draft.entity(target).name;
  const auto via = draft.add_entity(name, draft.implied(range, "relation.many"),
                                    spec::EntityKind::kAssociation);
  draft.relate(via, owner, "", origin).on_delete = spec::OnDelete::kCascade;
  draft.relate(via, target, "", origin).on_delete = spec::OnDelete::kCascade;
  draft.entity(via).natural_key = {draft.relation_to(via, owner)->role,
                                   draft.relation_to(via, target)->role};
  spec::Relation many;
  many.from = owner;
  many.to = target;
  many.role = safe_role(draft.entity(target).plural);
  many.cardinality = spec::Cardinality::kManyToMany;
  many.via = via;
  many.origin = origin;
  draft.spec.relations.push_back(many);
  draft.claim({list.sentence, item.first, item.last});
}

// Did the reading understand what stands behind the name?
bool marks_read(const Item& item) {
  return item.required || item.optional || item.unique || !item.default_word.empty() || item.min ||
         item.max || !item.values.empty() || !item.unit.empty() || item.type ||
         item.length_max > 0 || item.example;
}

// "A course may have prerequisite courses."
void add_self_association(Draft& draft, const std::string& owner, const Item& item,
                          const List& list) {
  const Range range{list.sentence, item.name_first, item.name_last};
  const auto origin = draft.stated(range, "relation.self");
  const auto via = draft.add_entity(draft.entity(owner).name + " relation",
                                    draft.implied(range, "relation.self"),
                                    spec::EntityKind::kAssociation);
  const auto first = draft.relate(via, owner, "", origin).role;
  const auto second = draft.relate(via, owner, text::singular(item.name), origin).role;
  draft.relation(via, first)->on_delete = spec::OnDelete::kCascade;
  draft.relation(via, second)->on_delete = spec::OnDelete::kCascade;
  draft.entity(via).natural_key = {first, second};
  spec::Relation many;
  many.from = many.to = owner;
  many.role = safe_role(item.name);
  many.cardinality = spec::Cardinality::kManyToMany;
  many.via = via;
  many.origin = origin;
  draft.spec.relations.push_back(many);
  draft.claim({list.sentence, item.first, item.last});
}

// "recipes with ingredients and amounts": the amount belongs to the pair.
bool pair_attribute(Draft& draft, const std::string& pair, const Item& item, const List& list) {
  if (pair.empty() || !item.plural || !draft.entity_named(item.name).empty()) return false;
  const auto type = guess_type(item.name, false).type;
  if (type != spec::Type::kMoney && type != spec::Type::kInt && type != spec::Type::kDecimal) {
    return false;
  }
  auto& a = draft.add_attribute(pair, item.name,
                                draft.stated({list.sentence, item.name_first, item.name_last},
                                             "attr.pair"));
  if (item.name == "amount") a.type = spec::Type::kDecimal;
  draft.claim({list.sentence, item.first, item.last});
  return true;
}

void apply_item(Draft& draft, const std::string& owner, const Item& item, const List& list) {
  const Range range{list.sentence, item.name_first, item.name_last};
  auto target = item.number_of ? std::string{} : draft.entity_named(item.name);
  if (target.empty() && !item.plural && draft.acting.contains(item.name)) {
    // "a nurse", and nurses do something elsewhere: one of them.
    target = draft.add_entity(item.name, draft.stated(range, "entity.person"));
    draft.note(target).person = true;
  }
  const auto guess = guess_type(item.name, item.number_of);
  const bool plain = item.values.empty() && !item.min && !item.max && !item.type &&
                     item.unit.empty();
  if (!item.parts.empty()) return add_child(draft, owner, item, list);
  const bool bare = !guess.known || (guess.type == spec::Type::kString && item.plural);
  if (item.plural && plain && !item.number_of && target.empty() && bare &&
      resolve(draft, item.name) != owner && can_be_entity(draft, item.name)) {
    if (list.how == How::kContains || item.count_min) return add_child(draft, owner, item, list);
    target = draft.add_entity(item.name, draft.stated(range, "entity.plural"));
    return add_association(draft, owner, target, item, list);
  }
  if (!target.empty() && plain && target != owner) {
    if (item.plural) {
      if (draft.note(target).listed || list.how == How::kContains ||
          draft.relation_to(target, owner) != nullptr) {
        return add_child(draft, owner, item, list);
      }
      return add_association(draft, owner, target, item, list);
    }
    auto& relation = draft.relate(owner, target, item.name, draft.stated(range, "relation.has"));
    relation.required = !item.optional;
    draft.claim({list.sentence, item.first, item.last});
    return;
  }
  if (target == owner && item.plural) return;
  if (item.plural && plain && target.empty() && resolve(draft, item.name) == owner) {
    return add_self_association(draft, owner, item, list);
  }
  const bool many = guess.count || guess.type == spec::Type::kText;
  const std::string name = item.plural && guess.known && !item.number_of && many
                               ? text::plural(item.name) : item.name;
  const auto id = draft.add_attribute(owner, name, draft.stated(range, "attr.list"),
                                      item.number_of).id;
  apply_marks(draft, owner, id, item, list.sentence);
  draft.claim({list.sentence, item.first, marks_read(item) ? item.last : item.name_last});
}

// "The hotel has rooms": the place where it all happens is no record.
bool is_setting(const Draft& draft, const Scan& s, const List& list, const Name& owner) {
  const bool definite = owner.first > 0 && s.any(owner.first - 1, {"the", "our", "my"});
  if (!definite || owner.plural || list.how != How::kHas) return false;
  if (!draft.entity_named(bare_name(s, owner)).empty()) return false;
  return std::all_of(list.items.begin(), list.items.end(),
                     [](const Item& item) { return item.plural; });
}

}  // namespace

void read_lists(Draft& draft, const Reading& reading) {
  auto lists = ListReader(draft, reading).run();
  struct Owned {
    std::string owner;
    const List* list;
  };
  std::vector<Owned> owned;
  for (const auto& list : lists) {
    const Scan s(draft.sentence(list.sentence));
    for (const auto& owner : list.owners) {
      if (is_setting(draft, s, list, owner)) {
        draft.claim({list.sentence, owner.first, list.first});
        for (const auto& item : list.items) {
          if (!can_be_entity(draft, item.name)) continue;
          const Range range{list.sentence, item.name_first, item.name_last};
          draft.add_entity(item.name, draft.stated(range, "entity.setting"));
          draft.claim({list.sentence, item.first, item.last});
        }
        continue;
      }
      const Range range{list.sentence, owner.first, owner.last};
      const auto id = draft.add_entity(bare_name(s, owner), draft.stated(range, "entity.list"));
      draft.note(id).listed = true;
      if (draft.main_entity.empty()) draft.main_entity = id;
      draft.claim(range);
      owned.push_back({id, &list});
    }
    const std::string extra = list.unnamed.empty() ? list.carried : list.unnamed;
    if (extra.empty()) continue;
    const Range range{list.sentence, 0, 0};
    const auto id = draft.add_entity(extra, list.unnamed.empty()
                                                ? draft.stated(range, "entity.heading")
                                                : Draft::assumed());
    draft.note(id).listed = true;
    if (draft.main_entity.empty()) draft.main_entity = id;
    if (!list.unnamed.empty()) {
      draft.note(id).assumed = true;
      draft.assume("One record is called \"" + draft.entity(id).name + "\".", {id},
                   "name the records, as in \"each " + draft.entity(id).name + " has ...\"");
    }
    owned.push_back({id, &list});
  }
  find_entities_in_actions(draft, reading);
  for (const auto& [owner, list] : owned) {
    if (!draft.has_entity(owner)) continue;
    draft.claim({list->sentence, list->first, list->first});
    std::string pair;
    for (const auto& item : list->items) {
      if (pair_attribute(draft, pair, item, *list)) continue;
      const auto before = draft.spec.entities.size();
      apply_item(draft, owner, item, *list);
      const bool paired = draft.spec.entities.size() > before &&
                          draft.spec.entities.back().kind == spec::EntityKind::kAssociation;
      pair = paired ? draft.spec.entities.back().id : std::string{};
    }
  }
}

}  // namespace cadre::offline::analysis
