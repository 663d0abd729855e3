#include "restore/desk/throttle.h"

#include <algorithm>
#include <array>

namespace desk {

namespace {

constexpr std::chrono::seconds kBetweenAttempts{1};

// The wait after the failure with this number, from 1 on.
std::chrono::minutes wait_after(int failures) {
  constexpr std::array<int, 5> kMinutes = {1, 2, 4, 8, 15};
  const int beyond = failures - Throttle::kFreeFailures;
  if (beyond < 0) return std::chrono::minutes(0);
  const auto at = std::min<std::size_t>(static_cast<std::size_t>(beyond), kMinutes.size() - 1);
  return std::chrono::minutes(kMinutes.at(at));
}

std::string pair_of(const std::string& name, const std::string& network) {
  return name + '\n' + network;  // neither has a line end
}

}  // namespace

std::optional<std::chrono::seconds> Throttle::wait_or_begin(const std::string& name,
                                                            const std::string& network) {
  const std::scoped_lock lock(mutex_);
  const auto now = clock_.steady_now();
  const auto wait_of = [&](const Table& table, const std::string& key) {
    const auto found = table.find(key);
    if (found == table.end() || found->second.until <= now) return std::chrono::seconds(0);
    return std::chrono::ceil<std::chrono::seconds>(found->second.until - now);
  };
  const auto wait = std::max(wait_of(names_, key_of(name, network)), wait_of(networks_, network));
  if (wait > std::chrono::seconds(0)) return wait;
  if (attempted_.size() >= kMaxAttempts || attempted_.contains(name)) return kBetweenAttempts;
  const auto of_network = static_cast<std::size_t>(
      std::ranges::count(attempted_, network, [](const auto& attempt) { return attempt.second; }));
  if (of_network >= kMaxAttemptsOfNetwork) return kBetweenAttempts;
  attempted_[name] = network;
  return std::nullopt;
}

void Throttle::note_failure(const std::string& name, const std::string& network) {
  const std::scoped_lock lock(mutex_);
  const auto now = clock_.steady_now();
  Failures& of_name = entry(names_, key_of(name, network));
  ++of_name.count;
  of_name.last = now;
  of_name.until = now + wait_after(of_name.count);
  Failures& of_network = entry(networks_, network);
  if (now - of_network.last > kNetworkWindow) of_network.count = 0;
  if (of_network.count == 0) of_network.last = now;  // the beginning of its window
  ++of_network.count;
  if (of_network.count >= kNetworkFailures) of_network.until = of_network.last + kNetworkWindow;
}

void Throttle::note_success(const std::string& name, const std::string& network) {
  const std::scoped_lock lock(mutex_);
  names_.erase(key_of(name, network));
  if (trusted_.size() >= kMaxEntries) trusted_.clear();
  trusted_.insert(pair_of(name, network));
}

void Throttle::end(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  attempted_.erase(name);
}

std::string Throttle::key_of(const std::string& name, const std::string& network) const {
  std::string pair = pair_of(name, network);
  return trusted_.contains(pair) ? pair : name;
}

Throttle::Failures& Throttle::entry(Table& table, const std::string& key) {
  const auto now = clock_.steady_now();
  const auto found = table.find(key);
  if (found != table.end()) {
    if (now - found->second.last > kForgetAfter) found->second = {.last = now};
    return found->second;
  }
  if (table.size() >= kMaxEntries) {
    std::erase_if(table, [&](const auto& item) { return now - item.second.last > kForgetAfter; });
  }
  if (table.size() >= kMaxEntries) {
    table.erase(std::ranges::min_element(table, {}, [](const auto& item) {
      return std::pair(item.second.count, item.second.last);
    }));
  }
  return table[key];
}

}  // namespace desk
