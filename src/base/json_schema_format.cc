#include <string_view>

#include "base/json_schema_program.h"

namespace cadre {
namespace {

bool matches(const re2::RE2& pattern, std::string_view text) {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

int two_digits(std::string_view text, std::size_t at) {
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

// RFC 3339 full-date.
bool is_date(std::string_view text) {
  static const re2::RE2 kForm(R"(\d{4}-\d{2}-\d{2})");
  if (!matches(kForm, text)) return false;
  const int year = two_digits(text, 0) * 100 + two_digits(text, 2);
  const int month = two_digits(text, 5), day = two_digits(text, 8);
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day >= 1 && day <= kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

// RFC 3339 full-time; a leap second only at 23:59:60 UTC.
bool is_time(std::string_view text) {
  static const re2::RE2 kForm(R"(\d{2}:\d{2}:\d{2}(\.\d+)?([zZ]|[+-]\d{2}:\d{2}))");
  if (!matches(kForm, text)) return false;
  const int hour = two_digits(text, 0), minute = two_digits(text, 3), second = two_digits(text, 6);
  if (hour > 23 || minute > 59 || second > 60) return false;
  int offset = 0;
  if (text.back() != 'z' && text.back() != 'Z') {
    const std::string_view zone = text.substr(text.size() - 6);
    if (two_digits(zone, 1) > 23 || two_digits(zone, 4) > 59) return false;
    offset = (two_digits(zone, 1) * 60 + two_digits(zone, 4)) * (zone[0] == '-' ? -1 : 1);
  }
  if (second < 60) return true;
  return ((hour * 60 + minute - offset) % 1440 + 1440) % 1440 == 23 * 60 + 59;
}

bool is_date_time(std::string_view text) {
  return text.size() > 11 && (text[10] == 'T' || text[10] == 't') && is_date(text.substr(0, 10)) &&
         is_time(text.substr(11));
}

}  // namespace

bool matches_format(std::string_view format, std::string_view text) {
  static const re2::RE2 kEmail(R"([^@\s]+@[^@\s]+)");
  static const re2::RE2 kUri(R"([A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]*)");
  static const re2::RE2 kUuid(
      "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}");
  static const re2::RE2 kIpv4(R"((?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.|$)){4})");
  if (format == "date-time") return is_date_time(text);
  if (format == "date") return is_date(text);
  if (format == "time") return is_time(text);
  if (format == "email") return matches(kEmail, text);
  if (format == "uri") return matches(kUri, text);
  if (format == "uuid") return matches(kUuid, text);
  if (format == "ipv4") return !text.ends_with('.') && matches(kIpv4, text);
  return true;
}

}  // namespace cadre
