#include "backupd/account_queue.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <latch>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include <gmock/gmock.h>

#include "base/error.h"
#include "imap/limits.h"
#include "imap/transport.h"

namespace backupd {
namespace {

// Answers OK to every command, and counts how many of it there are.
class CountedTransport : public imap::Transport {
 public:
  struct Count {
    std::mutex mutex;
    int now = 0;
    int most = 0;
    int ever = 0;
  };

  explicit CountedTransport(Count& count) : count_(count) {
    const std::lock_guard lock(count_.mutex);
    ++count_.ever;
    count_.most = std::max(count_.most, ++count_.now);
  }
  ~CountedTransport() override {
    const std::lock_guard lock(count_.mutex);
    --count_.now;
  }

  std::size_t send(base::ByteView bytes) override {
    const std::string line(base::as_text(bytes));
    if (line.find("CAPABILITY") != std::string::npos) answers_ += "* CAPABILITY IMAP4rev1\r\n";
    answers_ += line.substr(0, line.find(' ')) + " OK done\r\n";
    return bytes.size();
  }
  std::size_t receive(std::span<std::byte> buffer) override {
    const std::size_t size = std::min(buffer.size(), answers_.size());
    std::memcpy(buffer.data(), answers_.data(), size);
    answers_.erase(0, size);
    return size;
  }
  bool wait(bool /*to_send*/, std::chrono::milliseconds /*timeout*/) override { return true; }

 private:
  Count& count_;
  std::string answers_;
};

class ManualClock : public base::Clock {
 public:
  base::TimePoint now() const override { return {}; }
  std::chrono::steady_clock::time_point steady_now() const override { return moment_.load(); }
  void sleep_for(std::chrono::milliseconds duration) override {
    moment_ = moment_.load() + duration;
  }

 private:
  std::atomic<std::chrono::steady_clock::time_point> moment_{};
};

class AccountQueueTest : public testing::Test {
 protected:
  void add_accounts(const std::string& server, unsigned connections, int count) {
    config_.servers[server].connections = connections;
    for (int number = 0; number < count; ++number) {
      base::AccountConfig& account = config_.accounts.emplace_back();
      account.name = server + std::to_string(number);
      account.server = server;
    }
  }

  OpenAccount connect(const base::AccountConfig& account) {
    CountedTransport::Count& count = count_of(account.server);
    return {imap::Session(std::make_unique<CountedTransport>(count), imap::Limits()), {}, {}, {}};
  }

  CountedTransport::Count& count_of(const std::string& server) {
    const std::lock_guard lock(mutex_);
    return counts_[server];
  }

  int open_now(const std::string& server) {
    CountedTransport::Count& count = count_of(server);
    const std::lock_guard lock(count.mutex);
    return count.now;
  }

  void wait_until_open(const std::string& server, int connections) {
    while (open_now(server) < connections) std::this_thread::yield();
  }

  base::Config config_;
  ManualClock clock_;
  std::mutex mutex_;
  std::map<std::string, CountedTransport::Count> counts_;
};

TEST_F(AccountQueueTest, GivesEveryAccountOnce) {
  add_accounts("near", 3, 40);
  add_accounts("far", 1, 15);
  AccountQueue queue(config_, config_.accounts, clock_,
                     [this](const auto& account) { return connect(account); });
  std::set<std::size_t> given;
  while (auto arrival = queue.next()) {
    arrival->take();
    EXPECT_TRUE(given.insert(arrival->index()).second);
  }
  EXPECT_EQ(given.size(), 55);
  EXPECT_FALSE(queue.next());
}

TEST_F(AccountQueueTest, HasAsManyConnectionsAsAreAllowedAndNeverMore) {
  add_accounts("near", 3, 60);
  add_accounts("far", 1, 20);
  AccountQueue queue(config_, config_.accounts, clock_,
                     [this](const auto& account) { return connect(account); });
  wait_until_open("near", 3);
  wait_until_open("far", 1);
  while (auto arrival = queue.next()) {
    const OpenAccount account = arrival->take();
    std::this_thread::yield();
  }
  EXPECT_EQ(count_of("near").most, 3);
  EXPECT_EQ(count_of("far").most, 1);
  EXPECT_EQ(count_of("near").ever, 60);
  EXPECT_EQ(open_now("near") + open_now("far"), 0);
}

TEST_F(AccountQueueTest, TellsWhatIsWrongWithAnAccountWhereItIsTaken) {
  add_accounts("near", 2, 10);
  AccountQueue queue(config_, config_.accounts, clock_, [this](const auto& account) {
    if (account.name == "near4") base::fail(base::ErrorCode::kLogin, "login: near4: refused");
    return connect(account);
  });
  int good = 0;
  while (auto arrival = queue.next()) {
    if (arrival->index() == 4) {
      EXPECT_THROW(arrival->take(), base::Error);
    } else {
      arrival->take();
      ++good;
    }
  }
  EXPECT_EQ(good, 9);
}

TEST_F(AccountQueueTest, ASlowServerHoldsNoOtherUp) {
  add_accounts("slow", 1, 3);
  add_accounts("near", 1, 20);
  std::latch others_done(1);
  AccountQueue queue(config_, config_.accounts, clock_, [&](const auto& account) {
    if (account.server == "slow") others_done.wait();
    return connect(account);
  });
  for (int number = 0; number < 20; ++number) {
    EXPECT_GE(queue.next().value().index(), 3) << "accounts 0 to 2 are the slow server's";
  }
  others_done.count_down();
  for (int number = 0; number < 3; ++number) EXPECT_LT(queue.next().value().index(), 3);
  EXPECT_FALSE(queue.next());
}

TEST_F(AccountQueueTest, OpensAgainWhatWaitedTooLong) {
  add_accounts("near", 2, 2);
  AccountQueue queue(config_, config_.accounts, clock_,
                     [this](const auto& account) { return connect(account); });
  wait_until_open("near", 2);
  queue.next().value().take();
  clock_.sleep_for(std::chrono::minutes(3));
  queue.next().value().take();
  EXPECT_EQ(count_of("near").ever, 3);
  EXPECT_EQ(count_of("near").most, 2);
}

TEST_F(AccountQueueTest, EndsEarlyAndClosesWhatIsOpen) {
  add_accounts("near", 4, 100);
  {
    AccountQueue queue(config_, config_.accounts, clock_,
                       [this](const auto& account) { return connect(account); });
    queue.next().value().take();
    wait_until_open("near", 3);
  }
  EXPECT_EQ(open_now("near"), 0);
  EXPECT_LT(count_of("near").ever, 100);
}

TEST_F(AccountQueueTest, HasNothingToGiveWithoutAccounts) {
  AccountQueue queue(config_, config_.accounts, clock_,
                     [this](const auto& account) { return connect(account); });
  EXPECT_FALSE(queue.next());
}

}  // namespace
}  // namespace backupd
