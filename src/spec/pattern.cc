#include "spec/pattern.h"

#include <fmt/format.h>

#include <bitset>
#include <functional>
#include <optional>
#include <vector>

namespace cadre::spec {

struct Pattern::Node {
  enum class Kind { kClass, kSequence, kChoice, kRepeat };
  Kind kind = Kind::kSequence;
  std::bitset<128> members;  // kClass: the ASCII characters it matches
  bool other = false;        // kClass: matches characters beyond ASCII too
  int least = 1, most = 1;   // kRepeat; most -1: no limit
  std::vector<Node> children;
};

class Pattern::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {
    if (text_.starts_with('^')) text_.remove_prefix(1);
    if (text_.ends_with('$') && !text_.ends_with("\\$")) text_.remove_suffix(1);
  }

  Result<Node> parse() {
    Node node = choice(0);
    if (problem_.empty() && at_ < text_.size()) refuse("unexpected \")\"");
    if (!problem_.empty()) return fail(ErrorCode::kInvalidInput, problem_);
    return node;
  }

 private:
  bool more() const { return at_ < text_.size() && problem_.empty(); }
  void refuse(std::string_view why) {
    if (problem_.empty()) problem_ = fmt::format("pattern \"{}\": {} at {}", text_, why, at_ + 1);
  }

  Node choice(int depth) {
    Node node;
    node.kind = Node::Kind::kChoice;
    if (depth > 20) refuse("groups are nested too deep");
    node.children.push_back(sequence(depth));
    while (more() && text_[at_] == '|') {
      ++at_;
      node.children.push_back(sequence(depth));
    }
    return node;
  }

  Node sequence(int depth) {
    Node node;
    while (more() && text_[at_] != '|' && text_[at_] != ')') {
      node.children.push_back(repeat(atom(depth)));
    }
    return node;
  }

  Node atom(int depth) {
    Node node;
    node.kind = Node::Kind::kClass;
    const char c = text_[at_++];
    if (c == '(') {
      if (text_.substr(at_).starts_with("?:")) at_ += 2;
      else if (more() && text_[at_] == '?') refuse("look-around is not supported");
      node = choice(depth + 1);
      if (at_ < text_.size() && text_[at_] == ')') ++at_;
      else refuse("missing \")\"");
    } else if (c == '[') {
      read_class(node);
    } else if (c == '.') {
      node.members.set();
      node.members.reset('\n');
      node.other = true;
    } else if (c == '\\') {
      read_escape(node);
    } else if (std::string_view("*+?{}]^$").find(c) != std::string_view::npos) {
      refuse(fmt::format("unexpected \"{}\"", c));
    } else if (static_cast<unsigned char>(c) >= 128) {
      refuse("only ASCII characters are supported");
    } else {
      node.members.set(static_cast<std::size_t>(c));
    }
    return node;
  }

  static void set_range(Node& node, char from, char to) {
    for (int c = from; c <= to; ++c) node.members.set(static_cast<std::size_t>(c));
  }

  // After a backslash. Returns the character when it stands for one, else 0.
  char read_escape(Node& node) {
    if (at_ >= text_.size()) {
      refuse("nothing after \"\\\"");
      return 0;
    }
    const char c = text_[at_++];
    switch (c) {
      case 'd': set_range(node, '0', '9'); return 0;
      case 'w':
        set_range(node, '0', '9');
        set_range(node, 'a', 'z');
        set_range(node, 'A', 'Z');
        node.members.set('_');
        return 0;
      case 's':
        for (const char space : {' ', '\t', '\n', '\r', '\f', '\v'}) {
          node.members.set(static_cast<std::size_t>(space));
        }
        return 0;
      default: break;
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || static_cast<unsigned char>(c) >= 128) {
      refuse(fmt::format("\"\\{}\" is not supported", c));
      return 0;
    }
    node.members.set(static_cast<std::size_t>(c));
    return c;
  }

