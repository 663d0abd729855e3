// Session commands for access rights and special uses.
#include "imap/session.h"
#include "tests/expect_error.h"
#include "tests/imap/conversation.h"

namespace imap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SessionAclTest, RequestsAllRightsInOneRoundTrip) {
  Transcript transcript = Transcript::session("ACL");
  transcript.add(R"(
    C: m3 GETACL "INBOX"
    C: m4 GETACL "Secret"
    C: m5 GETACL "Team"
    S: * ACL INBOX alice lrswipkxtecda anyone l
    S: m3 OK done
    S: m4 NO you may not
    S: * ACL "Team" "bob smith" "" -eve lr
    S: m5 OK done
  )");
  converse(transcript, [](Session& session) {
    const std::vector<std::string> names = {"INBOX", "Secret", "Team"};
    const auto acls = session.acls(names);
    ASSERT_EQ(acls.size(), 3U);
    EXPECT_THAT(acls[0], ElementsAre(AclEntry{"alice", "lrswipkxtecda"}, AclEntry{"anyone", "l"}));
    EXPECT_THAT(acls[1], IsEmpty());
    EXPECT_THAT(acls[2], ElementsAre(AclEntry{"bob smith", ""}, AclEntry{"-eve", "lr"}));
  });
}

TEST(SessionAclTest, RequestsNoRightsWithoutAcl) {
  converse(Transcript::session("UIDPLUS"), [](Session& session) {
    const std::vector<std::string> names = {"INBOX"};
    EXPECT_THAT(session.acls(names), ElementsAre(IsEmpty()));
  });
}

TEST(SessionAclTest, SetsRights) {
  Transcript transcript = Transcript::session("ACL");
  transcript.add(R"(
    C: m3 SETACL "Team" "bob smith" "lrs"
    S: m3 OK done
    C: m4 SETACL "Team" "eve" "l"
    S: m4 NO not yours
  )");
  converse(transcript, [](Session& session) {
    session.set_acl("Team", {"bob smith", "lrs"});
    EXPECT_ERROR(kRefused, "set the ACL: Team: the server refused SETACL: not yours",
                 session.set_acl("Team", {"eve", "l"}));
  });
}

TEST(SessionAclTest, CreatesAFolderForASpecialUse) {
  Transcript transcript = Transcript::session("CREATE-SPECIAL-USE");
  transcript.add(R"(
    C: m3 CREATE "Gesendet" (USE (\Sent))
    S: m3 OK done
    C: m4 CREATE "Other" (USE (\Sent))
    S: m4 NO [USEATTR] there is one
  )");
  converse(transcript, [](Session& session) {
    const std::vector<std::string> uses = {"\\Sent"};
    EXPECT_TRUE(session.create_for("Gesendet", uses).created);
    EXPECT_FALSE(session.create_for("Other", uses).created);
  });
}

}  // namespace
}  // namespace imap
