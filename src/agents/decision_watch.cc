#include "agents/decision_watch.h"

#include <utility>

#include "agents/run_driver.h"
#include "agents/store_guard.h"

namespace cadre {

// What a worker is to look at, and what it found.
struct DecisionWatch::Look {
  struct Place {
    std::weak_ptr<RunDriver> run;
    std::shared_ptr<Store> store;
    std::string id;
    std::int64_t from = 0;
    bool looked = false;
    std::vector<Event> events;
  };
  std::vector<Place> places;
  Versions versions;

  void read() {
    // The versions first: what is written while the journals are read is seen the next time.
    Versions now;
    for (const Place& place : places) {
      Store& store = *place.store;
      if (now.contains(&store)) continue;
      // Of one that throws it is not known.
      using Version = Result<Versions::mapped_type>;
      now[&store] = guard_store([&] { return Version(store.version()); }).value_or(std::nullopt);
    }
    for (Place& place : places) {
      const auto& version = now[place.store.get()];
      const auto before = versions.find(place.store.get());
      if (place.looked && version && before != versions.end() && before->second == version)
        continue;
      // A journal that cannot be read is said when the run writes the next time.
      auto journal = guard_store([&] { return place.store->read(place.id, place.from); });
      if (!journal) now[place.store.get()].reset();  // the next look reads it again
      if (journal && !journal->damage) place.events = std::move(journal->events);
    }
    versions = std::move(now);
  }
};

void DecisionWatch::watch(const std::shared_ptr<RunDriver>& run) {
  waiting_.try_emplace(run.get(), Waiting{run});
  if (!armed_) arm();
}

void DecisionWatch::arm() {
  armed_ = true;
  // The loop owns this, and lets go of its timers with it.
  loop_.at(std::chrono::steady_clock::now() + kEvery, [this] { tick(); });
}

void DecisionWatch::tick() {
  Look look;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const auto run = at->second.run.lock();
    const auto from = run == nullptr ? std::nullopt : run->waits_from();
    if (!from) {
      at = waiting_.erase(at);
      continue;
    }
    look.places.push_back(
        {at->second.run, run->journal_store(), run->id(), *from, at->second.looked, {}});
    at->second.looked = true;
    ++at;
  }
  armed_ = !look.places.empty();
  if (!armed_) return versions_.clear();
  look.versions = std::move(versions_);
  loop_.work([this, loop = loop_.weak_from_this(), look = std::move(look)]() mutable {
    look.read();
    if (const auto owner = loop.lock())
      owner->post([this, look = std::move(look)]() mutable { seen(std::move(look)); });
  });
}

void DecisionWatch::seen(Look look) {
  versions_ = std::move(look.versions);
  for (Look::Place& place : look.places) {
    const auto run = place.run.lock();
    if (run != nullptr && !place.events.empty()) run->written_elsewhere(place.events);
  }
  arm();
}

}  // namespace cadre
