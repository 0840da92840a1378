// Is a requirement worth a team? A trivial one is done quicker and cheaper by one agent.
//
// The judgement is data: the table `team_size` of an SOP (tables/team_size.yaml) names signs, each
// with points; below `solo_below` points the SOP `solo_sop` takes the brief. A sign is met when
// any of its words stands in the brief (`any`, whole words, upper or lower case), or when the
// brief has more words (`words_over`) or more sentences (`sentences_over`) than it says. Signs with
// the same `group` count once, with the most points. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre {

struct TeamSize {
  int points = 0;
  int solo_below = 0;
  std::string solo_sop;            // the SOP for one agent
  std::vector<std::string> signs;  // those that were met, as the table names them
  bool solo() const { return points < solo_below; }
  // "1 point of 3 (a second sentence): one agent is enough"
  std::string describe() const;
};

// kInvalidInput names what is wrong in the table.
Result<TeamSize> judge_team_size(std::string_view brief, const Json& table);

}  // namespace cadre
