// Session commands for the properties of folders beyond their mail.
#include <algorithm>

#include <fmt/core.h>

#include "imap/session.h"
#include "tests/imap/conversation.h"

namespace imap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SessionDetailsTest, RequestsAllDetailsInOneRoundTrip) {
  Transcript transcript = Transcript::session("ACL METADATA QUOTA");
  const std::size_t flights = transcript.flights();
  transcript.add(R"(
    C: m3 GETACL "INBOX"
    C: m4 GETMETADATA (DEPTH infinity) "INBOX" (/private /shared)
    C: m5 GETQUOTAROOT "INBOX"
    C: m6 GETACL "Team"
    C: m7 GETMETADATA (DEPTH infinity) "Team" (/private /shared)
    C: m8 GETQUOTAROOT "Team"
    C: m9 GETMETADATA (DEPTH infinity) "" (/private /shared)
    S: * ACL INBOX alice lrswipkxtecda
    S: m3 OK
    S: * METADATA "inbox" (/private/comment "mine" /shared/comment NIL /private/x {4}
    S: a
    S: b)
    S: * METADATA Team /shared/comment
    S: m4 OK
    S: * QUOTAROOT INBOX "User quota"
    S: * QUOTA "User quota" (STORAGE 12 1000 MESSAGE 1 50)
    S: m5 OK
    S: m6 NO you may not
    S: * METADATA Team ("/shared/vendor/cmu/cyrus-imapd/lastupdate" "25-Nov-2026" "/shared/vendor/cmu/cyrus-imapd/expire" "30")
    S: m7 OK
    S: * QUOTAROOT Team "User quota"
    S: m8 OK
    S: * METADATA "" (/shared/admin "mailto:x@example.org")
    S: m9 OK
  )");
  EXPECT_EQ(transcript.flights(), flights + 1);
  converse_and_cut(transcript, [](Session& session) {
    const std::vector<std::string> names = {"INBOX", "Team", ""};
    const auto details = session.details(names);
    ASSERT_EQ(details.size(), 3U);
    EXPECT_THAT(details[0].acl, ElementsAre(AclEntry{"alice", "lrswipkxtecda"}));
    EXPECT_THAT(details[0].metadata, ElementsAre(MetadataEntry{"/private/comment", "mine"},
                                                 MetadataEntry{"/private/x", "a\r\nb"}));
    const QuotaRoot root{"User quota", {{"STORAGE", 12, 1000}, {"MESSAGE", 1, 50}}};
    EXPECT_THAT(details[0].quota_roots, ElementsAre(root));
    EXPECT_THAT(details[1].acl, IsEmpty());
    EXPECT_THAT(details[1].metadata,
                ElementsAre(MetadataEntry{"/shared/vendor/cmu/cyrus-imapd/expire", "30"}))
        << "the time of the last change is computed by the server";
    EXPECT_THAT(details[1].quota_roots, ElementsAre(root));
    EXPECT_THAT(details[2].metadata,
                ElementsAre(MetadataEntry{"/shared/admin", "mailto:x@example.org"}));
  });
}

TEST(SessionDetailsTest, RequestsOnlySupportedDetails) {
  converse(Transcript::session("UIDPLUS"), [](Session& session) {
    const std::vector<std::string> names = {"INBOX", ""};
    for (const FolderDetails& details : session.details(names)) {
      EXPECT_TRUE(details.acl.empty() && details.metadata.empty() && details.quota_roots.empty());
    }
  });
}

TEST(SessionDetailsTest, KeepsTheFirstDetailsUpToTheLimit) {
  const std::vector<std::string> names = {"a", "b", "c", "d"};
  std::string commands;
  std::string answers;
  for (std::size_t at = 0; at < names.size(); ++at) {
    commands += fmt::format("C: m{} GETACL \"{}\"\n", at + 3, names[at]);
    answers += "S: * ACL " + names[at];
    for (int number = 10; number < 20; ++number) answers += fmt::format(" user{} lrs", number);
    answers += fmt::format("\nS: m{} OK\n", at + 3);
  }
  Transcript transcript = Transcript::session("ACL");
  transcript.add(commands + answers);
  Limits limits;
  limits.max_kept = 2'000;
  Session session(scripted(transcript), limits);
  const std::vector<FolderDetails> details = session.details(names);
  EXPECT_EQ(details.front().acl.size(), 10U);
  EXPECT_TRUE(details.back().acl.empty());
  EXPECT_TRUE(details.front().is_cut) << "what is missing is unknown";
}

