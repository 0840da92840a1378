#include "sop/graph_drawing.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "sop/graph_layout.h"

namespace cadre {
namespace {

constexpr double kCharWidth = 7;  // of sans-serif in 12 px, with room to spare
constexpr double kBold = 1.15;    // bold letters are wider
constexpr double kLineHeight = 16;
constexpr double kPadding = 10;
constexpr double kMargin = 16;
constexpr std::size_t kColumns = 34;  // text is wrapped to this

// Nodes: 0 is the brief, then the stages in the plan's order.
struct Arrow {
  std::size_t from = 0;
  std::size_t to = 0;
  std::vector<std::string> artifacts;
};

std::vector<std::string> needs_of(const StageSpec& stage) {
  std::vector<std::string> needs = stage.needs;
  if (stage.fan_out && std::ranges::find(needs, stage.fan_out->artifact) == needs.end()) {
    needs.push_back(stage.fan_out->artifact);
  }
  return needs;
}

std::vector<Arrow> arrows_of(const Plan& plan) {
  std::vector<Arrow> arrows;
  for (std::size_t i = 0; i < plan.stages.size(); ++i) {
    for (const std::string& need : needs_of(plan.stages[i])) {
      const StageSpec* maker = maker_of(plan, need);
      const std::size_t from =
          maker == nullptr ? 0 : static_cast<std::size_t>(maker - plan.stages.data()) + 1;
      const auto same = std::ranges::find_if(
          arrows, [&](const Arrow& a) { return a.from == from && a.to == i + 1; });
      if (same == arrows.end()) {
        arrows.push_back({from, i + 1, {need}});
      } else {
        same->artifacts.push_back(need);
      }
    }
  }
  return arrows;
}

std::string one_line(std::string_view given) {
  std::string out = text::clean_utf8(given);
  std::replace_if(out.begin(), out.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return out;
}

std::string role_name(const Plan& plan, const std::string& role) {
  const AgentConfig* agent = find_agent(plan, role);
  return agent == nullptr || agent->name.empty() ? role : agent->name;
}

// "schema", "coverage (min_percent 90)"; one that looks at several artifacts stands once.
std::vector<std::string> gate_names_of(const StageSpec& stage) {
  std::vector<std::string> names;
  for (const GateSpec& gate : stage.gates) {
    std::vector<std::string> parameters;
    if (gate.parameters.is_object()) {
      for (const auto& [key, value] : gate.parameters.get_object()) {
        parameters.push_back(
            fmt::format("{} {}", std::string_view(key.data(), key.size()), json::write(value)));
      }
    }
    std::string name = gate.name;
    if (!parameters.empty()) name += " (" + text::join(parameters, ", ") + ")";
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

// What the stage makes and no other needs: it has no arrow, so it stands in the box.
std::vector<std::string> results_of(const Plan& plan, const StageSpec& stage) {
  std::vector<std::string> results;
  for (const std::string& type : stage.makes) {
    const bool needed = std::ranges::any_of(plan.stages, [&](const StageSpec& other) {
      const std::vector<std::string> needs = needs_of(other);
      return std::ranges::find(needs, type) != needs.end();
    });
    if (!needed) results.push_back(type);
  }
  return results;
}

// The lines of a stage's box; the first is its title.
std::vector<std::string> box_lines(const Plan& plan, const StageSpec& stage) {
  std::vector<std::string> lines{
      one_line(stage.title),
      one_line(fmt::format("{} · {}", stage.id, role_name(plan, stage.role)))};
  if (stage.fan_out) {
    lines.push_back(fmt::format("one task for each of {}", one_line(stage.fan_out->artifact)));
  }
  if (const auto results = results_of(plan, stage); !results.empty()) {
    lines.push_back("makes " + text::join(results, ", "));
  }
  if (const auto gates = gate_names_of(stage); !gates.empty()) {
    lines.push_back("gates: " + text::join(gates, ", "));
  }
  return lines;
}

std::string mermaid_text(std::string_view given) {
  std::string out;
  for (const char c : one_line(given)) {
    switch (c) {
      case '"': out += "#quot;"; break;
      case '#': out += "#35;"; break;
      case '<': out += "#lt;"; break;
      case '>': out += "#gt;"; break;
      case '&': out += "#amp;"; break;
      case '`': out += "#96;"; break;
      case '\\': out += "#92;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string xml_text(std::string_view given) {
  std::string out;
  for (const char c : one_line(given)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

// Characters, not bytes; beyond Latin they are counted double.
double width_of(std::string_view line) {
  double count = 0;
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) count += 1;
    if (byte >= 0xc0) count += byte >= 0xe0 ? 2 : 1;
  }
  return count * kCharWidth;
}

double widest(const std::vector<std::string>& lines) {
  double width = 0;
  for (const std::string& line : lines) width = std::max(width, width_of(line));
  return width;
}

struct Box {
  std::vector<std::string> lines;
  std::size_t bold = 0;  // so many lines of it are the title
};

class SvgDrawing {
 public:
  explicit SvgDrawing(const Plan& plan) : plan_(plan), arrows_(arrows_of(plan)) {}

  Result<std::string> draw() {
    make_boxes();
    std::vector<LayoutEdge> edges;
    for (const Arrow& arrow : arrows_) {
      edges.push_back({static_cast<int>(arrow.from), static_cast<int>(arrow.to),
                       widest(arrow.artifacts) + 8,
                       kLineHeight * static_cast<double>(arrow.artifacts.size())});
    }
    const Result<Layout> layout = lay_out(sizes(), edges);
    if (!layout) return std::unexpected(layout.error());
    const std::string caption = fmt::format("{} – led by {}", one_line(plan_.title),
                                            one_line(role_name(plan_, plan_.lead)));
    const double width = std::max(layout->width, width_of(caption) * kBold) + 2 * kMargin;
    const double height = layout->height + 2 * kMargin + 2 * kLineHeight;
    out_ = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
        "viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\" font-family=\"sans-serif\" "
        "font-size=\"12\">\n<title>{2}</title>\n"
        "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" "
        "markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#5b6573\"/></marker>"
        "</defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        "<text x=\"{3:.0f}\" y=\"{4:.0f}\" font-weight=\"bold\" fill=\"#1f2733\">{2}</text>\n",
        width, height, xml_text(caption), kMargin, kMargin + kLineHeight * 0.8);
    out_ +=
        fmt::format("<g transform=\"translate({:.1f} {:.1f})\">\n",
                    kMargin + (width - 2 * kMargin - layout->width) / 2, kMargin + 2 * kLineHeight);
    for (const Layout::Edge& edge : layout->edges) draw_edge(edge);
    for (std::size_t i = 0; i < boxes_.size(); ++i) draw_box(i, layout->boxes[i]);
    for (std::size_t i = 0; i < arrows_.size(); ++i) draw_label(arrows_[i], layout->edges[i].label);
    return out_ + "</g>\n</svg>\n";
  }

 private:
  void make_boxes() {
    boxes_.push_back({{"brief"}, 1});
    rows_.push_back(0);
    for (const StageSpec& stage : plan_.stages) {
      Box box;
      for (const std::string& line : box_lines(plan_, stage)) {
        for (const std::string& part : text::split(text::wrap(line, kColumns), '\n')) {
          box.lines.push_back(part);
        }
        if (box.bold == 0) box.bold = box.lines.size();
      }
      boxes_.push_back(std::move(box));
    }
    // The plan's stages come in a topological order.
    rows_.resize(boxes_.size(), 1);
    for (std::size_t i = 1; i < boxes_.size(); ++i) {
      for (const Arrow& arrow : arrows_) {
        if (arrow.to == i) rows_[i] = std::max(rows_[i], rows_[arrow.from] + 1);
      }
    }
  }
  std::vector<LayoutBox> sizes() const {
    std::vector<LayoutBox> sizes;
    for (std::size_t i = 0; i < boxes_.size(); ++i) sizes.push_back(size_of(i));
    return sizes;
  }

  void draw_edge(const Layout::Edge& edge) {
    std::string path = fmt::format("M{:.1f} {:.1f}", edge.points[0].x, edge.points[0].y);
    for (std::size_t i = 0; i + 1 < edge.points.size(); i += 2) {
      const LayoutPoint& a = edge.points[i];
      const LayoutPoint& b = edge.points[i + 1];
      const double middle = (a.y + b.y) / 2;
      path += fmt::format("C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", a.x, middle, b.x, middle,
                          b.x, b.y);
      if (i + 2 < edge.points.size()) path += fmt::format("V{:.1f}", edge.points[i + 2].y);
    }
    out_ += fmt::format(
        "<path d=\"{}\" fill=\"none\" stroke=\"#5b6573\" marker-end=\"url(#arrow)\"/>\n", path);
  }

  void draw_box(std::size_t i, const LayoutPoint& at) {
    const LayoutBox size = size_of(i);
    out_ += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"{}\" "
        "fill=\"{}\" stroke=\"#3b6ea8\"/>\n",
        at.x, at.y, size.width, size.height, i == 0 ? 16 : 4, i == 0 ? "#ffffff" : "#eaf2fb");
    for (std::size_t n = 0; n < boxes_[i].lines.size(); ++n) {
      draw_text(at.x + kPadding, at.y + kPadding + kLineHeight * (static_cast<double>(n) + 0.8),
                boxes_[i].lines[n], n < boxes_[i].bold);
    }
  }
  LayoutBox size_of(std::size_t i) const {
    const Box& box = boxes_[i];
    double width = 0;
    for (std::size_t n = 0; n < box.lines.size(); ++n) {
      width = std::max(width, width_of(box.lines[n]) * (n < box.bold ? kBold : 1));
    }
    return {rows_[i], width + 2 * kPadding,
            kLineHeight * static_cast<double>(box.lines.size()) + 2 * kPadding};
  }

  void draw_label(const Arrow& arrow, const LayoutPoint& at) {
    out_ += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"#ffffff\"/>\n",
        at.x, at.y, widest(arrow.artifacts) + 8,
        kLineHeight * static_cast<double>(arrow.artifacts.size()));
    for (std::size_t n = 0; n < arrow.artifacts.size(); ++n) {
      draw_text(at.x + 4, at.y + kLineHeight * (static_cast<double>(n) + 0.75), arrow.artifacts[n],
                false);
    }
  }

  void draw_text(double x, double y, std::string_view line, bool bold) {
    out_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"#1f2733\"{}>{}</text>\n", x, y,
                        bold ? " font-weight=\"bold\"" : "", xml_text(line));
  }

  const Plan& plan_;
  std::vector<Arrow> arrows_;
  std::vector<Box> boxes_;
  std::vector<int> rows_;
  std::string out_;
};

}  // namespace

std::string sop_graph_mermaid(const Plan& plan) {
  std::string out = "flowchart TD\n";
  out += fmt::format("  accTitle: {}\n", one_line(plan.name));
  out += "  brief([\"brief\"])\n";
  for (const StageSpec& stage : plan.stages) {
    std::vector<std::string> lines;
    for (const std::string& line : box_lines(plan, stage)) lines.push_back(mermaid_text(line));
    out += fmt::format("  stage_{}[\"{}\"]\n", stage.id, text::join(lines, "<br/>"));
  }
  for (const Arrow& arrow : arrows_of(plan)) {
    std::vector<std::string> types;
    for (const std::string& type : arrow.artifacts) types.push_back(mermaid_text(type));
    out += fmt::format("  {} -->|\"{}\"| stage_{}\n",
                       arrow.from == 0 ? "brief" : "stage_" + plan.stages[arrow.from - 1].id,
                       text::join(types, "<br/>"), plan.stages[arrow.to - 1].id);
  }
  return out;
}

Result<std::string> sop_graph_svg(const Plan& plan) { return SvgDrawing(plan).draw(); }

}  // namespace cadre
