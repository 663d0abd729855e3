// Threads that share a storage, one operation after the other, in an order drawn from a seed: the
// same order each time.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <utility>
#include <vector>

#include "store/storage/storage.h"

namespace tests {

// Only one player runs at a time.
class Turns {
 public:
  Turns(std::uint32_t seed, std::size_t players) : random_(seed + 1), is_playing_(players, true) {
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
    std::vector<std::size_t> playing;
    for (std::size_t player = 0; player < is_playing_.size(); ++player) {
      if (is_playing_[player]) playing.push_back(player);
    }
    if (!playing.empty()) turn_ = playing[random_() % playing.size()];
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::minstd_rand random_;
  std::vector<bool> is_playing_;
  std::size_t turn_ = 0;
};

// Another player may come before each operation.
class StorageInTurns : public store::Storage {
 public:
  // Both must outlive it.
  StorageInTurns(store::Storage& storage, Turns& turns, std::size_t player)
      : storage_(storage), turns_(turns), player_(player) {}

  void put(const store::BlobName& name, base::ByteView bytes) override {
    turns_.next(player_);
    storage_.put(name, bytes);
  }
  std::unique_ptr<store::Upload> upload(std::string_view area) override {
    return std::make_unique<UploadInTurns>(*this, storage_.upload(area));
  }
  store::Created create(const store::BlobName& name, base::ByteView bytes) override {
    turns_.next(player_);
    return storage_.create(name, bytes);
  }
  void replace(const store::BlobName& name, base::ByteView bytes) override {
    turns_.next(player_);
    storage_.replace(name, bytes);
  }
  std::optional<base::Bytes> get(const store::BlobName& name, std::uint64_t limit) override {
    turns_.next(player_);
    return storage_.get(name, limit);
  }
  std::optional<std::size_t> read_at(const store::BlobName& name, std::uint64_t offset,
                                     std::span<std::byte> out) override {
    turns_.next(player_);
    return storage_.read_at(name, offset, out);
  }
  std::optional<store::BlobTail> get_tail(const store::BlobName& name, std::size_t size) override {
    turns_.next(player_);
    return storage_.get_tail(name, size);
  }
  std::optional<std::uint64_t> size(const store::BlobName& name) override {
    turns_.next(player_);
    return storage_.size(name);
  }
  std::vector<std::string> list(std::string_view area, std::string_view prefix,
                                std::string_view after) override {
    turns_.next(player_);
    return storage_.list(area, prefix, after);
  }
  [[nodiscard]] std::vector<store::NotRemoved> remove(
      std::span<const store::BlobName> names) override {
    turns_.next(player_);
    return storage_.remove(names);
  }
  store::StorageTraits traits() const override { return storage_.traits(); }
  std::string display_name() const override { return storage_.display_name(); }
  std::string display_name(const store::BlobName& name) const override {
    return storage_.display_name(name);
  }

 private:
  class UploadInTurns : public store::Upload {
   public:
    UploadInTurns(StorageInTurns& storage, std::unique_ptr<store::Upload> upload)
        : storage_(storage), upload_(std::move(upload)) {}
    void write(base::ByteView bytes) override { upload_->write(bytes); }
    void publish(std::string_view key) override {
      storage_.turns_.next(storage_.player_);
      upload_->publish(key);
    }

   private:
    StorageInTurns& storage_;
    std::unique_ptr<store::Upload> upload_;
  };

  store::Storage& storage_;
  Turns& turns_;
  std::size_t player_;
};

}  // namespace tests
