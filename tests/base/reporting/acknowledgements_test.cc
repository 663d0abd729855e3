#include "base/reporting/acknowledgements.h"

#include <fstream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace base {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

class AcknowledgementsTest : public testing::Test {
 protected:
  AcknowledgementsTest() { store_.index = directory_.path(); }

  // The acknowledgements as another process loads them.
  Acknowledgements reloaded() const {
    accepted_.save(real_file_system(), store_);
    return Acknowledgements::load(real_file_system(), store_);
  }

  tests::TemporaryDirectory directory_;
  StoreConfig store_;
  Acknowledgements accepted_;
};

TEST_F(AcknowledgementsTest, AreSavedAndLoaded) {
  accepted_.accept_skip("alice", "A \"b\\/%FF", 4'294'967'295U, Uid{4'294'967'295U});
  accepted_.accept_deletions("bob", 17);
  accepted_.accept_absence("carol");
  accepted_.save(real_file_system(), store_);
  const auto loaded = Acknowledgements::load(real_file_system(), store_);
  EXPECT_EQ(loaded, accepted_);
  EXPECT_EQ(loaded.deletions_accepted("bob"), AcceptedDeletions{.sequence = 17});
  EXPECT_FALSE(loaded.deletions_accepted("alice").has_value());
  EXPECT_TRUE(loaded.is_absence_accepted("carol"));
  EXPECT_FALSE(loaded.is_absence_accepted("bob"));
}

// Older versions noted the time of a snapshot.
TEST_F(AcknowledgementsTest, DeletionsOfAnOlderFileAreReadAndKept) {
  std::ofstream(directory_.path() / "acknowledged.json")
      << R"({"alice": {"skips": [], "deletions_until": 1800000000}})";
  accepted_ = Acknowledgements::load(real_file_system(), store_);
  const AcceptedDeletions old{.until = sys_seconds(seconds(1'800'000'000))};
  EXPECT_EQ(accepted_.deletions_accepted("alice"), old);
  EXPECT_EQ(reloaded().deletions_accepted("alice"), old);
  accepted_.accept_deletions("alice", 3);
  EXPECT_EQ(reloaded().deletions_accepted("alice"), AcceptedDeletions{.sequence = 3});
}

TEST_F(AcknowledgementsTest, AForgottenAccountHasNone) {
  accepted_.accept_deletions("alice", 3);
  accepted_.accept_deletions("bob", 4);
  accepted_.forget("alice");
  EXPECT_FALSE(reloaded().deletions_accepted("alice"));
  EXPECT_TRUE(reloaded().deletions_accepted("bob"));
}

TEST_F(AcknowledgementsTest, ADamagedFileAcceptsNothing) {
  for (const char* text :
       {"", "{", "[1]", R"({"alice": 7})", R"({"alice": {"skips": [{"uid": 5}]}})",
        R"({"alice": {"skips": [], "deletions_until": "x"}})",
        R"({"alice": {"skips": [], "deletions_through": "x"}})",
        R"({"alice": {"skips": [], "accepted_identities": [7]}})"}) {
    std::ofstream(directory_.path() / "acknowledged.json") << text;
    EXPECT_EQ(Acknowledgements::load(real_file_system(), store_), Acknowledgements()) << text;
  }
}

TEST_F(AcknowledgementsTest, AChangeOfMailboxWaitsUntilItIsAccepted) {
  const MailboxChange change{{"", 5}, {"", 7}};
  accepted_.note_mailbox_change("alice", change);
  EXPECT_EQ(reloaded().mailbox_change("alice"), change);
  EXPECT_FALSE(reloaded().mailbox_change("bob"));

  const std::vector<MailboxIdentity> seen = {{"", 3}, {"", 5}};
  accepted_.accept_mailbox_change("alice", seen);
  EXPECT_EQ(reloaded().mailbox_change("alice"), change) << "what INBOX is now was not among them";
  accepted_.accept_mailbox_change("alice", {{change.is}});
  EXPECT_FALSE(reloaded().mailbox_change("alice"));
  const std::vector<MailboxIdentity> all = {{"", 3}, {"", 5}, {"", 7}};
  EXPECT_EQ(reloaded().accepted_identities("alice").identities, all);

  accepted_.note_mailbox_change("alice", change);
  EXPECT_FALSE(accepted_.mailbox_change("alice")) << "a backup that began before it was accepted";
  accepted_.note_mailbox_change("alice", MailboxChange{{"", 7}, {"F9", 9}});
  EXPECT_TRUE(reloaded().mailbox_change("alice"));
  accepted_.note_mailbox_change("alice", std::nullopt);
  EXPECT_FALSE(reloaded().mailbox_change("alice")) << "it passed by itself";
}

TEST_F(AcknowledgementsTest, OlderFilesAreRead) {
  std::ofstream(directory_.path() / "acknowledged.json") << R"({
    "alice": {"skips": [], "absent": false, "accepted_identity": "UIDVALIDITY 7"},
    "bob": {"skips": [], "absent": false, "accepted_identity": "MAILBOXID F2",
            "stranger": {"was": "MAILBOXID F2", "is": "UIDVALIDITY 9", "refused": false}}})";
  accepted_ = Acknowledgements::load(real_file_system(), store_);
  const AcceptedIdentities alice{{{"", 7}}, true};
  EXPECT_EQ(accepted_.accepted_identities("alice"), alice);
  EXPECT_EQ(reloaded().accepted_identities("alice"), alice) << "it means the same when saved again";
  const MailboxChange change{{"F2", 0}, {"", 9}};
  EXPECT_EQ(reloaded().mailbox_change("bob"), change);
}

TEST_F(AcknowledgementsTest, ConcurrentChangesAreNotLost) {
  Acknowledgements::change(real_file_system(), store_,
                           [](Acknowledgements& changed) { changed.accept_absence("alice"); });
  std::thread other;
  Acknowledgements::change(real_file_system(), store_, [&](Acknowledgements& ours) {
    other = std::thread([&] {
      Acknowledgements::change(real_file_system(), store_,
                               [](Acknowledgements& changed) { changed.accept_absence("bob"); });
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ours.accept_absence("carol");
  });
  other.join();
  const auto all = Acknowledgements::load(real_file_system(), store_);
  for (const char* name : {"alice", "bob", "carol"}) {
    EXPECT_TRUE(all.is_absence_accepted(name)) << name;
  }
}

}  // namespace
}  // namespace base
