#include "backupd/account_queue.h"

#include <algorithm>
#include <utility>

#include "imap/account_login.h"

namespace backupd {

namespace {

constexpr std::size_t kMostThreads = 64;

// A connection that waits for its turn longer than this is opened again: servers close idle ones,
// and its listing is old.
constexpr std::chrono::minutes kLongestIdle{2};

}  // namespace

OpenAccount open_and_list(const base::Config& config, const base::AccountConfig& account,
                          const base::Clock& clock) {
  imap::Session session = imap::open_account(config.server_of(account), account);
  imap::Namespaces namespaces = session.namespaces();
  const auto listed = std::chrono::floor<std::chrono::seconds>(clock.now());
  std::vector<imap::Folder> folders = session.list_personal_folders();
  return {std::move(session), std::move(namespaces), std::move(folders), listed};
}

OpenAccount AccountQueue::Arrival::take() {
  if (error_) std::rethrow_exception(error_);
  OpenAccount account = std::move(account_.value());
  account_.reset();
  return account;
}

AccountQueue::AccountQueue(const base::Config& config,
                           const std::vector<base::AccountConfig>& accounts,
                           const base::Clock& clock, Open open)
    : accounts_(accounts), clock_(clock), open_(std::move(open)), left_(accounts.size()) {
  for (std::size_t index = 0; index < accounts.size(); ++index) {
    Server& server = servers_[accounts[index].server];
    server.free = config.server_of(accounts[index]).connections;
    server.waiting.push_back(index);
  }
  std::size_t threads = 0;
  for (const auto& [name, server] : servers_) {
    threads += std::min<std::size_t>(server.free, server.waiting.size());
  }
  threads = std::min(threads, kMostThreads);
  threads_.reserve(threads);
  while (threads_.size() < threads) {
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

std::optional<AccountQueue::Arrival> AccountQueue::next() {
  std::unique_lock lock(mutex_);
  if (in_use_ != nullptr) {
    ++std::exchange(in_use_, nullptr)->free;
    changed_.notify_all();
  }
  if (left_ == 0) return std::nullopt;
  changed_.wait(lock, [&] { return !arrived_.empty(); });
  Arrival arrival = std::move(arrived_.front());
  arrived_.pop_front();
  --left_;
  in_use_ = &servers_.at(accounts_[arrival.index()].server);
  lock.unlock();

  if (arrival.account_ && clock_.steady_now() - arrival.opened_ > kLongestIdle) {
    arrival.account_.reset();  // closed before another is opened
    arrival = open(arrival.index());
  }
  return arrival;
}

AccountQueue::Server* AccountQueue::startable() {
  const auto found = std::find_if(servers_.begin(), servers_.end(), [](const auto& entry) {
    return entry.second.free > 0 && !entry.second.waiting.empty();
  });
  return found == servers_.end() ? nullptr : &found->second;
}

bool AccountQueue::is_anyone_waiting() const {
  return std::any_of(servers_.begin(), servers_.end(),
                     [](const auto& entry) { return !entry.second.waiting.empty(); });
}

void AccountQueue::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const bool go_on =
        changed_.wait(lock, stop, [&] { return startable() != nullptr || !is_anyone_waiting(); });
    if (!go_on || stop.stop_requested() || !is_anyone_waiting()) return;
    Server& server = *startable();
    --server.free;
    const std::size_t index = server.waiting.front();
    server.waiting.pop_front();
    lock.unlock();
    Arrival arrival = open(index);
    lock.lock();
    arrived_.push_back(std::move(arrival));
    changed_.notify_all();
  }
}

AccountQueue::Arrival AccountQueue::open(std::size_t index) const {
  Arrival arrival(index);
  arrival.opened_ = clock_.steady_now();
  try {
    arrival.account_ = open_(accounts_[index]);
  } catch (...) {  // it is thrown again where errors of an account are caught
    arrival.error_ = std::current_exception();
  }
  return arrival;
}

}  // namespace backupd
