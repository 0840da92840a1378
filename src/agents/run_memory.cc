// What the team remembers goes into a run and comes out of it.
#include "agents/run_driver.h"

namespace cadre {

// On a worker. Of an agent that reads the session's items, their words are not given again.
Result<GivenContext> RunDriver::known_to(int agent, std::string_view task, bool at_start) {
  if (options_.memory == nullptr) return GivenContext{};
  const auto& memory = *options_.memory;
  ContextOptions options;
  options.conversation =
      !at_start || !reads_past_ || options_.session != memory.conversation();
  return options_.memory->context_for(
      team_.compiled().agents[static_cast<std::size_t>(agent)].agent.name, task,
      memory.options().token_budget, options);
}

// On a worker.
Result<void> RunDriver::task_may_begin() const {
  if (options_.memory == nullptr || purpose_.task.empty()) return {};
  auto workflow = options_.memory->session()->workflow();
  if (!workflow) return propagate(workflow);
  return workflow->may_begin(purpose_.task);
}

// One write at a time, in order; what the run learnt goes last, when its end is durable.
void RunDriver::save_memory() {
  if (memory_busy_ || learnt_ || !memory_fault_.empty() || run_.frames.empty()) return;
  std::vector<MemoryNote> notes = notes_->take();
  std::optional<RunLessons> lessons;
  if (notes.empty()) {
    if (!run_.over() || !waiting_batches_.empty() || !batch_.empty()) return;
    lessons = notes_->lessons(run_, lessons_);
  }
  memory_busy_ = true;
  ++in_flight_;
  auto done = std::make_shared<Result<void>>();
  loop_->work([self = shared_from_this(), notes = std::move(notes), lessons = std::move(lessons),
               done]() mutable {
    RunMemory& memory = *self->options_.memory;
    *done = lessons ? memory.learn(*lessons) : memory.remember(self->state_->id, notes);
    const bool last = lessons.has_value();
    Runtime::Loop& loop = *self->loop_;
    loop.post([self = std::move(self), done, last] {
      --self->in_flight_;
      self->memory_busy_ = false;
      self->learnt_ = last;
      if (!*done) self->memory_fault_ = done->error().describe();
      self->settle();
    });
  });
}

bool RunDriver::memory_is_kept() {
  return notes_ == nullptr || (!memory_busy_ && (learnt_ || !memory_fault_.empty()));
}

}  // namespace cadre
