#include "cli/team_choice.h"

#include <fmt/format.h>

#include "sop/loader.h"
#include "sop/team_size.h"

namespace cadre::cli {
namespace {

constexpr const char* kDefaultSop = "software";
constexpr const char* kTable = "team_size";

Result<ChosenSop> chosen(const std::string& sop, const std::vector<std::string>& tools,
                         std::string line = {}) {
  auto plan = load_sop(sop, {.tools = tools});
  if (!plan) return propagate(plan);
  return ChosenSop{std::move(*plan), std::move(line)};
}

Result<void> check(const RunArguments& arguments, bool offline) {
  const std::string team = arguments.team.empty() ? "auto" : arguments.team;
  if (team != "auto" && team != "solo" && team != "full") {
    return fail(ErrorCode::kInvalidInput, fmt::format("there is no team \"{}\"", team),
                "write --team auto, solo or full");
  }
  if (team != "auto" && !arguments.sop.empty()) {
    return fail(ErrorCode::kInvalidInput, "--team chooses the SOP, and --sop names one",
                "give one of them");
  }
  if (team == "solo" && offline) {
    return fail(ErrorCode::kInvalidInput, "one agent alone needs a language model",
                "give --model, or leave --team out");
  }
  return {};
}

}  // namespace

Result<ChosenSop> choose_sop(const RunArguments& arguments, const std::string& brief, bool offline,
                             const std::vector<std::string>& tools) {
  if (auto good = check(arguments, offline); !good) return propagate(good);
  if (!arguments.sop.empty()) return chosen(arguments.sop, tools);
  auto team = chosen(kDefaultSop, tools);
  if (!team || offline || arguments.team == "full") return team;
  const auto table = team->plan.tables.find(kTable);
  if (table == team->plan.tables.end()) return team;
  auto size = judge_team_size(brief, table->second);
  if (!size) return propagate(size);
  if (arguments.team == "solo") return chosen(size->solo_sop, tools, "team: one agent, as asked");
  if (!size->solo()) return team;
  return chosen(size->solo_sop, tools,
                fmt::format("team: {} (the SOP {}; --team full takes the whole team)",
                            size->describe(), size->solo_sop));
}

}  // namespace cadre::cli
