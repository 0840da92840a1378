// The conversation in a request: its items as text, of which only the new ones are written anew.
//
// What stands in the text of a conversation's first items, whatever comes after them, is kept
// beside the items (History::keep_note), so a turn costs a copy of that text and the writing of
// what is new. It goes with the conversation; short ones are not worth it. Internal to the room.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "model/model.h"

namespace cadre::model {

// Whose texts they are: of one adapter, for what it writes follows from its profile.
class ListTexts {
 public:
  const std::shared_ptr<const void>& maker() const { return maker_; }

 private:
  std::shared_ptr<const void> maker_ = std::make_shared<const char>();
};

// Where a list is written, from begin() on, by one request.
class ListWriter {
 public:
  ListWriter(const ListTexts& texts, const ModelRequest& request, std::string& out);
  ~ListWriter();
  ListWriter(const ListWriter&) = delete;
  ListWriter& operator=(const ListWriter&) = delete;

  // Puts what is known of the first items; the number of these.
  std::size_t begin();
  // What is written now is the text of the first `items` items and stays so. `turn` is what the
  // writer has to know to go on, a literal.
  void stands(std::size_t items, std::string_view turn = {}) {
    items_ = items;
    end_ = out_.size();
    turn_ = turn;
  }
  std::string_view turn() const { return turn_; }
  // The list is written: keeps what stands of it.
  void keep();

 private:
  struct Text final : ListNote {
    std::string text;
    std::string_view turn;
  };

  const ListTexts& texts_;
  const History* history_;  // null: there is nothing to keep a text beside
  std::string& out_;
  std::unique_ptr<Text> known_;
  std::size_t items_ = 0, begin_ = 0, end_ = 0;
  std::string_view turn_;
};

// Messages as chat formats have them: what people say and tools give one by one, and one message
// for a reply of the model, whatever it consisted of.
class MessageList {
 public:
  MessageList(std::span<const ItemPtr> items, std::string& out, std::string_view system_role)
      : items_(items), out_(out), system_role_(system_role) {}
  virtual ~MessageList() = default;

  void write(ListWriter& writer, std::string_view instructions);

 protected:
  void next();  // a message begins
  virtual void result(const ToolResultItem& result) = 0;
  // Of a reply, from its first item to behind its last.
  virtual void assistant(std::size_t begin, std::size_t end) = 0;
  // Whether the reply's message stays as it is when the conversation goes on.
  virtual bool stays(std::size_t, std::size_t) const { return true; }

  std::span<const ItemPtr> items_;
  std::string& out_;

 private:
  void plain(std::string_view role, std::string_view text);

  std::string_view system_role_;
  bool first_ = true;
};

}  // namespace cadre::model
