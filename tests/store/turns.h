// Threads that share a storage, one operation after the other, in an order that is given or drawn
// from a seed: the same order each time.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace tests {

// Only one player runs at a time.
class Turns {
 public:
  Turns(std::uint32_t seed, std::size_t players) : random_(seed + 1), is_playing_(players, true) {
    draw();
  }

  // The first player has so many turns, then the second one, and so on, then the first one again.
  // In the end each has as many as it needs.
  Turns(std::vector<std::size_t> runs, std::size_t players)
      : runs_(std::move(runs)), is_playing_(players, true) {
    turn_ = players - 1;
    draw();
  }

  // To be called first: waits for the first turn.
  void begin(std::size_t player) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return turn_ == player; });
  }

  // Gives up the turn, and waits for the next one.
  void next(std::size_t player) {
    std::unique_lock lock(mutex_);
    draw();
    changed_.notify_all();
    changed_.wait(lock, [&] { return turn_ == player; });
  }

  void end(std::size_t player) {
    const std::lock_guard lock(mutex_);
    is_playing_[player] = false;
    draw();
    changed_.notify_all();
  }

 private:
  void draw() {
    if (runs_) return follow_runs();
    std::vector<std::size_t> playing;
    for (std::size_t player = 0; player < is_playing_.size(); ++player) {
      if (is_playing_[player]) playing.push_back(player);
    }
    if (!playing.empty()) turn_ = playing[random_() % playing.size()];
  }

  void follow_runs() {
    if (std::ranges::find(is_playing_, true) == is_playing_.end()) return;
    while (left_ == 0 || !is_playing_[turn_]) {
      turn_ = (turn_ + 1) % is_playing_.size();
      left_ = next_run_ < runs_->size() ? (*runs_)[next_run_] : SIZE_MAX;
      ++next_run_;
    }
    --left_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::minstd_rand random_;
  std::optional<std::vector<std::size_t>> runs_;
  std::size_t next_run_ = 0;
  std::size_t left_ = 0;  // of the run under way
  std::vector<bool> is_playing_;
  std::size_t turn_ = 0;
};

}  // namespace tests