  void read_class(Node& node) {
    const bool negated = more() && text_[at_] == '^';
    if (negated) ++at_;
    bool first = true;
    while (more() && (text_[at_] != ']' || first)) {
      first = false;
      char from = text_[at_++];
      if (from == '\\') from = read_escape(node);
      if (static_cast<unsigned char>(from) >= 128) return refuse("only ASCII is supported");
      if (from == 0) continue;
      node.members.set(static_cast<std::size_t>(from));
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        ++at_;
        const char to = text_[at_++];
        if (to < from || to == '\\') return refuse("bad range");
        set_range(node, from, to);
      }
    }
    if (at_ >= text_.size()) return refuse("missing \"]\"");
    ++at_;
    if (negated) {
      node.members.flip();
      node.other = true;
    }
  }

  std::optional<int> number() {
    int value = 0;
    const std::size_t start = at_;
    while (more() && text_[at_] >= '0' && text_[at_] <= '9' && value < 10'000) {
      value = value * 10 + (text_[at_++] - '0');
    }
    if (at_ == start) return std::nullopt;
    return value;
  }

  Node repeat(Node inner) {
    if (!more()) return inner;
    Node node;
    node.kind = Node::Kind::kRepeat;
    switch (text_[at_]) {
      case '*': node.least = 0; node.most = -1; break;
      case '+': node.least = 1; node.most = -1; break;
      case '?': node.least = 0; node.most = 1; break;
      case '{': {
        ++at_;
        const auto least = number();
        node.least = least.value_or(0);
        node.most = node.least;
        if (more() && text_[at_] == ',') {
          ++at_;
          node.most = number().value_or(-1);
        }
        if (!least || at_ >= text_.size() || text_[at_] != '}') refuse("bad repetition");
        if (node.least > 1000 || node.most > 1000) refuse("more than 1000 repetitions");
        break;
      }
      default: return inner;
    }
    ++at_;
    if (more() && (text_[at_] == '?' || text_[at_] == '+' || text_[at_] == '*')) {
      refuse("lazy and possessive repetitions are not supported");
    }
    node.children.push_back(std::move(inner));
    return node;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string problem_;
};

class Pattern::Matcher {
 public:
  using Next = std::function<bool(std::size_t)>;

  explicit Matcher(std::string_view value) : value_(value) {}

  bool match(const Node& node, std::size_t at, const Next& next) {
    if (++steps_ > 1'000'000) return false;
    switch (node.kind) {
      case Node::Kind::kClass: return match_class(node, at, next);
      case Node::Kind::kSequence: return match_from(node, 0, at, next);
      case Node::Kind::kChoice:
        for (const Node& child : node.children) {
          if (match(child, at, next)) return true;
        }
        return false;
      case Node::Kind::kRepeat: return match_repeat(node, 0, at, next);
    }
    return false;
  }

 private:
  bool match_class(const Node& node, std::size_t at, const Next& next) {
    if (at >= value_.size()) return false;
    const auto c = static_cast<unsigned char>(value_[at]);
    if (c < 128) return node.members.test(c) && next(at + 1);
    if (!node.other) return false;
    ++at;
    while (at < value_.size() && (static_cast<unsigned char>(value_[at]) & 0xC0U) == 0x80U) ++at;
    return next(at);
  }

  bool match_from(const Node& node, std::size_t child, std::size_t at, const Next& next) {
    if (child == node.children.size()) return next(at);
    return match(node.children[child], at, [&, child](std::size_t to) {
      return match_from(node, child + 1, to, next);
    });
  }

  bool match_repeat(const Node& node, int done, std::size_t at, const Next& next) {
    if (++steps_ > 1'000'000) return false;
    if (node.most < 0 || done < node.most) {
      const bool longer = match(node.children[0], at, [&, done, at](std::size_t to) {
        return (to > at || done < node.least) && match_repeat(node, done + 1, to, next);
      });
      if (longer) return true;
    }
    return done >= node.least && next(at);
  }

  std::string_view value_;
  int steps_ = 0;
};

Result<Pattern> Pattern::compile(std::string_view text) {
  auto node = Parser(text).parse();
  if (!node) return propagate(node);
  Pattern pattern;
  pattern.root_ = std::make_shared<const Node>(std::move(*node));
  return pattern;
}

bool Pattern::matches(std::string_view value) const {
  return Matcher(value).match(*root_, 0, [&](std::size_t at) { return at == value.size(); });
}

void Pattern::append_sample(const Node& node, Rng& rng, std::string& out) {
  switch (node.kind) {
    case Node::Kind::kClass: {
      std::string candidates;
      for (char c = '!'; c <= '~'; ++c) {
        if (node.members.test(static_cast<std::size_t>(c))) candidates += c;
      }
      if (candidates.empty()) candidates = " ";
      out += candidates[rng.below(candidates.size())];
      return;
    }
    case Node::Kind::kSequence:
      for (const Node& child : node.children) append_sample(child, rng, out);
      return;
    case Node::Kind::kChoice:
      append_sample(node.children[rng.below(node.children.size())], rng, out);
      return;
    case Node::Kind::kRepeat: {
      const int most = node.most < 0 ? node.least + 3 : node.most;
      const auto extra = rng.below(static_cast<std::uint64_t>(most - node.least) + 1);
      for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(node.least) + extra; ++i) {
        append_sample(node.children[0], rng, out);
      }
      return;
    }
  }
}

std::string Pattern::sample(Rng& rng) const {
  std::string out;
  append_sample(*root_, rng, out);
  return out;
}

}  // namespace cadre::spec
