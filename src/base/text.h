// Small text functions used everywhere. Pure, ASCII case rules, UTF-8 passes through untouched.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cadre::text {

std::string_view trim(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
std::vector<std::string_view> lines(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string lower(std::string_view text);
// Whether `text` is `low`, which is in lower case, in whatever case of ASCII letters.
bool is_lower(std::string_view text, std::string_view low);
std::string upper_first(std::string_view text);
std::string lower_first(std::string_view text);
std::string replace_all(std::string text, std::string_view from, std::string_view to);
bool contains_word(std::string_view text, std::string_view word);

// "dueDate", "Due date", "due-date" -> "due_date"; only [a-z0-9_], never empty ("x" then), never
// starts with a digit.
std::string snake_case(std::string_view name);
// -> "DueDate"
std::string pascal_case(std::string_view name);
// -> "due-date"
std::string kebab_case(std::string_view name);

// "book" -> "books", "category" -> "categories", "person" -> "people". English rules with the
// usual irregular nouns.
std::string plural(std::string_view noun);
std::string singular(std::string_view noun);

bool is_valid_utf8(std::string_view bytes);
// Invalid bytes become U+FFFD; control characters other than \n and \t are dropped.
std::string clean_utf8(std::string_view bytes);
// At most `max_bytes`, cut at a character border, with "…" when something was cut.
std::string shorten(std::string_view text, std::size_t max_bytes);
// Wraps at word borders to `width` columns, each line after the first starting with `indent`.
std::string wrap(std::string_view text, std::size_t width, std::string_view indent = {});

// For a Markdown table cell: pipes and newlines are escaped.
std::string markdown_cell(std::string_view text);

}  // namespace cadre::text
