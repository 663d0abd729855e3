// An account whose server sends too little ends, is recorded as far as it is, and the next backup
// continues there.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>

#include "tests/backupd/pass/odd_server.h"
#include "tests/backupd/pass/pass_runner.h"

namespace backupd {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using testing::HasSubstr;

constexpr std::uint64_t kSlowMessages = 60;

struct Slowness {
  milliseconds interval;                // for each piece of the answers
  std::string command = "BODY.PEEK[]";  // to commands with this text
  std::string folder = {};              // while this folder is open; empty: always
};

// Everything else arrives at once.
class DrippingTransport : public imap::Transport {
 public:
  DrippingTransport(std::unique_ptr<imap::Transport> transport, PassRunner& runner, Slowness slow)
      : transport_(std::move(transport)),
        runner_(runner),
        slow_(std::move(slow)),
        is_slow_folder_(slow_.folder.empty()) {}

  std::size_t send(base::ByteView bytes) override {
    const std::string_view text = base::as_text(bytes);
    if (text.find("EXAMINE ") != std::string_view::npos) {
      is_dripping_ = false;
      is_slow_folder_ = text.find(slow_.folder) != std::string_view::npos;
    }
    if (is_slow_folder_ && text.find(slow_.command) != std::string_view::npos) is_dripping_ = true;
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
      runner_.pass_time(slow_.interval);
      is_ready_ = true;
    }
    return true;
  }

 private:
  static constexpr std::size_t kPiece = 64;

  std::unique_ptr<imap::Transport> transport_;
  PassRunner& runner_;
  Slowness slow_;
  bool is_slow_folder_;
  bool is_dripping_ = false;
  bool is_ready_ = false;
};

class SlowAccountTest : public testing::Test {
 protected:
  SlowAccountTest() { fill(); }

  void fill() {
    for (std::uint32_t uid = 1; uid <= kSlowMessages; ++uid) {
      server_.folder("INBOX").message(uid, "Subject: " + std::to_string(uid) + "\r\n\r\nHello\r\n");
    }
  }

  AccountReport run(milliseconds interval) { return run(Slowness{interval}); }

  AccountReport run(const Slowness& slow) {
    return runner_.run_over([this, slow] {
      return std::make_unique<DrippingTransport>(server_.connect()(), runner_, slow);
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

TEST_F(SlowAccountTest, AFolderThatUsesUpTheTimeIsTriedLastTheNextTime) {
  server_.remove("INBOX");
  server_.folder("Archive").message(1, "Subject: a\r\n\r\n");
  fill();
  runner_.server_config().transfer.account_timeout = minutes(4);
  const Slowness slow{.interval = minutes(5), .folder = "Archive"};
  EXPECT_THAT(run(slow).error, HasSubstr("account_timeout"));
  EXPECT_EQ(runner_.snapshot().messages, 0U);

  const AccountReport next = run(slow);
  EXPECT_THAT(next.error, HasSubstr("account_timeout"));
  ASSERT_EQ(next.skipped.size(), 1U);
  EXPECT_EQ(next.skipped[0].folder, "Archive");
  EXPECT_EQ(runner_.snapshot().messages, kSlowMessages) << "all other folders";

  EXPECT_EQ(run(milliseconds(0)).status, PassStatus::kComplete);
  EXPECT_EQ(runner_.snapshot().messages, kSlowMessages + 1);
}

TEST_F(SlowAccountTest, TheListIsNotRequestedOnceMoreIfTheTimeIsOver) {
  runner_.server_config().transfer.account_timeout = minutes(4);
  const AccountReport report = run({.interval = minutes(5), .command = "LIST "});
  EXPECT_THAT(report.error, HasSubstr("account_timeout"));
  EXPECT_EQ(server_.connections(), 1);
}

}  // namespace
}  // namespace backupd
