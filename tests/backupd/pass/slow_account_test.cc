// An account whose server sends too little ends, is recorded as far as it is, and the next backup
// continues there.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>

#include "tests/backupd/pass/odd_server.h"

namespace backupd {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using testing::HasSubstr;

constexpr std::uint64_t kSlowMessages = 60;

// Each piece of a FETCH for bodies takes `interval`; everything else arrives at once.
class DrippingTransport : public imap::Transport {
 public:
  DrippingTransport(std::unique_ptr<imap::Transport> transport, PassRunner& runner,
                    milliseconds interval)
      : transport_(std::move(transport)), runner_(runner), interval_(interval) {}

  std::size_t send(base::ByteView bytes) override {
    if (base::as_text(bytes).find("BODY.PEEK[]") != std::string_view::npos) is_dripping_ = true;
    return transport_->send(bytes);
  }

  std::size_t receive(std::span<std::byte> buffer) override {
    if (!is_dripping_) return transport_->receive(buffer);
    if (!std::exchange(is_ready_, false)) return 0;
    return transport_->receive(buffer.first(std::min(buffer.size(), kPiece)));
  }

  bool wait(bool to_send, milliseconds timeout) override {
    if (!transport_->wait(to_send, timeout)) return false;
    if (is_dripping_) {
      runner_.pass_time(interval_);
      is_ready_ = true;
    }
    return true;
  }

 private:
  static constexpr std::size_t kPiece = 64;

  std::unique_ptr<imap::Transport> transport_;
  PassRunner& runner_;
  milliseconds interval_;
  bool is_dripping_ = false;
  bool is_ready_ = false;
};

class SlowAccountTest : public testing::Test {
 protected:
  SlowAccountTest() {
    for (std::uint32_t uid = 1; uid <= kSlowMessages; ++uid) {
      server_.folder("INBOX").message(uid, "Subject: " + std::to_string(uid) + "\r\n\r\nHello\r\n");
    }
  }

  AccountReport run(milliseconds interval) {
    return runner_.run_over([this, interval] {
      return std::make_unique<DrippingTransport>(server_.connect()(), runner_, interval);
    });
  }

  OddServer server_;
  PassRunner runner_{"alice"};
};

TEST_F(SlowAccountTest, EndsAndTheNextBackupContinues) {
  const AccountReport report = run(minutes(5));
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_THAT(report.error, HasSubstr("account_timeout"));
  EXPECT_EQ(server_.connections(), 1) << "it must not be tried again in the same backup";
  const std::uint64_t stored = runner_.snapshot().messages;
  EXPECT_GT(stored, 5U);
  EXPECT_LT(stored, kSlowMessages);
  EXPECT_EQ(runner_.snapshot().status, store::SnapshotStatus::kPartial);

  const AccountReport next = run(milliseconds(0));
  EXPECT_EQ(next.error, "");
  EXPECT_EQ(next.status, PassStatus::kComplete);
  EXPECT_EQ(next.fetched_messages, kSlowMessages - stored);
  EXPECT_EQ(runner_.snapshot().messages, kSlowMessages);
}

TEST_F(SlowAccountTest, ASlowServerIsWaitedForUntilTheEnd) {
  const AccountReport report = run(std::chrono::seconds(15));
  EXPECT_EQ(report.error, "");
  EXPECT_EQ(report.status, PassStatus::kComplete);
  EXPECT_EQ(runner_.snapshot().messages, kSlowMessages);
}

TEST_F(SlowAccountTest, TheTimeIsConfigurable) {
  runner_.server_config().transfer.account_timeout = minutes(30);
  const std::uint64_t stored = [&] {
    EXPECT_THAT(run(minutes(5)).error, HasSubstr("for 1800 s"));
    return runner_.snapshot().messages;
  }();
  EXPECT_LT(stored, 5U);
}

}  // namespace
}  // namespace backupd
