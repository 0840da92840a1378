#include "sop/graph_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace cadre {
namespace {

constexpr double kGapX = 28;
constexpr double kGapY = 18;
constexpr double kPassWidth = 10;  // of an edge that passes a row
constexpr std::size_t kItemsMax = 20'000;
constexpr int kOrderSweeps = 12;
constexpr int kPlaceSweeps = 24;

// What stands in a line: a box (even lines), a label or the passage of an edge.
struct Item {
  std::size_t line = 0;
  double width = 0;
  double height = 0;
  double centre = 0;
  std::vector<std::size_t> above, below;
};

class Layouter {
 public:
  Layouter(const std::vector<LayoutBox>& boxes, const std::vector<LayoutEdge>& edges)
      : boxes_(boxes), edges_(edges) {}

  Result<Layout> run() {
    if (auto made = make_items(); !made) return propagate(made);
    order();
    place();
    return result();
  }

 private:
  Result<void> make_items() {
    for (const LayoutBox& box : boxes_) {
      items_.push_back({static_cast<std::size_t>(box.row) * 2, box.width, box.height, 0, {}, {}});
    }
    for (const LayoutEdge& edge : edges_) {
      std::vector<std::size_t> chain;
      std::size_t last = static_cast<std::size_t>(edge.from);
      const std::size_t target = static_cast<std::size_t>(edge.to);
      for (std::size_t line = items_[last].line + 1; line < items_[target].line; ++line) {
        const bool label = line + 1 == items_[target].line;
        if (items_.size() >= kItemsMax) {
          return fail(ErrorCode::kExhausted,
                      fmt::format("{} stages with {} edges are too many for a picture",
                                  boxes_.size(), edges_.size()),
                      "write --format mermaid");
        }
        items_.push_back({line,
                          label ? edge.label_width : kPassWidth,
                          label ? edge.label_height : 0,
                          0,
                          {},
                          {}});
        connect(last, items_.size() - 1);
        last = items_.size() - 1;
        chain.push_back(last);
      }
      connect(last, target);
      chains_.push_back(std::move(chain));
    }
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (items_[i].line >= lines_.size()) lines_.resize(items_[i].line + 1);
      lines_[items_[i].line].push_back(i);
    }
    return {};
  }
  void connect(std::size_t upper, std::size_t lower) {
    items_[upper].below.push_back(lower);
    items_[lower].above.push_back(upper);
  }

  // Barycentres, from above and from below in turn.
  void order() {
    std::vector<double> position(items_.size());
    const auto number = [&](const std::vector<std::size_t>& line) {
      for (std::size_t i = 0; i < line.size(); ++i) {
        position[line[i]] = (static_cast<double>(i) + 0.5) / static_cast<double>(line.size());
      }
    };
    for (const auto& line : lines_) number(line);
    for (int sweep = 0; sweep < kOrderSweeps; ++sweep) {
      const bool down = sweep % 2 == 0;
      for (std::size_t i = 0; i < lines_.size(); ++i) {
        auto& line = lines_[down ? i : lines_.size() - 1 - i];
        std::vector<double> key(items_.size());
        for (const std::size_t item : line) {
          const auto& near = down ? items_[item].above : items_[item].below;
          key[item] = position[item];
          if (near.empty()) continue;
          key[item] = 0;
          for (const std::size_t other : near) key[item] += position[other];
          key[item] /= static_cast<double>(near.size());
        }
        std::stable_sort(line.begin(), line.end(),
                         [&](std::size_t a, std::size_t b) { return key[a] < key[b]; });
        number(line);
      }
    }
  }

  void place() {
    for (const auto& line : lines_) {
      double x = 0;
      for (const std::size_t item : line) {
        items_[item].centre = x + items_[item].width / 2;
        x += items_[item].width + kGapX;
      }
      for (const std::size_t item : line) items_[item].centre -= x / 2;
    }
    for (int sweep = 0; sweep < kPlaceSweeps; ++sweep) {
      const bool down = sweep % 2 == 0;
      for (std::size_t i = 0; i < lines_.size(); ++i) {
        place_line(lines_[down ? i : lines_.size() - 1 - i], down);
      }
    }
  }

