#include "backupd/pass/account_queue.h"

#include <algorithm>
#include <thread>
#include <tuple>
#include <utility>

#include "base/log.h"

namespace backupd {

namespace {

constexpr std::size_t kMaxThreads = 64;

}  // namespace

AccountQueue::AccountQueue(const base::Config& config,
                           const std::vector<base::AccountConfig>& accounts) {
  for (std::size_t index = 0; index < accounts.size(); ++index) {
    Server& server = servers_[accounts[index].server];
    server.free = config.server_of(accounts[index]).connections;
    server.waiting.push_back(index);
  }
}

void AccountQueue::run(const std::function<void(std::size_t index)>& work) {
  std::size_t threads = 0;
  for (const auto& [name, server] : servers_) {
    threads += std::min<std::size_t>(server.free, server.waiting.size());
  }
  threads = std::min(threads, kMaxThreads);
  {
    std::vector<std::jthread> workers;
    workers.reserve(threads);
    try {
      while (workers.size() < threads) workers.emplace_back([&] { drain(work); });
    } catch (const std::exception& error) {
      if (workers.empty()) throw;
      base::log_warning("only {} threads instead of {}: {}", workers.size(), threads, error.what());
    }
  }
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

AccountQueue::Server* AccountQueue::startable() {
  // Picks the server with the fewest accounts under way; of these, the one that has waited longest.
  Server* next = nullptr;
  for (auto& [name, server] : servers_) {
    if (server.free == 0 || server.waiting.empty()) continue;
    const bool is_sooner = next == nullptr || std::tie(server.under_way, server.last_begun) <
                                                  std::tie(next->under_way, next->last_begun);
    if (is_sooner) next = &server;
  }
  return next;
}

bool AccountQueue::has_waiting_accounts() const {
  return !error_ && std::any_of(servers_.begin(), servers_.end(),
                                [](const auto& entry) { return !entry.second.waiting.empty(); });
}

void AccountQueue::drain(const std::function<void(std::size_t index)>& work) {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return startable() != nullptr || !has_waiting_accounts(); });
    if (!has_waiting_accounts()) return;
    Server& server = *startable();
    --server.free;
    ++server.under_way;
    server.last_begun = ++started_;
    const std::size_t index = server.waiting.front();
    server.waiting.pop_front();
    lock.unlock();
    std::exception_ptr error;
    try {
      work(index);
    } catch (...) {  // an error that ends the whole run: run() rethrows it
      error = std::current_exception();
    }
    lock.lock();
    if (error && !error_) error_ = error;
    --server.under_way;
    give_back(server);
  }
}

void AccountQueue::give_back(Server& server) {
  ++server.free;
  changed_.notify_all();
}

std::vector<AccountQueue::Spare> AccountQueue::spares(const base::AccountConfig& account,
                                                      unsigned wanted) {
  std::vector<Spare> spares;
  const std::lock_guard lock(mutex_);
  auto& [name, server] = *servers_.find(account.server);
  while (spares.size() < wanted && server.free > 0 && server.waiting.empty()) {
    --server.free;
    spares.push_back(Spare(*this, name));
  }
  return spares;
}

AccountQueue::Spare::Spare(AccountQueue& queue, const std::string& server)
    : queue_(&queue), server_(&server) {}

AccountQueue::Spare::Spare(Spare&& other) noexcept
    : queue_(std::exchange(other.queue_, nullptr)), server_(other.server_) {}

AccountQueue::Spare::~Spare() {
  if (queue_ == nullptr) return;
  const std::lock_guard lock(queue_->mutex_);
  queue_->give_back(queue_->servers_.find(*server_)->second);
}

}  // namespace backupd