// An account of 101 folders, or more. The server reports the quota root "own" for the folders in
// `own`, and "User quota" for all others.
class ManyQuotaRootsTest : public testing::Test {
 protected:
  ManyQuotaRootsTest() { add_folders(101); }

  void add_folders(std::size_t count) {
    while (names_.size() < count) names_.push_back(fmt::format("F{}", names_.size()));
  }

  void add_flight(const std::vector<std::string>& asked) {
    std::string commands;
    std::string answers;
    for (const std::string& name : asked) {
      const char* const root = name == own_ ? "own" : "User quota";
      commands += fmt::format("C: m{} GETQUOTAROOT \"{}\"\n", tag_, name);
      answers += fmt::format("S: * QUOTAROOT {} \"{}\"\nS: * QUOTA \"{}\" (STORAGE 12 1000)\n",
                             name, root, root);
      answers += fmt::format("S: m{} OK\n", tag_++);
    }
    transcript_.add(commands + answers);
  }

  std::vector<FolderDetails> details() {
    Session session(scripted(transcript_), {});
    return session.details(names_);
  }

  std::vector<std::string> names_;
  std::string own_;
  int tag_ = 3;
  Transcript transcript_ = Transcript::session("QUOTA");
};

TEST_F(ManyQuotaRootsTest, AFewFoldersShowThatAllHaveTheSameRoots) {
  add_flight({"F0", "F33", "F66", "F100"});
  const QuotaRoot root{"User quota", {{"STORAGE", 12, 1000}}};
  for (const FolderDetails& details : details()) {
    EXPECT_THAT(details.quota_roots, ElementsAre(root));
  }
}

TEST_F(ManyQuotaRootsTest, TwoFoldersShowItInALargeAccount) {
  add_folders(1'001);
  add_flight({"F0", "F1000"});
  for (const FolderDetails& details : details()) EXPECT_EQ(details.quota_roots.size(), 1U);
}

TEST_F(ManyQuotaRootsTest, InboxStandsForAllFoldersOfAVeryLargeAccount) {
  add_folders(5'000);
  names_.emplace_back("INBOX");
  add_flight({"INBOX"});
  const QuotaRoot root{"User quota", {{"STORAGE", 12, 1000}}};
  for (const FolderDetails& details : details())
    EXPECT_THAT(details.quota_roots, ElementsAre(root));
}

TEST_F(ManyQuotaRootsTest, EachFolderIsAskedForIfTheyDiffer) {
  own_ = "F66";
  const std::vector<std::string> first = {"F0", "F33", "F66", "F100"};
  add_flight(first);
  std::vector<std::string> rest = names_;
  std::erase_if(
      rest, [&](const std::string& name) { return std::ranges::find(first, name) != first.end(); });
  add_flight(rest);
  const std::vector<FolderDetails> all = details();
  EXPECT_EQ(all[66].quota_roots.front().name, "own");
  EXPECT_EQ(all[67].quota_roots.front().name, "User quota");
}

// As when they are those that changed since the last backup.
TEST_F(ManyQuotaRootsTest, TheSizeOfTheAccountCountsNotThatOfTheRequest) {
  names_.resize(50);
  add_flight({"F0", "F49"});
  const QuotaRoot root{"User quota", {{"STORAGE", 12, 1000}}};
  Session session(scripted(transcript_), {});
  const auto all = session.details(names_, 5'000);
  ASSERT_EQ(all.size(), 50U);
  for (const FolderDetails& details : all) EXPECT_THAT(details.quota_roots, ElementsAre(root));
}

}  // namespace
}  // namespace imap
