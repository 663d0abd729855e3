// Wherever memory runs out while one account is handled, the others are backed up, and the store
// has no damage.
#include <algorithm>
#include <memory>
#include <mutex>
#include <new>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "backupd/pass/account_pass.h"
#include "backupd/pass/account_queue.h"
#include "backupd/pass/cause_log.h"
#include "backupd/pass/containment.h"
#include "backupd/pass/restored_trees.h"
#include "store/maintenance/check.h"
#include "store/reader.h"
#include "store/writer.h"
#include "tests/backupd/failing_new.h"
#include "tests/backupd/pass/odd_server.h"
#include "tests/backupd/pass/pass_runner.h"
#include "tests/long_run.h"
#include "tests/store/random_bytes.h"
#include "tests/temporary_directory.h"

namespace backupd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Of an account, in two folders. The long form lets 1,000 allocations fail.
const std::uint64_t kMessagesEach = tests::is_long_run() ? 64 : 4;

// The scripted server's own allocations succeed.
class SparedTransport : public imap::Transport {
 public:
  explicit SparedTransport(const PassRunner::Connect& connect) : transport_(connect()) {}

  std::size_t send(base::ByteView bytes) override {
    const tests::SparedFromFailing spared;
    return transport_->send(bytes);
  }
  std::size_t receive(std::span<std::byte> buffer) override {
    const tests::SparedFromFailing spared;
    return transport_->receive(buffer);
  }
  bool wait(bool to_send, std::chrono::milliseconds timeout) override {
    const tests::SparedFromFailing spared;
    return transport_->wait(to_send, timeout);
  }

 private:
  std::unique_ptr<imap::Transport> transport_;
};

class OutOfMemoryTest : public testing::Test {
 protected:
  OutOfMemoryTest() {
    environment_.config.servers["main"].connections_per_account = 1;
    store::init(location_, base::real_file_system(), base::system_clock());
    reopen();
  }

  void reopen() {
    schedule_.reset();
    writer_.reset();
    writer_.emplace(store::Writer::open(location_, base::real_file_system(), base::system_clock()));
    schedule_.emplace(*writer_, base::system_clock());
  }

  // Other messages than those of all other accounts.
  static void fill(OddServer& server, const std::string& account) {
    std::uint32_t uid = 0;
    for (const char* folder : {"INBOX", "Sent"}) {
      for (std::uint64_t i = 0; i < kMessagesEach / 2; ++i) {
        ++uid;
        const std::string name = account + std::to_string(uid);
        server.folder(folder).message(uid, "Subject: " + name +
                                               "\r\nFrom: a@example.org\r\n\r\nBody of " + name +
                                               " which is a little longer than the subject\r\n");
      }
    }
  }

  AccountReport back_up(const std::string& name, const PassRunner::Connect& connect) {
    AccountReport report;
    report.account = name;
    try {
      base::AccountConfig account;
      account.name = account.user = name;
      account.server = "main";
      AccountQueue queue(environment_.config, {account});
      SpareSessions spares(queue, environment_.config, account);
      const RestoredTrees trees({}, name);
      AccountPass pass(environment_, account, trees,
                       {*writer_, *schedule_, mutex_, budget_, progress_, causes_});
      report = pass.run(
          [&](const OpenOptions& options) {
            imap::Session session(connect(), imap::Limits(), options.personal_prefix);
            imap::Namespaces namespaces = session.namespaces();
            std::vector<imap::Folder> folders = session.list_personal_folders();
            return OpenAccount{std::move(session), std::move(namespaces), std::move(folders),
                               environment_.clock.now_seconds()};
          },
          spares);
    } catch (...) {
      end_account(std::current_exception(), *writer_, mutex_, report);
    }
    return report;
  }

  // Returns how many allocations were made.
  std::uint64_t back_up_with_failure(const std::string& name, std::uint64_t number) {
    OddServer server;
    fill(server, name);
    const PassRunner::Connect connect = [&] {
      const tests::SparedFromFailing spared;
      return std::make_unique<SparedTransport>(server.connect());
    };
    const tests::FailingNew failing(number);
    const AccountReport report = back_up(name, connect);
    const std::uint64_t counted = failing.counted();
    const tests::SparedFromFailing spared;
    EXPECT_TRUE(report.status == PassStatus::kComplete || !report.error.empty() ||
                !report.troubles.empty() || !report.skipped.empty())
        << "allocation " << number << ": an account must not end without a reason";
    return counted;
  }

  void expect_backed_up(const std::string& name) {
    OddServer server;
    fill(server, name);
    const AccountReport report = back_up(name, server.connect());
    EXPECT_EQ(report.error, "") << name;
    EXPECT_EQ(report.status, PassStatus::kComplete) << name;
  }

  void expect_intact() const {
    store::CheckOptions options;
    options.depth = store::CheckDepth::kReadData;
    options.threads = 1;
    const store::CheckReport report = store::check(location_, base::real_file_system(), options);
    EXPECT_THAT(report.damage, ElementsAre());
    EXPECT_TRUE(report.is_intact());
  }

