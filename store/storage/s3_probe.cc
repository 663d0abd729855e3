#include "store/storage/s3_probe.h"

#include <algorithm>
#include <exception>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/log.h"
#include "store/storage/s3_storage.h"

namespace store {

namespace {

constexpr unsigned kRacers = 4;
constexpr int kRounds = 4;  // the first one makes the connections
constexpr int kAttempts = 10;

// One of several writers of a blob.
struct Racer {
  std::string bytes;
  std::optional<bool> has_won;
  std::exception_ptr error;
};

// After a lost answer, equal bytes are the racer's own. In a race, some storages answer that they
// could not decide, which has to be tried again.
std::optional<bool> try_to_win(S3Storage& storage, const BlobName& name, const Racer& racer) {
  for (int attempt = 1;; ++attempt) {
    try {
      const auto is_new = storage.put_if_absent(name, base::as_bytes(racer.bytes));
      if (is_new != std::optional(false) || attempt == 1) return is_new;
      return compare_with_existing(storage, name, base::as_bytes(racer.bytes)) == Created::kYes;
    } catch (const StorageError& error) {
      if (!error.is_worth_repeating() || attempt == kAttempts) throw;
    }
  }
}

void race(S3Storage& storage, const BlobName& name, Racer& racer) {
  try {
    racer.has_won = try_to_win(storage, name, racer);
  } catch (...) {
    racer.error = std::current_exception();
  }
}

bool has_one_winner(S3Storage& storage, const BlobName& name) {
  std::vector<Racer> racers(kRacers);
  for (std::size_t at = 0; at < racers.size(); ++at) racers[at].bytes = fmt::format("racer {}", at);
  {
    std::latch start(kRacers);
    std::vector<std::jthread> threads;
    threads.reserve(racers.size());
    for (Racer& racer : racers) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        race(storage, name, racer);
      });
    }
  }
  std::vector<std::string> winners;
  for (const Racer& racer : racers) {
    if (racer.error) std::rethrow_exception(racer.error);
    if (!racer.has_won) return false;
    if (*racer.has_won) winners.push_back(racer.bytes);
  }
  if (winners.size() != 1) return false;
  // One who comes later loses, and changes nothing.
  if (storage.put_if_absent(name, base::as_bytes("late")) != std::optional(false)) return false;
  const std::optional<base::Bytes> bytes = storage.get(name, 100);
  return bytes && base::to_text(*bytes) == winners.front();
}

void clean_up(S3Storage& storage, const std::vector<BlobName>& names) {
  for (const NotRemoved& left : storage.remove(names)) {
    base::log_debug("a probe is left behind: {}", left.why);
  }
}

}  // namespace

bool prove_creates_once(base::S3Config config, base::Clock& clock, std::uint64_t seed) {
  config.connections = std::max(config.connections, kRacers);
  S3Storage storage(std::move(config), {}, base::real_file_system(), clock);
  std::vector<BlobName> names;
  bool is_proven = true;
  for (int round = 0; round < kRounds && is_proven; ++round) {
    names.emplace_back("probe", fmt::format("{:016x}.{}", seed, round));
    is_proven = has_one_winner(storage, names.back());
  }
  clean_up(storage, names);
  return is_proven;
}

}  // namespace store
