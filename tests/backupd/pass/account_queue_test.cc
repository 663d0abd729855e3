#include "backupd/pass/account_queue.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <latch>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include <gmock/gmock.h>

namespace backupd {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class AccountQueueTest : public testing::Test {
 protected:
  struct Count {
    int now = 0;
    int most = 0;
    int ever = 0;
  };

  void add_accounts(const std::string& server, unsigned connections, int count) {
    config_.servers[server].connections = connections;
    for (int number = 0; number < count; ++number) {
      base::AccountConfig& account = config_.accounts.emplace_back();
      account.name = server + std::to_string(number);
      account.server = server;
    }
  }

  // Holds a connection to the account's server for as long as `work` takes.
  template <typename Work>
  void connected(std::size_t index, Work work) {
    {
      const std::lock_guard lock(mutex_);
      Count& count = counts_[config_.accounts[index].server];
      ++count.ever;
      count.most = std::max(count.most, ++count.now);
      started_.insert(index);
    }
    work();
    const std::lock_guard lock(mutex_);
    --counts_[config_.accounts[index].server].now;
  }

  int open_now(const std::string& server) {
    const std::lock_guard lock(mutex_);
    return counts_[server].now;
  }

  base::Config config_;
  std::mutex mutex_;
  std::map<std::string, Count> counts_;
  std::multiset<std::size_t> started_;
};

TEST_F(AccountQueueTest, ProcessesEveryAccountOnce) {
  add_accounts("near", 3, 40);
  add_accounts("far", 1, 15);
  AccountQueue queue(config_, config_.accounts);
  queue.run([&](std::size_t index) { connected(index, [] {}); });
  EXPECT_THAT(started_, SizeIs(55));
  EXPECT_THAT(std::set<std::size_t>(started_.begin(), started_.end()), SizeIs(55));
}

TEST_F(AccountQueueTest, UsesAllAllowedConnectionsAndNeverMore) {
  add_accounts("near", 3, 60);
  add_accounts("far", 1, 20);
  AccountQueue queue(config_, config_.accounts);
  std::latch all_there(4);
  queue.run([&](std::size_t index) {
    connected(index, [&] {
      if (index < 3 || index == 60) all_there.arrive_and_wait();  // the first of each
      std::this_thread::yield();
    });
  });
  EXPECT_EQ(counts_["near"].most, 3);
  EXPECT_EQ(counts_["far"].most, 1);
}

TEST_F(AccountQueueTest, ASlowServerDoesNotDelayTheOthers) {
  add_accounts("slow", 1, 3);
  add_accounts("near", 1, 20);
  AccountQueue queue(config_, config_.accounts);
  std::latch others_done(20);
  queue.run([&](std::size_t index) {
    connected(index, [&] {
      if (index >= 3) return others_done.count_down();
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
      while (!others_done.try_wait() && std::chrono::steady_clock::now() < end) {
        std::this_thread::yield();
      }
      EXPECT_TRUE(others_done.try_wait()) << "an account of the slow server, " << index;
    });
  });
  EXPECT_EQ(counts_["slow"].ever, 3);
  EXPECT_EQ(counts_["near"].ever, 20);
}

TEST_F(AccountQueueTest, ServesEveryServerWithFewerThreadsThanServers) {
  // More servers than threads, each with many accounts.
  constexpr std::size_t kThreads = 64;
  for (int server = 0; server < 100; ++server) add_accounts("s" + std::to_string(server), 2, 10);
  AccountQueue queue(config_, config_.accounts);
  std::vector<std::string> order;
  std::condition_variable recorded;
  queue.run([&](std::size_t index) {
    std::unique_lock lock(mutex_);
    order.push_back(config_.accounts[index].server);
    recorded.notify_all();
    // A thread may be delayed for any time between getting an account and recording it. So for two
    // rounds, each thread has one account, and waits for those of the others.
    const std::size_t round_end = order.size() <= kThreads ? kThreads : 2 * kThreads;
    if (order.size() > round_end) return;
    EXPECT_TRUE(recorded.wait_for(lock, std::chrono::seconds(60),
                                  [&] { return order.size() >= round_end; }));
  });
  ASSERT_THAT(order, SizeIs(1'000));
  const std::set<std::string> early(order.begin(), order.begin() + 2 * kThreads);
  EXPECT_THAT(early, SizeIs(100));
}

TEST_F(AccountQueueTest, AFatalErrorEndsTheRunBeforeTheNextAccount) {
  add_accounts("near", 1, 100);
  AccountQueue queue(config_, config_.accounts);
  EXPECT_THROW(queue.run([&](std::size_t index) {
    connected(index, [] {});
    if (index == 4) throw std::runtime_error("the disk is gone");
  }),
               std::runtime_error);
  EXPECT_EQ(counts_["near"].ever, 5);
}

TEST_F(AccountQueueTest, GivesSparesIfNoAccountWaits) {
  add_accounts("near", 3, 1);
  AccountQueue queue(config_, config_.accounts);
  queue.run([&](std::size_t) {
    {
      const auto spares = queue.spares(config_.accounts[0], 5);
      EXPECT_THAT(spares, SizeIs(2)) << "the account has one of the three";
      EXPECT_THAT(queue.spares(config_.accounts[0], 1), IsEmpty());
    }
    EXPECT_THAT(queue.spares(config_.accounts[0], 1), SizeIs(1)) << "the spares were given back";
  });
}

TEST_F(AccountQueueTest, GivesNoSparesWhileAccountsWait) {
  add_accounts("near", 1, 2);
  AccountQueue queue(config_, config_.accounts);
  queue.run(
      [&](std::size_t index) { EXPECT_THAT(queue.spares(config_.accounts[index], 1), IsEmpty()); });
}

TEST_F(AccountQueueTest, HasNothingToDoWithoutAccounts) {
  AccountQueue queue(config_, config_.accounts);
  queue.run([](std::size_t) { FAIL(); });
}

}  // namespace
}  // namespace backupd
