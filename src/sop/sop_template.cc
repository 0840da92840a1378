#include "sop/sop_template.h"

#include <fmt/format.h>

#include "base/text.h"
#include "sop/fields.h"

namespace cadre {
namespace {

constexpr const char* kSop =
    R"(# A standard operating procedure: who does what, in which order, and what must hold before it goes on.
#
#   cadre sop check .     every mistake with its file, line and what to write instead
#   cadre sop graph .     the picture
#   cadre run BRIEF --sop .
#
# A stage needs artifacts, makes artifacts, and is done when its gates pass. Stages whose needs are
# there run side by side; the order below is for readers.
name: @NAME@
title: "@TITLE@"
version: "1"

# The role that opens the run. It hands out the work and does no stage itself.
lead: lead

# All of these may be left out; the values are the defaults.
limits:
  rounds_max: 3         # how often a stage may be done again because of a failed gate
  refusals_max: 2       # how often a handoff may be refused
  turns_max: 40         # model turns in one task
  parallel_tasks: 2
  parallel_tools: 2
  run_timeout_s: 3600

stages:
  - id: research
    title: Find what is known
    role: researcher
    needs: [brief]      # "brief" is what the user wrote; everything else is made by a stage
    makes: [notes]      # each type has a schema: artifacts/notes.schema.json
    gates:
      - schema          # the data fits its schema; the other gates are in docs/sops.md

  - id: write
    title: Write the answer
    role: writer
    needs: [brief, notes]
    makes: [answer]
    priority: normal    # low, normal or high
    gates:
      - schema
)";

constexpr const char* kLead = R"(---
# One file for each role: fields above, instructions below the second ---.
role: lead
name: Lead
description: Opens the run and decides who does what when something comes back.
tools: []
# Whom it may hand work to. The lead must reach everyone who does a stage.
handoff_targets: [researcher, writer]
guardrails: [tools_listed_only, files_inside_project]
---
You lead the team. You give out each stage with what it needs, and when a gate fails you send the
findings to the role whose work is to blame. You do no stage yourself.
)";

constexpr const char* kResearcher = R"(---
role: researcher
name: Researcher
description: Collects what is known about the question, each point with where it comes from.
tools: []
# Work goes from the maker of an artifact to who needs it; allow that way, and the way back.
handoff_targets: [writer, lead]
guardrails: [tools_listed_only, files_inside_project]
# A model of its own, where a role needs one; without this line it is the run's.
# model_config: {model: openai:gpt-5-mini}
---
You read the brief and write down what is known about it.

## What you make

**notes** – one point each: what is claimed, where that comes from, and how sure you are. A point
without a source is marked as your own.

## What you must not do

- Answer the question. That is the Writer's.
- Invent a source.
)";

constexpr const char* kWriter = R"(---
role: writer
name: Writer
description: Turns the notes into an answer that a reader can use.
tools: []
handoff_targets: [researcher, lead]
guardrails: [tools_listed_only, files_inside_project]
---
You write the answer to the brief from the notes and nothing else.

## What you make

**answer** – a title, the text, and the notes that it rests on. If the notes do not carry a
statement, leave it out, and say in `open` what is missing.
)";

constexpr const char* kNotes = R"({
  "$comment": "JSON Schema of what the stage research makes. The gate `schema` checks it.",
  "type": "object",
  "required": ["notes"],
  "additionalProperties": false,
  "properties": {
    "notes": {
      "type": "array",
      "minItems": 1,
      "items": {
        "type": "object",
        "required": ["id", "claim", "source"],
        "additionalProperties": false,
        "properties": {
          "id": {"type": "string", "pattern": "^N[0-9]+$"},
          "claim": {"type": "string", "minLength": 1},
          "source": {"type": "string", "minLength": 1},
          "confidence": {"enum": ["high", "medium", "low"]}
        }
      }
    }
  }
}
)";

constexpr const char* kAnswer = R"({
  "$comment": "x-document: the data is written there for people, too.",
  "x-document": "answer.md",
  "type": "object",
  "required": ["title", "text", "notes"],
  "additionalProperties": false,
  "properties": {
    "title": {"type": "string", "minLength": 1},
    "text": {"type": "string", "minLength": 1},
    "notes": {"type": "array", "items": {"type": "string", "pattern": "^N[0-9]+$"}},
    "open": {"type": "array", "items": {"type": "string"}}
  }
}
)";

}  // namespace

Result<std::map<std::string, std::string>> sop_template(const std::string& name) {
  if (!is_word(name)) {
    return fail(ErrorCode::kInvalidInput, fmt::format("\"{}\" is no name for an SOP", name),
                fmt::format("write \"{}\": lower-case letters, digits and _, beginning with a "
                            "letter",
                            text::snake_case(name.substr(0, 64))));
  }
  const std::string title = text::upper_first(text::replace_all(name, "_", " "));
  return std::map<std::string, std::string>{
      {"sop.yaml", text::replace_all(text::replace_all(kSop, "@NAME@", name), "@TITLE@", title)},
      {"roles/lead.md", kLead},
      {"roles/researcher.md", kResearcher},
      {"roles/writer.md", kWriter},
      {"artifacts/notes.schema.json", kNotes},
      {"artifacts/answer.schema.json", kAnswer}};
}

}  // namespace cadre
