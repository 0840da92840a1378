#include "offline/language/language.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

#include "base/hash.h"

#include "offline/language/test_form.h"

namespace cadre::offline {
namespace {

const Token* token(const Sentence& s, std::string_view lower) {
  const auto found = std::ranges::find(s.tokens, lower, &Token::lower);
  return found == s.tokens.end() ? nullptr : &*found;
}

const NounPhrase* phrase(const Sentence& s, std::string_view name) {
  const auto found = std::ranges::find(s.nouns, name, &NounPhrase::name);
  return found == s.nouns.end() ? nullptr : &*found;
}

std::vector<std::string> texts(const Brief& brief) {
  std::vector<std::string> out;
  for (const Sentence& s : brief.sentences) out.push_back(s.text);
  return out;
}

std::vector<LineKind> kinds(const Brief& brief) {
  std::vector<LineKind> out;
  for (const Sentence& s : brief.sentences) out.push_back(s.kind);
  return out;
}

TEST(Sentences, EndAtMarksAndNotAtAbbreviations) {
  EXPECT_EQ(texts(read_brief("Types (e.g. standard, VIP) have a price. Sizes max. 10 MB. Ok?")),
            (std::vector<std::string>{"Types (e.g. standard, VIP) have a price.",
                                      "Sizes max. 10 MB.", "Ok?"}));
  EXPECT_EQ(
      texts(read_brief("Dr. Smith pays 1.50 per item. See no. 5 etc. Then go.")),
      (std::vector<std::string>{"Dr. Smith pays 1.50 per item.", "See no. 5 etc.", "Then go."}));
}

TEST(Sentences, JoinWrappedLinesAndSplitLists) {
  const Brief brief = read_brief(
      "A library for a small town where members\nborrow books.\n\n"
      "Rules:\n- max 5 books\n- loans last 14 days\n  and can be renewed\n1. Late returns cost 1 "
      "euro\n");
  EXPECT_EQ(texts(brief),
            (std::vector<std::string>{
                "A library for a small town where members\nborrow books.", "Rules:", "max 5 books",
                "loans last 14 days\n  and can be renewed", "Late returns cost 1 euro"}));
  EXPECT_EQ(kinds(brief),
            (std::vector<LineKind>{LineKind::kProse, LineKind::kHeading, LineKind::kBullet,
                                   LineKind::kBullet, LineKind::kNumbered}));
  EXPECT_EQ(brief.sentences.back().heading, "rules");
}

TEST(Sentences, HaveTheirKind) {
  const auto kind = [](const char* text) { return read_brief(text).sentences.at(0).kind; };
  EXPECT_EQ(kind("As a user, I want to log in."), LineKind::kUserStory);
  EXPECT_EQ(kind("# Users\nUsers log in."), LineKind::kHeading);
  EXPECT_EQ(kind("REQ-1: The system shall log every login."), LineKind::kNumbered);
  EXPECT_EQ(kind("[R2] Members pay a fee."), LineKind::kNumbered);
  EXPECT_EQ(kind("ENTITY book: title, author"), LineKind::kKeyValue);
  EXPECT_EQ(kind("Status: open, in progress, waiting for customer, resolved, closed."),
            LineKind::kKeyValue);
  EXPECT_EQ(kind("Library service: members borrow books."), LineKind::kProse);
  EXPECT_EQ(kind("| name | text | required |"), LineKind::kTableRow);
  EXPECT_EQ(kind("Given a member with a loan"), LineKind::kGivenWhenThen);
  EXPECT_EQ(kind("Week 1: lessons start."), LineKind::kProse);
}

TEST(Tokens, KeepNumbersUnitsAndCurrencies) {
  const Sentence s =
      read_brief("Pay $20, 500 euros, 10 %, 1,000 km or 0,50 before 17:30 within 7 days.")
          .sentences[0];
  const auto unit = [&](std::string_view lower) { return token(s, lower)->unit; };
  EXPECT_EQ(unit("20"), "USD");
  EXPECT_EQ(unit("500"), "EUR");
  EXPECT_EQ(unit("10"), "percent");
  EXPECT_EQ(unit("1,000"), "km");
  EXPECT_EQ(unit("17:30"), "time");
  EXPECT_EQ(unit("7"), "day");
  EXPECT_DOUBLE_EQ(token(s, "1,000")->number.value(), 1000);
  EXPECT_DOUBLE_EQ(token(s, "0,50")->number.value(), 0.5);
  EXPECT_DOUBLE_EQ(token(s, "17:30")->number.value(), 17.5);
}

TEST(Tokens, OpenContractionsAndShortForms) {
  const Sentence s =
      read_brief("It's late & users can't, don't, cannot pay w/ cash w/o fee.").sentences[0];
  std::string lowers;
  for (const Token& t : s.tokens) lowers += t.lower + " ";
  EXPECT_EQ(lowers, "it is late and users can not , do not , can not pay with cash without fee . ");
  const Sentence member =
      read_brief("The member\u2019s name and the members\u2019 names.").sentences[0];
  EXPECT_EQ(phrase(member, "name")->owner, "member");
}

TEST(Tokens, KeepCodesWholeAndSplitRanges) {
  const Sentence s = read_brief("Numbers like 2024-0001 or 2024-01-31, floors 1-5.").sentences[0];
  EXPECT_NE(token(s, "2024-0001"), nullptr);
  EXPECT_NE(token(s, "2024-01-31"), nullptr);
  EXPECT_NE(token(s, "5"), nullptr);
}

TEST(Phrases, CarryBoundsRangesOwnersAndBrackets) {
  const Sentence s = read_brief(
                         "Each game has a rating (1 to 5), a queen's birth year, at least 2 "
                         "players and exactly one owner.")
                         .sentences[0];
  const NounPhrase* rating = phrase(s, "rating");
  ASSERT_NE(rating, nullptr);
  EXPECT_EQ(s.tokens[static_cast<std::size_t>(rating->parenthesis_first)].lower, "1");
  EXPECT_EQ(phrase(s, "birth year")->owner, "queen");
  EXPECT_EQ(phrase(s, "player")->bound, Bound::kAtLeast);
  EXPECT_EQ(phrase(s, "owner")->bound, Bound::kExactly);
  const auto range = std::ranges::find(s.nouns, Bound::kBetween, &NounPhrase::bound);
  ASSERT_NE(range, s.nouns.end());
  EXPECT_DOUBLE_EQ(*range->number, 1);
  EXPECT_DOUBLE_EQ(*range->number_to, 5);
}

TEST(Phrases, KnowTheirOfComplement) {
  const Sentence s = read_brief("A book has a number of available copies.").sentences[0];
  const NounPhrase* number = phrase(s, "number");
  ASSERT_NE(number, nullptr);
  ASSERT_GE(number->of, 0);
  const NounPhrase& copies = s.nouns[static_cast<std::size_t>(number->of)];
  EXPECT_EQ(copies.head_lemma, "copy");
  EXPECT_EQ(copies.adjectives, std::vector<std::string>{"available"});
  EXPECT_EQ(copies.name, "available copy");
  EXPECT_EQ(copies.compound, "copy");
  EXPECT_TRUE(copies.plural);
}

TEST(Tags, TellBookTheNounFromBookTheVerb) {
  const auto tag_of = [](const char* text, std::string_view word) {
    return token(read_brief(text).sentences[0], word)->tag;
  };
  EXPECT_EQ(tag_of("Members can book classes.", "book"), Tag::kVerb);
  EXPECT_EQ(tag_of("Patients book appointments.", "book"), Tag::kVerb);
  EXPECT_EQ(tag_of("Each book has a title.", "book"), Tag::kNoun);
  EXPECT_EQ(tag_of("address book: name, phone", "book"), Tag::kNoun);
  EXPECT_EQ(tag_of("The order is shipped.", "order"), Tag::kNoun);
  EXPECT_EQ(tag_of("Guests order drinks.", "order"), Tag::kVerb);
  EXPECT_EQ(tag_of("vehicles (make, model, year)", "make"), Tag::kNoun);
  EXPECT_EQ(tag_of("products (name, purchase price)", "purchase"), Tag::kNoun);
}

TEST(Repairs, AreMadeAndReported) {
  const Brief brief = read_brief(
      "i need an app for my book colection. every book has a titel and an auhtor. teh price is "
      "requierd. A custmer can cancle a resrvation untill monday.");
  std::string repairs;
  for (const Repair& r : brief.repairs) {
    repairs += r.from + ">" + r.to + " ";
    EXPECT_EQ(brief.text.substr(static_cast<std::size_t>(r.begin), r.from.size()), r.from);
  }
  EXPECT_EQ(repairs,
            "colection>collection titel>title auhtor>author teh>the requierd>required "
            "custmer>customer cancle>cancel resrvation>reservation untill>until ");
}

TEST(Repairs, LeaveNamesRareAndInventedWordsAlone) {
  for (const char* text :
       {"A dax can gorp at most 3 blicks at the same time. Daxes gorp blicks.",
        "Pay with Paypol or Strype. Show the kiln, the musk and the tracker.",
        "Each SKU has an EAN. Organisers analyse colours and catalogue speciality paediatrics."})
    EXPECT_TRUE(read_brief(text).repairs.empty()) << describe(read_brief(text));
}

TEST(Lexicon, KnowsPersonsEventsAndForms) {
  for (const char* person :
       {"librarian", "customer", "organiser", "attendee", "team member", "staff"})
    EXPECT_TRUE(is_person_noun(person)) << person;
  for (const char* thing : {"book", "invoice", "company", "date", "price"})
    EXPECT_FALSE(is_person_noun(thing)) << thing;
  EXPECT_EQ(event_noun_of("borrow"), "loan");
  EXPECT_EQ(event_noun_of("check_in"), "check-in");
  EXPECT_EQ(event_noun_of("think"), "");
  EXPECT_EQ(verb_of_event_noun("booking"), "book");
  EXPECT_EQ(past_participle("borrow"), "borrowed");
  EXPECT_EQ(past_participle("take"), "taken");
  EXPECT_EQ(past_participle("ship"), "shipped");
  EXPECT_EQ(past_participle("check_in"), "checked in");
  EXPECT_EQ(past_participle("carry"), "carried");
  EXPECT_EQ(lemma_of("categories", Tag::kNoun), "category");
  EXPECT_EQ(lemma_of("children", Tag::kNoun), "child");
  EXPECT_EQ(lemma_of("organised", Tag::kVerb), "organise");
  EXPECT_TRUE(is_time_noun("month"));
  EXPECT_TRUE(is_known_word("recipe"));
  EXPECT_FALSE(is_known_word("blick"));
}

std::string file_text(const std::string& name) {
  std::ifstream file(std::string(CADRE_SOURCE_DIR) + "/src/offline/language/lexicon/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Look-up is a binary search in these files.
TEST(Lexicon, FilesAreSortedByTheirFirstColumn) {
  for (const char* name :
       {"wordnet.txt", "business.txt", "events.txt", "irregular.txt", "rare.txt"}) {
    std::istringstream lines(file_text(name));
    std::string line, last;
    int count = 0;
    while (std::getline(lines, line)) {
      if (line.starts_with('#')) continue;
      const std::string word = line.substr(0, line.find_first_of("\t "));
      ASSERT_LT(last, word) << name;
      last = word;
      ++count;
    }
    EXPECT_GT(count, 50) << name;
  }
}

TEST(Lexicon, DistilledFilesAreAsTheScriptWroteThem) {
  for (const char* name : {"wordnet.txt", "rare.txt"}) {
    const std::string text = file_text(name);
    const std::size_t sum = text.find("sha256 of the lines below: ") + 27;
    const std::size_t body = text.find('\n', sum) + 1;
    EXPECT_EQ(text.substr(sum, 64), sha256_hex(text.substr(body))) << name;
  }
}

TEST(Briefs, SayWhatIsWrongWithThem) {
  EXPECT_EQ(read_brief("").problem, "empty");
  EXPECT_EQ(read_brief(" \n\t ").problem, "empty");
  EXPECT_EQ(read_brief("... --- !!!").problem, "empty");
  EXPECT_EQ(read_brief(std::string(kBriefBytesMax + 1, 'a')).problem, "too long");
  EXPECT_EQ(read_brief(std::string("PK\0\1\2\3", 6)).problem, "binary");
  EXPECT_FALSE(read_brief("Mitglieder leihen Bücher aus. Jedes Buch hat einen Titel.").english);
  EXPECT_FALSE(read_brief("Les membres empruntent des livres et chaque livre a un titre.").english);
  EXPECT_FALSE(read_brief("图书馆系统:会员借书。每本书都有标题。").english);
  EXPECT_TRUE(read_brief("A dax can gorp at most 3 blicks at the same time.").english);
  EXPECT_TRUE(read_brief("todo app").english);
}

TEST(Briefs, SurviveWrongUtf8) {
  const Brief brief = read_brief("Members borrow \xff books \xc3. Each book has a \xe2\x82 title.");
  EXPECT_EQ(brief.text, "Members borrow   books  . Each book has a    title.");
  EXPECT_EQ(brief.bad_bytes, 4);
  EXPECT_EQ(brief.sentences.size(), 2U);
  EXPECT_EQ(read_brief("A caf\xe9 sells cakes.").sentences[0].nouns[0].name, "caf_");
  const Brief spaced = read_brief("\xef\xbb\xbfMembers\u00a0borrow books.");
  EXPECT_EQ(verb_forms(spaced), std::vector<std::string>{"member borrow book"});
}

// What every text must satisfy.
void check_invariants(const std::string& text) {
  const Brief brief = read_brief(text);
  ASSERT_EQ(brief.text.size(), std::min(text.size(), kBriefBytesMax));
  int end = 0;
  for (const Sentence& s : brief.sentences) {
    ASSERT_LE(end, s.begin);
    ASSERT_LT(s.begin, s.end);
    ASSERT_LE(s.end, static_cast<int>(brief.text.size()));
    int at = s.begin;
    for (const Token& t : s.tokens) {
      ASSERT_LT(t.begin, t.end);
      for (; at < t.begin; ++at)
        ASSERT_TRUE(std::string_view(" \t\n\r").contains(brief.text[static_cast<std::size_t>(at)]));
      ASSERT_EQ(at, t.begin);
      ASSERT_EQ(brief.text.substr(static_cast<std::size_t>(t.begin),
                                  static_cast<std::size_t>(t.end - t.begin)),
                t.text);
      at = t.end;
    }
    ASSERT_EQ(at, s.end);
    end = s.end;
    const int count = static_cast<int>(s.tokens.size());
    const int nouns = static_cast<int>(s.nouns.size());
    for (const NounPhrase& np : s.nouns) {
      ASSERT_TRUE(0 <= np.first && np.first <= np.head && np.head <= np.last && np.last < count);
      ASSERT_LT(np.of, nouns);
      ASSERT_LT(np.parenthesis_last, count);
    }
    for (const Clause& c : s.clauses) {
      ASSERT_TRUE(0 <= c.first && c.first <= c.last && c.last < count);
      ASSERT_LT(c.parent, static_cast<int>(s.clauses.size()));
      for (const int n : c.subjects) ASSERT_TRUE(n >= 0 && n < nouns);
      for (const int n : c.objects) ASSERT_TRUE(n >= 0 && n < nouns);
      for (const Adjunct& a : c.adjuncts) ASSERT_LT(a.noun, nouns);
    }
  }
  ASSERT_FALSE(describe(brief).empty() && !brief.sentences.empty());
}

TEST(Briefs, HoldTheirInvariantsOnWordSalad) {
  static constexpr const char* kWords[] = {
      "book", "books",     "can",       "not",   "the",     "a",    "each", "(",        ")",
      ",",    ".",         ":",         ";",     "and",     "or",   "who",  "that",     "if",
      "when", "unless",    "to",        "be",    "is",      "have", "been", "borrowed", "at most",
      "5",    "days",      "$",         "%",     "between", "from", "1-10", "\n",       "\n- ",
      "'s",   "of",        "times",     "check", "in",      "out",  "only", "want",     "allowed",
      "let",  "one",       "or more",   "\"",    "😀",      "e.g.", "w/",   "no",       "her",
      "like", "more than", "returning", "late",  "as",      "\xff", "#",    "|",        "by",
      "it",   "may"};
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    std::string text;
    const int length = static_cast<int>(random() % 60);
    for (int i = 0; i < length; ++i) {
      text += kWords[random() % std::size(kWords)];
      if (random() % 8 != 0) text += ' ';
    }
    check_invariants(text);
    if (HasFatalFailure()) FAIL() << text;
  }
}

TEST(Briefs, HoldTheirInvariantsOnRandomBytes) {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    std::string text;
    const int length = static_cast<int>(random() % 200);
    const bool printable = round % 2 == 0;
    for (int i = 0; i < length; ++i)
      text += static_cast<char>(printable ? 32 + random() % 95 : 1 + random() % 255);
    check_invariants(text);
    if (HasFatalFailure()) FAIL() << testing::PrintToString(text);
  }
}

TEST(Briefs, StayLinearOnHostileText) {
  const auto repeat = [](std::string_view part, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += part;
    return out;
  };
  for (const char* part : {"(", ")", "a", ". ", "want to ", "if when ", "1-", "'", "- item\n",
                           "that who ", "book ", "a.b", "Title:\n\n", "to be ", "colectoin"})
    check_invariants(repeat(part, 4000));
}

// How long it takes is measured by bench/offline_bench.cc.
TEST(Briefs, TenKilobytesAreRead) {
  std::string text;
  while (text.size() < 10'000)
    text +=
        "A member who returns a book late pays 0.20 euro per day, unless the libarian waives it. ";
  EXPECT_GT(read_brief(text).sentences.size(), 100U);
}

}  // namespace
}  // namespace cadre::offline
