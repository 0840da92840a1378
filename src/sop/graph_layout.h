// A layered layout for small acyclic graphs: boxes in rows, edges going down, each with a label.
//
// The classical four steps: rows are given; long edges get a place in each row that they pass;
// barycentre sweeps keep crossings few; positions are the least-squares fit to the neighbours that
// keeps boxes apart. The same input gives the same layout. Pure; thread-safe.
#pragma once

#include <vector>

#include "base/result.h"

namespace cadre {

struct LayoutBox {
  int row = 0;  // from 0
  double width = 0;
  double height = 0;
};

struct LayoutEdge {
  int from = 0;  // indices of boxes; the row of `to` is below that of `from`
  int to = 0;
  double label_width = 0;
  double label_height = 0;
};

struct LayoutPoint {
  double x = 0;
  double y = 0;
};

struct Layout {
  double width = 0;
  double height = 0;
  std::vector<LayoutPoint> boxes;  // left upper corners
  struct Edge {
    // Curves from each even point to the odd one after it, straight lines between those.
    std::vector<LayoutPoint> points;
    LayoutPoint label;  // left upper corner
  };
  std::vector<Edge> edges;
};

// kExhausted when the graph is too dense to be drawn so that somebody could read it.
Result<Layout> lay_out(const std::vector<LayoutBox>& boxes, const std::vector<LayoutEdge>& edges);

}  // namespace cadre
