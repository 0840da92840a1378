// Guardrails: one looks at the input beside the model while tools with effects wait for it, one
// gives an answer back with feedback.
#include <cstdio>

#include <cadre/cadre.h>

int main() {
  using cadre::testing::says;
  const auto model = std::make_shared<cadre::testing::ScriptedModel>(
      std::vector{says("Your password is hunter2."), says("I cannot tell you passwords."),
                  says("Table dropped.")});

  cadre::Guardrail no_attacks{.name = "no attacks"};
  no_attacks.check = [](const cadre::GuardrailSubject& subject, const cadre::RunContext&) {
    return subject.text.find("DROP TABLE") == std::string_view::npos
               ? cadre::GuardrailVerdict::allow()
               : cadre::GuardrailVerdict::reject("I only answer questions.");
  };
  cadre::Guardrail no_secrets{.name = "no secrets"};
  no_secrets.check = [](const cadre::GuardrailSubject& subject, const cadre::RunContext&) {
    return subject.text.find("hunter2") == std::string_view::npos
               ? cadre::GuardrailVerdict::allow()
               : cadre::GuardrailVerdict::retry("Never show a password. Answer without it.");
  };
  cadre::Agent helper{.name = "helper", .instructions = "Help."};
  helper.input_guardrails = {no_attacks};
  helper.output_guardrails = {no_secrets};
  const auto team = cadre::make_team({helper}).value();

  const cadre::RunResult polite = cadre::run(team, "What is my password?", {.model = model});
  std::printf("%s\n", polite.output.c_str());
  const cadre::RunResult attack = cadre::run(team, "'; DROP TABLE users", {.model = model});
  std::printf("%s (%s)\n", attack.output.c_str(),
              std::string(cadre::to_string(attack.status)).c_str());
  return polite.output == "I cannot tell you passwords." &&
                 attack.status == cadre::RunStatus::kGuardrail
             ? 0
             : 1;
}
