#include "sop/graph_drawing.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "sop/graph_layout.h"
#include "sop/loader.h"
#include "sop/sop_template.h"

namespace cadre {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

// Tags nest and close, attributes are quoted, no bare & or <.
bool is_sound_xml(const std::string& xml) {
  std::vector<std::string> open;
  std::size_t at = xml.find("?>") + 2;
  while (at < xml.size()) {
    if (xml[at] == '&') {
      const std::size_t end = xml.find(';', at);
      const std::string name = xml.substr(at, end - at);
      if (name != "&amp" && name != "&lt" && name != "&gt" && name != "&quot") return false;
      at = end;
    } else if (xml[at] == '<') {
      const std::size_t end = xml.find('>', at);
      if (end == std::string::npos) return false;
      const std::string tag = xml.substr(at + 1, end - at - 1);
      if (tag.find('<') != std::string::npos || count(tag, "\"") % 2 != 0) return false;
      if (tag.starts_with('/')) {
        if (open.empty() || open.back() != tag.substr(1)) return false;
        open.pop_back();
      } else if (!tag.ends_with('/')) {
        open.push_back(tag.substr(0, tag.find(' ')));
      }
      at = end;
    }
    ++at;
  }
  return open.empty();
}

TEST(SopGraph, MermaidOfTheSoftwareSop) {
  const std::string graph = sop_graph_mermaid(load_sop("software").value());
  EXPECT_TRUE(graph.starts_with("flowchart TD\n")) << graph;
  EXPECT_NE(graph.find("  brief -->|\"brief\"| stage_requirements\n"), std::string::npos) << graph;
  EXPECT_NE(graph.find("stage_build -->|\"code<br/>documentation\"| stage_verify"),
            std::string::npos)
      << graph;
  EXPECT_NE(graph.find("stage_verify[\"Run the tests and judge by the evidence<br/>verify · QA"),
            std::string::npos)
      << graph;
  EXPECT_NE(graph.find("coverage (min_percent 90)"), std::string::npos);
  EXPECT_NE(graph.find("makes competitive_analysis, roadmap"), std::string::npos);
}

TEST(SopGraph, SvgShowsEveryStageRoleGateAndArtifact) {
  const Plan plan = load_sop("software").value();
  const std::string svg = sop_graph_svg(plan).value();
  EXPECT_TRUE(is_sound_xml(svg)) << svg;
  std::string words = text::replace_all(svg, "</text>", " ");
  for (const StageSpec& stage : plan.stages) {
    EXPECT_NE(words.find(">" + stage.id + " ·"), std::string::npos) << stage.id;
    for (const std::string& type : stage.makes) {
      EXPECT_NE(words.find(type), std::string::npos) << type;
    }
    for (const GateSpec& gate : stage.gates) {
      EXPECT_NE(words.find(gate.name), std::string::npos) << gate.name;
    }
  }
  EXPECT_EQ(svg.find("href"), std::string::npos);
  EXPECT_EQ(sop_graph_svg(plan).value(), svg);
}

TEST(SopGraph, HostileTextStaysText) {
  Plan plan = load_sop("software").value();
  plan.title = "</svg><script>alert(1)</script>\"&\x01\n";
  plan.stages[0].title = "\"]; click a \"x\" <b>`#\\ \xff";
  const std::string svg = sop_graph_svg(plan).value();
  EXPECT_TRUE(is_sound_xml(svg)) << svg;
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_TRUE(text::is_valid_utf8(svg));
  const std::string graph = sop_graph_mermaid(plan);
  EXPECT_NE(graph.find("stage_requirements[\"#quot;]; click a #quot;x#quot; #lt;b#gt;#96;#35;#92;"),
            std::string::npos)
      << graph;
}

bool overlap(const LayoutPoint& a, const LayoutBox& as, const LayoutPoint& b, const LayoutBox& bs) {
  return a.x < b.x + bs.width && b.x < a.x + as.width && a.y < b.y + bs.height &&
         b.y < a.y + as.height;
}

// Ladders with long edges: nothing overlaps, and everything is inside the picture.
TEST(SopGraph, LayoutKeepsBoxesApartAndInside) {
  for (int n = 1; n <= 24; ++n) {
    std::vector<LayoutBox> boxes;
    std::vector<LayoutEdge> edges;
    for (int i = 0; i < n; ++i) {
      boxes.push_back({i / 3, 40.0 + 17 * (i % 5), 20.0 + 9 * (i % 4)});
      for (int from = 0; from < i; ++from) {
        if (boxes[static_cast<std::size_t>(from)].row < i / 3 && (from * 7 + i) % 3 == 0) {
          edges.push_back({from, i, 50, 16});
        }
      }
    }
    const Layout layout = lay_out(boxes, edges).value();
    for (std::size_t a = 0; a < boxes.size(); ++a) {
      EXPECT_GE(layout.boxes[a].x, -0.01);
      EXPECT_LE(layout.boxes[a].x + boxes[a].width, layout.width + 0.01);
      EXPECT_LE(layout.boxes[a].y + boxes[a].height, layout.height + 0.01);
      for (std::size_t b = 0; b < a; ++b) {
        EXPECT_FALSE(overlap(layout.boxes[a], boxes[a], layout.boxes[b], boxes[b])) << n;
      }
      for (std::size_t e = 0; e < edges.size(); ++e) {
        const LayoutBox label{0, edges[e].label_width, edges[e].label_height};
        EXPECT_FALSE(overlap(layout.boxes[a], boxes[a], layout.edges[e].label, label)) << n;
      }
    }
  }
}

TEST(SopGraph, TooDenseAGraphIsRefused) {
  std::vector<LayoutBox> boxes;
  std::vector<LayoutEdge> edges;
  for (int i = 0; i < 200; ++i) {
    boxes.push_back({i, 50, 20});
    for (int from = 0; from < i; ++from) edges.push_back({from, i, 10, 10});
  }
  const auto layout = lay_out(boxes, edges);
  ASSERT_FALSE(layout);
  EXPECT_EQ(layout.error().code, ErrorCode::kExhausted);
}

TEST(SopTemplate, IsSoundAndTakesTheName) {
  SopSource source;
  source.name = "new";
  source.files = sop_template("market_report").value();
  const SopCheck check = check_sop(source);
  for (const SopProblem& problem : check.problems) ADD_FAILURE() << problem.describe();
  ASSERT_TRUE(check.plan);
  EXPECT_EQ(check.plan->name, "market_report");
  EXPECT_EQ(check.plan->title, "Market report");
  EXPECT_EQ(check.plan->stages.size(), 2U);
  for (const char* bad : {"", "Market Report", "../x", "7up", "a/b"}) {
    EXPECT_EQ(sop_template(bad).error().code, ErrorCode::kInvalidInput) << bad;
  }
}

}  // namespace
}  // namespace cadre
