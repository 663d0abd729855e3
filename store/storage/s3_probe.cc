#include "store/storage/s3_probe.h"

#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "base/log.h"

namespace store {

namespace {

constexpr std::size_t kRacers = 4;
constexpr int kRounds = 3;

// What became of one writer.
struct Racer {
  std::string bytes;
  std::optional<bool> has_won;
  std::exception_ptr error;
};

void race(S3Storage& storage, const BlobName& name, Racer& racer) {
  try {
    racer.has_won = storage.put_if_absent(name, base::as_bytes(racer.bytes));
  } catch (...) {
    racer.error = std::current_exception();
  }
}

bool has_one_winner(S3Storage& storage, const BlobName& name) {
  std::vector<Racer> racers(kRacers);
  for (std::size_t at = 0; at < racers.size(); ++at) racers[at].bytes = fmt::format("racer {}", at);
  {
    std::vector<std::jthread> threads;
    for (Racer& racer : racers) threads.emplace_back([&] { race(storage, name, racer); });
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

bool prove_creates_once(S3Storage& storage, std::uint64_t seed) {
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
