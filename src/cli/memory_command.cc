#include "cli/memory_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "base/clock.h"
#include "base/text.h"
#include "memory/conversation_tracker.h"
#include "memory/lessons.h"
#include "memory/session_memory.h"

namespace cadre::cli {
namespace {

constexpr std::size_t kShownOutputs = 20;

Result<std::shared_ptr<MemoryFile>> open_memory(const MemoryArguments& arguments, bool read_only) {
  MemoryOptions options;
  options.create = false;
  options.read_only = read_only;
  auto file = MemoryFile::open(arguments.state / "memory.db", options);
  if (!file && file.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound,
                fmt::format("nothing is remembered here: there is no {}",
                            (arguments.state / "memory.db").string()),
                "give the folder of the runs with --state");
  }
  return file;
}

// "3" or "lesson:3"; sessions may have any other name, and "session:3" is one named "3".
std::optional<std::int64_t> lesson_number(std::string_view what) {
  if (what.starts_with("lesson:")) what.remove_prefix(7);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(what.data(), what.data() + what.size(), number);
  if (error != std::errc() || end != what.data() + what.size()) return std::nullopt;
  return number;
}

std::string session_name(const std::string& what) {
  return what.starts_with("session:") ? what.substr(8) : what;
}

// What tools and models said may hold what a terminal obeys.
std::string for_people(const std::string& words, std::size_t bytes) {
  return text::clean_utf8(text::shorten(words, bytes));
}

std::string in_a_line(const std::string& words, std::size_t bytes) {
  return for_people(text::replace_all(words, "\n", " "), bytes);
}

Json to_json(const Execution& one) {
  return JsonObject{{"agent", one.agent},
                    {"task", one.task},
                    {"action", one.action},
                    {"outcome", to_string(one.outcome)},
                    {"detail", one.detail},
                    {"run", one.run},
                    {"time", format_utc(one.started_us)}};
}

Json to_json(const SessionInfo& info) {
  return JsonObject{{"session", info.id},
                    {"origin", info.origin},
                    {"holder", info.holder},
                    {"items", info.items},
                    {"entries", info.entries},
                    {"encrypted", info.encrypted},
                    {"created", format_utc(info.created_us)},
                    {"updated", format_utc(info.updated_us)}};
}

int list_memory(const Console& console, const MemoryArguments& arguments) {
  auto file = open_memory(arguments, true);
  if (!file) return report_error(console, file.error());
  auto sessions = (*file)->sessions();
  if (!sessions) return report_error(console, sessions.error());
  std::vector<std::string> notes;
  auto lessons = Lessons(**file).list(notes);
  if (!lessons) return report_error(console, lessons.error());
  for (const std::string& note : notes) console.warn(note);
  if (console.json) {
    JsonArray session_rows, lesson_rows;
    for (const SessionInfo& info : *sessions) session_rows.push_back(to_json(info));
    for (const Lesson& lesson : *lessons) lesson_rows.push_back(cadre::to_json(lesson));
    console.print(json::write_pretty(
        JsonObject{{"sessions", std::move(session_rows)}, {"lessons", std::move(lesson_rows)}}));
    return notes.empty() ? kDone : kInternalError;
  }
  for (const SessionInfo& info : *sessions) {
    console.print(fmt::format("session {}  {} items, {} entries  {}{}{}\n", info.id, info.items,
                              info.entries, format_utc(info.updated_us),
                              info.encrypted ? "  encrypted" : "",
                              info.origin.empty() ? "" : "  from " + info.origin));
  }
  for (const Lesson& lesson : *lessons) {
    console.print(fmt::format("lesson {}  seen {}, used {}, helped {}  {} -> {}\n", lesson.id,
                              lesson.seen, lesson.uses, lesson.helped,
                              in_a_line(lesson.problem, 60), in_a_line(lesson.fix, 60)));
  }
  if (sessions->empty() && lessons->empty()) console.print("nothing is remembered\n");
  return notes.empty() ? kDone : kInternalError;
}

int show_lesson(const Console& console, MemoryFile& file, std::int64_t id) {
  auto lesson = Lessons(file).show(id);
  if (!lesson) return report_error(console, lesson.error());
  if (console.json) {
    console.print(json::write_pretty(cadre::to_json(*lesson)));
    return kDone;
  }
  const std::string last_used =
      lesson->last_used_us == 0 ? "never" : format_utc(lesson->last_used_us);
  console.print(fmt::format(
      "problem: {}\nfix: {}\nseen {} times, used {} times, helped {}; last "
      "used: {}\n",
      text::clean_utf8(lesson->problem), text::clean_utf8(lesson->fix), lesson->seen, lesson->uses,
      lesson->helped, last_used));
  for (const LessonEvidence& one : lesson->evidence)
    console.print(fmt::format("evidence: {} ({})\n", text::clean_utf8(one.what), one.run));
  return kDone;
}

int show_session(const Console& console, MemoryFile& file, const std::string& name) {
  SessionOptions options;
  options.create = false;
  if (const char* secret = std::getenv("CADRE_MEMORY_SECRET")) options.secret = secret;
  auto memory = SessionMemory::open(file, name, options);
  if (!memory && memory.error().code == ErrorCode::kInvalidInput && !options.secret.empty()) {
    options.secret.clear();  // the secret is of other sessions
    memory = SessionMemory::open(file, name, options);
  }
  if (!memory) return report_error(console, memory.error());
  std::vector<std::string> notes;
  auto items = (*memory)->conversation()->load(0, notes);
  if (!items) return report_error(console, items.error());
  auto outputs = (*memory)->outputs(kShownOutputs);
  if (!outputs) return report_error(console, outputs.error());
  auto ran = (*memory)->executions(kShownOutputs);
  if (!ran) return report_error(console, ran.error());
  auto knowledge = (*memory)->knowledge();
  if (!knowledge) return report_error(console, knowledge.error());
  auto workflow = (*memory)->workflow();
  if (!workflow) return report_error(console, workflow.error());
  for (const std::string& note : notes) console.warn(note);
  const auto tracker = ConversationTracker::of(*items);
  JsonArray output_rows, knowledge_rows, ran_rows, task_rows;
  for (const TaskRecord& task : workflow->tasks()) task_rows.push_back(cadre::to_json(task));
  for (const Execution& one : *ran) ran_rows.push_back(to_json(one));
  for (const AgentOutput& one : *outputs) {
    output_rows.push_back(JsonObject{{"id", one.id},
                                     {"agent", one.agent},
                                     {"kind", one.kind},
                                     {"text", one.text},
                                     {"metadata", one.metadata},
                                     {"run", one.run},
                                     {"time", format_utc(one.time_us)}});
  }
  for (const Knowledge& one : *knowledge) {
    knowledge_rows.push_back(JsonObject{
        {"agent", one.agent}, {"key", one.key}, {"value", one.value}, {"source", one.source}});
  }
  if (console.json) {
    console.print(json::write_pretty(JsonObject{{"session", name},
                                                {"conversation", tracker.to_json()},
                                                {"outputs", std::move(output_rows)},
                                                {"executions", std::move(ran_rows)},
                                                {"knowledge", std::move(knowledge_rows)},
                                                {"workflow", std::move(task_rows)}}));
    return notes.empty() ? kDone : kInternalError;
  }
  for (const Utterance& said : tracker.utterances()) {
    console.print(fmt::format("{:>4} {} -> {}: {}\n", said.order, said.from, said.to,
                              for_people(said.text, 200)));
  }
  for (const AgentOutput& one : *outputs)
    console.print(fmt::format("output {} of {} ({}): {}\n", one.id, one.agent, one.kind,
                              for_people(one.text, 200)));
  for (const Execution& one : *ran)
    console.print(fmt::format("{} of {} {}: {}\n", one.action, one.agent, to_string(one.outcome),
                              in_a_line(one.detail, 200)));
  for (const Knowledge& one : *knowledge)
    console.print(fmt::format("{} knows {} = {} (from {})\n", one.agent, one.key,
                              for_people(one.value, 200), one.source));
  for (const TaskRecord& task : workflow->tasks())
    console.print(fmt::format("task {} of {} is {}{}{}\n", task.id, task.owner,
                              to_string(task.state), task.detail.empty() ? "" : ": ",
                              in_a_line(task.detail, 200)));
  return notes.empty() ? kDone : kInternalError;
}

int show_memory(const Console& console, const MemoryArguments& arguments) {
  auto file = open_memory(arguments, true);
  if (!file) return report_error(console, file.error());
  if (const auto lesson = lesson_number(arguments.what))
    return show_lesson(console, **file, *lesson);
  return show_session(console, **file, session_name(arguments.what));
}

int forget_memory(const Console& console, const MemoryArguments& arguments) {
  auto file = open_memory(arguments, false);
  if (!file) return report_error(console, file.error());
  const auto lesson = lesson_number(arguments.what);
  auto gone =
      lesson ? Lessons(**file).forget(*lesson) : (*file)->remove(session_name(arguments.what));
  if (!gone) return report_error(console, gone.error());
  if (console.json) {
    console.print(json::write_pretty(JsonObject{{"forgotten", arguments.what}}));
  } else {
    console.print(fmt::format("forgotten: {}\n", arguments.what));
  }
  return kDone;
}

}  // namespace

void add_memory_commands(CLI::App& app, Console& console, MemoryArguments& arguments,
                         std::function<int()>& action) {
  CLI::App* memory =
      app.add_subcommand("memory", "what is remembered over runs: sessions and lessons")
          ->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, bool needs_what,
                       int (*run)(const Console&, const MemoryArguments&)) {
    CLI::App* command = memory->add_subcommand(name, what);
    if (needs_what) {
      command->add_option("WHAT", arguments.what,
                          "a lesson's number or a session's id (session:3: the one named 3)")
          ->required();
    }
    command->add_option("--state", arguments.state, "folder of the memory")->capture_default_str();
    command->add_flag("--json", console.json, "machine-readable output");
    command->callback([&console, &arguments, &action, run] {
      action = [&console, &arguments, run] { return run(console, arguments); };
    });
  };
  add("list", "list sessions and lessons", false, list_memory);
  add("show",
      "show a lesson with its evidence, or a session (CADRE_MEMORY_SECRET opens an "
      "encrypted one)",
      true, show_memory);
  add("forget", "delete a lesson or a whole session, from the file too", true, forget_memory);
}

}  // namespace cadre::cli
