// Backups while another client changes the account as fast as its server lets it.
#include "tests/servers/storm.h"

#include <chrono>
#include <memory>

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "store/format/crypto.h"
#include "store/reader.h"
#include "tests/backupd/pass/recorded_account.h"
#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/dovecot.h"

namespace backupd {
namespace {

using namespace std::chrono_literals;
using programs::json;

constexpr int kMinRuns = 5;

std::chrono::seconds storm_length() {
  return tests::is_long_run() ? 60s : 3s;
}

// The truth that snapshots are checked against: everything that existed during the storm.
class Truth {
 public:
  explicit Truth(servers::Journal journal) : journal_(std::move(journal)) {
    for (const servers::Delivery& mail : journal_.mails) {
      digests_.push_back(store::sha256(base::as_bytes(mail.bytes)).hex());
    }
  }

  // Returns an empty text if the snapshot holds only what existed.
  std::string first_lie(const RecordedFolders& snapshot) const {
    for (const auto& [name, folder] : snapshot) {
      if (!folder.is_selectable) continue;
      const auto candidates = journal_.folders_called(name, folder.uid_validity);
      // If two clients open a new folder first, Dovecot may report to one of them a UIDVALIDITY
      // that does not last. The folder holds no mail yet.
      if (candidates.empty() && folder.messages.empty()) continue;
      std::string lie = "it never had UIDVALIDITY " + std::to_string(folder.uid_validity);
      for (const auto* candidate : candidates) {
        lie = first_lie(*candidate, folder.messages);
        if (lie.empty()) break;
      }
      if (!lie.empty()) return fmt::format("{}: {}", name, lie);
    }
    return "";
  }

  const servers::Journal& journal() const { return journal_; }

 private:
  std::string first_lie(const servers::Journal::Folder& folder,
                        const std::vector<servers::MessageState>& messages) const {
    for (const servers::MessageState& message : messages) {
      const std::string lie = lie_of(folder, message);
      if (!lie.empty()) return testing::PrintToString(message) + ": " + lie;
    }
    return "";
  }

  std::string lie_of(const servers::Journal::Folder& folder,
                     const servers::MessageState& message) const {
    const auto life = folder.lives.find(message.uid);
    if (life == folder.lives.end()) return "no message was ever there";
    const servers::Delivery& mail = journal_.mails[life->second.mail];
    if (message.sha256 != digests_[life->second.mail]) return "another message was there";
    if (message.size != mail.bytes.size()) return "it was of another size";
    if (message.internal_date != mail.internal_date.time_since_epoch().count()) {
      return "it had another date";
    }
    if (!life->second.flags.contains(message.flags)) return "it never had these flags";
    return "";
  }

  servers::Journal journal_;
  std::vector<std::string> digests_;  // those of journal_.mails
};

enum class Kind { kDovecot, kCyrus };

std::unique_ptr<servers::Server> make_server(Kind kind) {
  if (kind == Kind::kDovecot) return std::make_unique<servers::Dovecot>();
  return std::make_unique<servers::Cyrus>();
}

class StormTest : public testing::TestWithParam<Kind> {
 protected:
  StormTest() {
    auto& main = mailstow_.config()["servers"]["main"];
    main["url"] = server_->plain_url();
    main["tls"] = "none";
    mailstow_.save();
    mailstow_.make_store();
  }

  store::Reader reader() const {
    return store::Reader::open({mailstow_.store(), mailstow_.index(), mailstow_.key_file()},
                               base::real_file_system());
  }

  // A run in the storm may end while folders still change, but must be able to back up everything,
  // except a folder that was away each time it was opened or read and is back at the end, that lost
  // messages each time between a scan and the fetch, or all of them between STATUS and EXAMINE.
  void back_up_in_the_storm() {
    const auto run = mailstow_.backupd({"once", "--account", "alice", "--json"});
    ASSERT_THAT(run.status, testing::AnyOf(0, 3)) << run.err;
    const json account = json::parse(run.out)["accounts"][0];
    EXPECT_EQ(account.value("error", ""), "") << run.err;
    for (const json& skipped : account["skipped"]) {
      EXPECT_THAT(
          skipped["reason"].get<std::string>(),
          testing::ContainsRegex("refused (EXAMINE|UID FETCH): .*Mailbox does(n't| not) exist|"
                                 "messages that it then neither sends nor finds|"
                                 "STATUS reports [0-9]+ messages but EXAMINE none"))
          << run.err;
    }
  }

  std::unique_ptr<servers::Server> server_ = make_server(GetParam());
  programs::Installation mailstow_{*server_};
};

TEST_P(StormTest, EverySnapshotHoldsOnlyWhatExisted) {
  servers::Storm storm(*server_, "alice", 20'261'125);
  const auto end = std::chrono::steady_clock::now() + storm_length();
  for (int run = 0; run < kMinRuns || std::chrono::steady_clock::now() < end; ++run) {
    ASSERT_NO_FATAL_FAILURE(back_up_in_the_storm());
  }
  const Truth truth(storm.end());
  mailstow_.backupd_json({"once", "--account", "alice"});

  store::Reader store = reader();
  const auto snapshots = store.snapshots("alice");
  for (const store::SnapshotInfo& snapshot : snapshots) {
    EXPECT_EQ(truth.first_lie(recorded_folders(store, snapshot)), "");
  }
  expect_equal_to_server(store, *server_, "alice");
  EXPECT_EQ(mailstow_.backupd({"check", "--read-data"}).status, 0);

  for (const auto& [deed, times] : truth.journal().deeds) {
    RecordProperty(deed, std::to_string(times));
  }
  RecordProperty("snapshots", std::to_string(snapshots.size()));
}

INSTANTIATE_TEST_SUITE_P(Each, StormTest, testing::Values(Kind::kDovecot, Kind::kCyrus),
                         [](const auto& kind) {
                           return kind.param == Kind::kDovecot ? "Dovecot" : "Cyrus";
                         });

}  // namespace
}  // namespace backupd
