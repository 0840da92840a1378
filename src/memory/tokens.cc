#include "memory/tokens.h"

namespace cadre {
namespace {

// In quarters of a token. Bytes inside a character count nothing: its first byte did.
std::size_t quarters(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x80) return 1;
  return (byte & 0xC0U) == 0x80U ? 0 : 4;
}

struct CostOf {
  std::size_t operator()(const MessageItem& item) const {
    return estimate_tokens(item.text) + estimate_tokens(item.agent);
  }
  std::size_t operator()(const ReasoningItem& item) const { return estimate_tokens(item.text); }
  std::size_t operator()(const ToolCallItem& item) const {
    return estimate_tokens(item.tool) + estimate_tokens(item.arguments);
  }
  std::size_t operator()(const ToolResultItem& item) const { return estimate_tokens(item.output); }
};

constexpr std::size_t kFrame = 4;

}  // namespace

std::size_t estimate_tokens(std::string_view text) {
  std::size_t sum = 0;
  for (const char c : text) sum += quarters(c);
  return (sum + 3) / 4;
}

std::size_t estimate_tokens(const Item& item) { return kFrame + std::visit(CostOf{}, item); }

std::size_t estimate_tokens(std::span<const ItemPtr> items) {
  std::size_t sum = 0;
  for (const ItemPtr& item : items) sum += estimate_tokens(*item);
  return sum;
}

std::string shorten_to_tokens(std::string_view text, std::size_t tokens) {
  if (estimate_tokens(text) <= tokens) return std::string(text);
  if (tokens <= 1) return {};
  const std::size_t room = 4 * (tokens - 1);  // one for the mark
  std::size_t sum = 0, end = 0;
  while (end < text.size() && sum + quarters(text[end]) <= room) sum += quarters(text[end++]);
  while (end > 0 && end < text.size() && quarters(text[end]) == 0) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace cadre