  std::uint64_t messages_of(const std::string& name) const {
    store::Reader reader = store::Reader::open(location_, base::real_file_system());
    const auto snapshot = reader.newest_snapshot(name);
    return snapshot ? snapshot->messages : 0;
  }

  tests::TemporaryDirectory directory_;
  store::Location location_{directory_.path() / "store", directory_.path() / "index",
                            directory_.path() / "key"};
  base::Environment environment_{
      {}, base::OutputFormat::kText, base::real_file_system(), base::system_clock()};
  std::optional<store::Writer> writer_;
  std::optional<CommitSchedule> schedule_;
  std::mutex mutex_;
  PipeBudget budget_{std::size_t{1} << 20};
  ProgressBoard progress_{1, base::system_clock()};
  CauseLog causes_{BackupScope::kAllAccounts};
};

TEST_F(OutOfMemoryTest, AnyAllocationOfAnAccountMayFail) {
  const std::uint64_t all = back_up_with_failure("nothing fails", 0);
  const std::uint64_t first = tests::is_long_run() ? 500 : 24;
  ASSERT_GE(all, 2 * first);
  std::set<std::uint64_t> numbers;
  while (numbers.size() < first) numbers.insert(numbers.size() + 1);
  std::mt19937_64 random(tests::is_long_run() ? std::random_device{}() : 1);
  std::uniform_int_distribution<std::uint64_t> later(first + 1, all);
  while (numbers.size() < 2 * first) numbers.insert(later(random));

  for (const std::uint64_t number : numbers) {
    const std::string suffix = std::to_string(number);
    back_up_with_failure("victim" + suffix, number);
    ASSERT_TRUE(writer_->is_usable()) << "allocation " << number;
    expect_backed_up("other" + suffix);
    if (number % 16 == 0) schedule_->commit();
  }
  schedule_->commit();
  expect_intact();

  for (const std::uint64_t number : numbers) {
    const std::string suffix = std::to_string(number);
    EXPECT_EQ(messages_of("other" + suffix), kMessagesEach) << number;
    expect_backed_up("victim" + suffix);
  }
  schedule_->commit();
  expect_intact();
  for (const std::uint64_t number : numbers) {
    EXPECT_EQ(messages_of("victim" + std::to_string(number)), kMessagesEach) << number;
  }
}

// A block is sealed while a message that no longer fits into it is added.
TEST_F(OutOfMemoryTest, AnyAllocationMayFailWhileABlockIsSealed) {
  constexpr std::size_t kLength = 1'150'000;
  constexpr int kInABlock = 8;  // messages of that length
  std::uint64_t seed = 0;
  const auto text = [&] { return "Subject: long\r\n\r\n" + tests::random_bytes(++seed, kLength); };
  const auto arrived = [&](const std::string& bytes) {
    store::IncomingMessage message = writer_->begin_message();
    message.add(base::as_bytes(bytes));
    message.finish();
    return message;
  };
  // Returns the allocations of the message that needed most: the one that had a block sealed.
  const auto fill_block = [&](std::uint64_t failing_number) {
    std::uint64_t most = 0;
    for (int i = 0; i < kInABlock; ++i) {
      const std::string bytes = text();
      store::IncomingMessage message = arrived(bytes);
      try {
        const tests::FailingNew failing(failing_number);
        writer_->add(message);
        most = std::max(most, failing.counted());
      } catch (const std::bad_alloc&) {
        EXPECT_TRUE(writer_->is_usable()) << failing_number;
        store::IncomingMessage again = arrived(bytes);
        writer_->add(again);
      } catch (const base::Error& error) {  // the pack was full
        EXPECT_EQ(error.code(), base::ErrorCode::kIo) << failing_number;
        EXPECT_THAT(error.what(), HasSubstr("not enough memory")) << failing_number;
        EXPECT_FALSE(writer_->is_usable()) << failing_number;
        reopen();
      }
    }
    return most;
  };
  const std::uint64_t all = fill_block(0);
  ASSERT_GT(all, 2U);
  const std::uint64_t step = tests::is_long_run() ? 1 : std::max<std::uint64_t>(1, all / 3);
  for (std::uint64_t number = 1; number <= all; number += step) fill_block(number);
  expect_backed_up("other");
  schedule_->commit();
  expect_intact();
}

