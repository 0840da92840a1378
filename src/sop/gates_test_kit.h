// What the tests of the gates share: artifacts by their text, and a gate over them.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "sop/gates.h"

namespace cadre::testing {

class GatesTest : public ::testing::Test {
 protected:
  void put(const std::string& type, const std::string& data) {
    auto parsed = json::parse(data);
    ASSERT_TRUE(parsed) << parsed.error().message;
    all_[type] = std::make_shared<const Artifact>(Artifact{type, *parsed, {}});
  }
  GateVerdict judge(const std::string& gate, const std::string& type, const Json& parameters,
                    const std::string& blame) const {
    const GateSpec spec{gate, type, parameters, blame};
    return make_gate_keeper(parts_)->evaluate(spec, *all_.at(type), all_);
  }
  GateParts parts_;
  ArtifactMap all_;
};

}  // namespace cadre::testing