  // Nearest to the means of the neighbours, in order and apart: pools of items that push each other
  // move as one (isotonic regression).
  void place_line(const std::vector<std::size_t>& line, bool down) {
    struct Pool {
      double sum;
      double count;
    };
    std::vector<Pool> pools;
    std::vector<double> offsets;
    double offset = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const Item& item = items_[line[i]];
      if (i > 0) offset += (items_[line[i - 1]].width + item.width) / 2 + kGapX;
      offsets.push_back(offset);
      pools.push_back({wanted(item, down) - offset, 1});
      while (pools.size() > 1) {
        Pool& before = pools[pools.size() - 2];
        const Pool& last = pools.back();
        if (before.sum / before.count <= last.sum / last.count) break;
        before.sum += last.sum;
        before.count += last.count;
        pools.pop_back();
      }
    }
    std::size_t at = 0;
    for (const Pool& pool : pools) {
      for (double n = 0; n < pool.count; n += 1, ++at) {
        items_[line[at]].centre = pool.sum / pool.count + offsets[at];
      }
    }
  }
  double wanted(const Item& item, bool down) const {
    const auto& first = down ? item.above : item.below;
    const auto& near = first.empty() ? (down ? item.below : item.above) : first;
    if (near.empty()) return item.centre;
    double sum = 0;
    for (const std::size_t other : near) sum += items_[other].centre;
    return sum / static_cast<double>(near.size());
  }

  Layout result() {
    Layout layout;
    double left = 0, right = 0;
    for (const Item& item : items_) {
      left = std::min(left, item.centre - item.width / 2);
      right = std::max(right, item.centre + item.width / 2);
    }
    std::vector<double> tops, heights;
    double y = 0;
    for (const auto& line : lines_) {
      double height = 0;
      for (const std::size_t item : line) height = std::max(height, items_[item].height);
      tops.push_back(y);
      heights.push_back(height);
      y += height + kGapY;
    }
    layout.width = right - left;
    layout.height = std::max(0.0, y - kGapY);
    for (Item& item : items_) item.centre -= left;
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      const Item& item = items_[i];
      layout.boxes.push_back(
          {item.centre - item.width / 2, tops[item.line] + (heights[item.line] - item.height) / 2});
    }
    for (std::size_t e = 0; e < edges_.size(); ++e) {
      layout.edges.push_back(route(e, layout, tops, heights));
    }
    return layout;
  }

  // Where among its box's edges this one leaves or arrives, left to right.
  double port(std::size_t box, const std::vector<std::size_t>& near, std::size_t neighbour) const {
    std::vector<std::size_t> sorted = near;
    std::stable_sort(sorted.begin(), sorted.end(), [&](std::size_t a, std::size_t b) {
      return items_[a].centre < items_[b].centre;
    });
    const auto at = std::find(sorted.begin(), sorted.end(), neighbour) - sorted.begin();
    const double share = (static_cast<double>(at) + 1) / (static_cast<double>(sorted.size()) + 1);
    return items_[box].centre + items_[box].width * (share - 0.5);
  }

  Layout::Edge route(std::size_t e, const Layout& layout, const std::vector<double>& tops,
                     const std::vector<double>& heights) const {
    const std::size_t from = static_cast<std::size_t>(edges_[e].from);
    const std::size_t to = static_cast<std::size_t>(edges_[e].to);
    const std::vector<std::size_t>& chain = chains_[e];
    Layout::Edge edge;
    edge.points.push_back({port(from, items_[from].below, chain.front()),
                           layout.boxes[from].y + items_[from].height});
    for (const std::size_t item : chain) {
      const Item& at = items_[item];
      edge.points.push_back({at.centre, tops[at.line]});
      edge.points.push_back({at.centre, tops[at.line] + heights[at.line]});
    }
    edge.points.push_back({port(to, items_[to].above, chain.back()), layout.boxes[to].y});
    const Item& label = items_[chain.back()];
    edge.label = {label.centre - label.width / 2,
                  tops[label.line] + (heights[label.line] - label.height) / 2};
    return edge;
  }

  const std::vector<LayoutBox>& boxes_;
  const std::vector<LayoutEdge>& edges_;
  std::vector<Item> items_;  // boxes first
  std::vector<std::vector<std::size_t>> lines_;
  std::vector<std::vector<std::size_t>> chains_;  // by edge
};

}  // namespace

Result<Layout> lay_out(const std::vector<LayoutBox>& boxes, const std::vector<LayoutEdge>& edges) {
  return Layouter(boxes, edges).run();
}

}  // namespace cadre
