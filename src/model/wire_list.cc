#include "model/wire_list.h"

#include <algorithm>

#include "model/json_text.h"
#include "model/wire_common.h"

namespace cadre::model {
namespace {

// Shorter ones are written as quickly; longer ones are not kept twice.
constexpr std::size_t kTextMin = 8 << 10, kTextMax = 64 << 20;

}  // namespace

ListWriter::ListWriter(const ListTexts& texts, const ModelRequest& request, std::string& out)
    : texts_(texts),
      history_(is_history_of(request) ? &request.history : nullptr),
      out_(out) {
  constexpr std::size_t kBytesAround = 512, kBytesOfItem = 128;
  std::size_t bytes = kBytesAround + request.items.size() * kBytesOfItem;
  if (history_ != nullptr) {
    // Only ours carries our mark.
    known_.reset(static_cast<Text*>(history_->take_note(texts.maker().get()).release()));
    if (known_ != nullptr) bytes += known_->text.size() - known_->covered * kBytesOfItem;
  }
  out.reserve(bytes);
}

ListWriter::~ListWriter() {
  if (known_ != nullptr) history_->keep_note(std::move(known_));
}

std::size_t ListWriter::begin() {
  begin_ = end_ = out_.size();
  if (known_ == nullptr) return 0;
  out_ += known_->text;
  begin_ = end_ = out_.size();
  items_ = known_->covered;
  turn_ = known_->turn;
  return items_;
}

void ListWriter::keep() {
  if (history_ == nullptr) return;
  end_ = std::max(end_, begin_);
  const std::size_t size = end_ - begin_ + (known_ == nullptr ? 0 : known_->text.size());
  if (size > kTextMax) known_.reset();
  if (size < kTextMin || size > kTextMax) return;
  if (known_ == nullptr) known_ = std::make_unique<Text>();
  known_->maker = texts_.maker();
  known_->text.append(out_, begin_, end_ - begin_);
  known_->covered = items_;
  known_->turn = turn_;
  history_->keep_note(std::move(known_));
}

void MessageList::write(ListWriter& writer, std::string_view instructions) {
  out_.push_back('[');
  if (!instructions.empty()) plain(system_role_, instructions);
  const std::size_t separator = out_.size();
  if (!first_) out_.push_back(',');
  const std::size_t before = out_.size();
  std::size_t at = writer.begin();
  if (out_.size() == before) {
    out_.resize(separator);
  } else {
    first_ = false;
  }
  bool stands = true;
  while (at < items_.size()) {
    const Item& item = *items_[at];
    if (const auto* given = std::get_if<ToolResultItem>(&item)) {
      result(*given);
      ++at;
    } else if (!is_of_reply(item)) {
      const auto& message = std::get<MessageItem>(item);
      plain(message.speaker == Speaker::kUser ? "user" : system_role_, message.text);
      ++at;
    } else {
      std::size_t end = at;
      while (end < items_.size() && is_of_reply(*items_[end])) ++end;
      assistant(at, end);
      // A reply at the end may go on.
      stands = stands && end < items_.size() && stays(at, end);
      at = end;
    }
    if (stands) writer.stands(at);
  }
  writer.keep();
  out_.push_back(']');
}

void MessageList::next() {
  if (!first_) out_.push_back(',');
  first_ = false;
}

void MessageList::plain(std::string_view role, std::string_view text) {
  next();
  out_ += R"({"role":")";
  out_ += role;
  out_ += R"(","content":)";
  append_string(out_, text);
  out_.push_back('}');
}

}  // namespace cadre::model
