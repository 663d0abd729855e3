#include "store/storage/s3_probe.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/log.h"
#include "store/storage/patient_storage.h"
#include "store/storage/s3_storage.h"

namespace store {

namespace {

constexpr int kRounds = 4;  // the first one makes the connections
constexpr std::chrono::minutes kPatience{1};

// One of several writers of a blob.
struct Racer {
  std::string bytes;
  std::optional<Created> created;
  std::exception_ptr error;
};

void race(Storage& storage, const BlobName& name, Racer& racer) {
  try {
    racer.created = storage.try_create(name, base::as_bytes(racer.bytes));
  } catch (...) {
    racer.error = std::current_exception();
  }
}

bool has_one_winner(Storage& storage, const BlobName& name) {
  std::vector<Racer> racers(kRacingWriters);
  for (std::size_t at = 0; at < racers.size(); ++at) racers[at].bytes = fmt::format("racer {}", at);
  {
    std::latch start(kRacingWriters);
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
    if (!racer.created) return false;
    if (racer.created == Created::kYes) winners.push_back(racer.bytes);
  }
  if (winners.size() != 1) return false;
  // One who comes later loses, and changes nothing.
  if (storage.try_create(name, base::as_bytes("late")) != Created::kExists) return false;
  const std::optional<base::Bytes> bytes = storage.get(name, 100);
  return bytes && base::to_text(*bytes) == winners.front();
}

void clean_up(Storage& storage, const std::vector<BlobName>& names) {
  for (const NotRemoved& left : storage.remove(names)) {
    base::log_debug("a probe is left behind: {}", left.why);
  }
}

}  // namespace

bool prove_creates_once(Storage& storage, std::uint64_t seed) {
  std::vector<BlobName> names;
  bool is_proven = true;
  for (int round = 0; round < kRounds && is_proven; ++round) {
    names.emplace_back("probe", fmt::format("{:016x}.{}", seed, round));
    is_proven = has_one_winner(storage, names.back());
  }
  clean_up(storage, names);
  return is_proven;
}

bool prove_creates_once(base::S3Config config, base::Clock& clock, std::uint64_t seed) {
  config.connections = std::max(config.connections, kRacingWriters);
  S3Storage storage(std::move(config), {}, base::real_file_system(), clock);
  PatientStorage patient(storage, clock, kPatience, static_cast<std::uint32_t>(seed));
  return prove_creates_once(patient, seed);
}

}  // namespace store
