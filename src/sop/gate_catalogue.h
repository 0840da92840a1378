// The gates that an SOP may name: what each looks at and which parameters it takes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cadre {

struct GateParameter {
  std::string_view name;
  bool number = true;  // 0 to 100; else true or false
  bool text = false;   // instead of both
};

struct GateInfo {
  std::string_view name;
  // The artifact it looks at when the SOP names none; "" for `schema`, which looks at each that
  // its stage makes.
  std::string_view artifact;
  std::vector<GateParameter> parameters;
  std::string_view summary;  // "every operation has an id, responses and declared path parameters"
};

std::span<const GateInfo> gate_catalogue();
const GateInfo* find_gate(std::string_view name);
std::vector<std::string> gate_names();

}  // namespace cadre
