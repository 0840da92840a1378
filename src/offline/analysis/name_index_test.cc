#include "offline/analysis/name_index.h"

#include <gtest/gtest.h>

namespace cadre::offline::analysis {
namespace {

TEST(NameIndex, FindsWhatComparingAllNamesFinds) {
  const std::vector<std::string> names = {
      "book",  "training sessions", "copies", "boxes", "café", "staff", "box", "training session",
      "books", "copy"};
  FormCache forms;
  NameIndex index;
  for (std::size_t i = 0; i < names.size(); ++i) index.add(i, forms.of(names[i]));
  for (const std::string word : {"book", "books", "Book", "training session", "training-sessions",
                                 "copy", "copies", "cafes", "cafés", "box", "boxes", "staff", "x",
                                 "session"}) {
    std::vector<std::size_t> same;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (same_words(forms.of(names[i]), forms.of(word))) same.push_back(i);
    EXPECT_EQ(index.all(forms.of(word)), same) << word;
    const auto first = index.first(forms.of(word));
    EXPECT_EQ(first.has_value(), !same.empty()) << word;
    if (first && !same.empty()) {
      EXPECT_EQ(*first, same.front()) << word;
    }
  }
  EXPECT_EQ(index.all(forms.of("box")), (std::vector<std::size_t>{3, 6}));
  index.clear();
  EXPECT_FALSE(index.first(forms.of("book")).has_value());
}

TEST(NameIndex, WordsHavePositionsInOrder) {
  WordIndex index;
  index.add(0, "price");
  index.add(2, "price");
  index.add(2, "price");
  index.add(1, "prices");
  std::vector<std::size_t> found;
  index.find("price", &found);
  index.find("prices", &found);
  index.find("name", &found);
  sort_positions(&found);
  EXPECT_EQ(found, (std::vector<std::size_t>{0, 1, 2}));
}

}  // namespace
}  // namespace cadre::offline::analysis