// If memory runs out while a pack is published and committed, the commit can be repeated, or it
// fails with an error that says so; then everything committed before is there, and the next backup
// completes.
TEST_F(OutOfMemoryTest, AnyAllocationMayFailWhileAPackIsPublished) {
  const auto commit_with_failure = [&](std::uint64_t number) {
    const tests::FailingNew failing(number);
    schedule_->commit();
    return failing.counted();
  };
  expect_backed_up("first");
  const std::uint64_t all = commit_with_failure(0);
  ASSERT_GT(all, 10U);
  constexpr std::uint64_t kTried = 24;
  const std::uint64_t step = tests::is_long_run() ? 1 : std::max<std::uint64_t>(1, all / kTried);
  std::uint64_t failed = 0;
  std::vector<std::string> accounts = {"first"};
  for (std::uint64_t number = 1; number <= all; number += step) {
    const std::string name = "victim" + std::to_string(number);
    expect_backed_up(name);
    try {
      commit_with_failure(number);
    } catch (const std::bad_alloc&) {
      ASSERT_TRUE(writer_->is_usable()) << number;
      schedule_->commit();
    } catch (const base::Error& error) {
      ++failed;
      EXPECT_EQ(error.code(), base::ErrorCode::kIo) << number;
      EXPECT_THAT(error.what(), HasSubstr("not enough memory")) << number;
      EXPECT_FALSE(writer_->is_usable()) << number;
      reopen();
      EXPECT_EQ(messages_of(accounts.back()), kMessagesEach) << number;
      expect_backed_up(name);
      schedule_->commit();
    }
    accounts.push_back(name);
  }
  for (const std::string& account : accounts) {
    EXPECT_EQ(messages_of(account), kMessagesEach) << account;
  }
  EXPECT_GT(failed, 0U);
  expect_intact();
}

// Any exception caused by a server's answers ends its account with a reason.
template <typename Thrown>
class ThrowingTransport : public imap::Transport {
 public:
  explicit ThrowingTransport(Thrown thrown) : thrown_(std::move(thrown)) {}
  std::size_t send(base::ByteView bytes) override { return bytes.size(); }
  std::size_t receive(std::span<std::byte> /*buffer*/) override { throw thrown_; }
  bool wait(bool /*to_send*/, std::chrono::milliseconds /*timeout*/) override { return true; }

 private:
  Thrown thrown_;
};

template <typename Thrown>
PassRunner::Connect throwing(const Thrown& thrown) {
  return [thrown] { return std::make_unique<ThrowingTransport<Thrown>>(thrown); };
}

TEST_F(OutOfMemoryTest, AnyExceptionEndsOnlyItsAccount) {
  const auto reason = [&](const PassRunner::Connect& connect) {
    const AccountReport report = back_up("alice", connect);
    EXPECT_EQ(report.status, PassStatus::kFailed);
    return report.error;
  };
  EXPECT_THAT(reason(throwing(std::bad_alloc())), HasSubstr("not enough memory"));
  EXPECT_THAT(reason(throwing(std::length_error("vector::reserve"))), HasSubstr("vector::reserve"));
  EXPECT_THAT(reason(throwing(std::out_of_range("at\x1b"))), HasSubstr("at\\x1B"));
  EXPECT_THAT(reason(throwing(7)), HasSubstr("unknown error"));
  EXPECT_THAT(reason(throwing(base::Error(base::ErrorCode::kInternal, "a defect"))), "a defect");
  EXPECT_THAT(reason(throwing(base::Error(base::ErrorCode::kDamaged, "damage"))), "damage");
  expect_backed_up("bob");
  schedule_->commit();
  EXPECT_EQ(messages_of("bob"), kMessagesEach);
  expect_intact();
}

TEST_F(OutOfMemoryTest, ErrorsOfTheStoreAndThisMachineEndTheRun) {
  for (const auto code : {base::ErrorCode::kIo, base::ErrorCode::kNoSpace, base::ErrorCode::kKey,
                          base::ErrorCode::kBusy}) {
    EXPECT_THROW(back_up("alice", throwing(base::Error(code, "the disk is on fire"))), base::Error);
  }
}

TEST_F(OutOfMemoryTest, FinishedFoldersAreRecordedBeforeTheAccountEnds) {
  OddServer server;
  fill(server, "alice");
  server.folder("Sent").messages[0].item = [](int) -> std::string {
    throw std::length_error("too much");
  };
  const AccountReport report = back_up("alice", server.connect());
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_THAT(report.error, HasSubstr("too much"));
  schedule_->commit();
  EXPECT_EQ(messages_of("alice"), kMessagesEach / 2);
  expect_intact();

  server.folder("Sent").messages[0].item = {};
  EXPECT_EQ(back_up("alice", server.connect()).status, PassStatus::kComplete);
  schedule_->commit();
  EXPECT_EQ(messages_of("alice"), kMessagesEach);
}

TEST_F(OutOfMemoryTest, AFolderThatEndsTheAccountIsTriedLastTheNextTime) {
  OddServer server;
  server.folder("Archive").message(1, "Subject: a\r\n\r\n").item = [](int) -> std::string {
    throw std::length_error("too much");
  };
  fill(server, "alice");
  EXPECT_THAT(back_up("alice", server.connect()).error, HasSubstr("too much"));
  schedule_->commit();
  EXPECT_EQ(messages_of("alice"), 0U);

  const AccountReport next = back_up("alice", server.connect());
  EXPECT_THAT(next.error, HasSubstr("too much"));
  ASSERT_EQ(next.skipped.size(), 1U);
  EXPECT_EQ(next.skipped[0].folder, "Archive");
  EXPECT_EQ(next.skipped[0].reason, "the backup of the account ended over this folder: too much");
  schedule_->commit();
  EXPECT_EQ(messages_of("alice"), kMessagesEach) << "all other folders";
  expect_intact();
}

}  // namespace
}  // namespace backupd
