#include "web/allowance.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace web {

namespace {

// A token for the holder; the address is never used.
std::shared_ptr<void> until_gone(void* owner, auto give_back) {
  return {owner, [give_back](void* /*owner*/) { give_back(); }};
}

std::string network_of(const std::string& address) {
  in6_addr bytes{};
  if (::inet_pton(AF_INET6, address.c_str(), &bytes) != 1 || IN6_IS_ADDR_V4MAPPED(&bytes)) {
    return address;
  }
  std::fill(bytes.s6_addr + 8, bytes.s6_addr + sizeof bytes.s6_addr, std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, &bytes, text.data(), text.size());
  return text.data();
}

}  // namespace

bool Allowance::has_left(std::uint64_t amount, const std::string& holder) const {
  const auto found = by_holder_.find(holder);
  const std::uint64_t has = found == by_holder_.end() ? 0 : found->second;
  return amount <= most_ - taken_ && amount <= of_one_ - has;
}

std::shared_ptr<void> Allowance::take(std::uint64_t amount, const std::string& holder,
                                      std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  if (!given_back_.wait_for(lock, patience, [&] { return has_left(amount, holder); })) {
    return nullptr;
  }
  taken_ += amount;
  by_holder_[holder] += amount;
  return until_gone(this, [this, amount, holder] { give_back(amount, holder); });
}

void Allowance::give_back(std::uint64_t amount, const std::string& holder) {
  const std::scoped_lock lock(mutex_);
  taken_ -= amount;
  const auto found = by_holder_.find(holder);
  if (found != by_holder_.end() && (found->second -= amount) == 0) by_holder_.erase(found);
  given_back_.notify_all();
}

std::shared_ptr<void> ClientLimit::enter(const std::string& address) {
  const std::string network = network_of(address);
  const std::scoped_lock lock(mutex_);
  unsigned& present = present_[network];
  if (present >= most_) return nullptr;
  ++present;
  return until_gone(this, [this, network] {
    const std::scoped_lock again(mutex_);
    const auto found = present_.find(network);
    if (--found->second == 0) present_.erase(found);
  });
}

}  // namespace web
