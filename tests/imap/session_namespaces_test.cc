// The account that a listed folder belongs to, by namespaces, customary roots and rights.
#include "imap/session.h"
#include "tests/imap/conversation.h"

namespace imap {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

TEST(SessionNamespacesTest, FindsTheDelimiterWithoutNamespaces) {
  const Transcript transcript = Transcript::without_namespaces("", '.');
  converse(transcript, [](Session& session) {
    EXPECT_THAT(session.namespaces().personal, ElementsAre(Namespace{"", '.'}));
  });
}

TEST(SessionNamespacesTest, DoesWithoutCapabilitiesAndNamespacesIfTheyAreRefused) {
  for (const std::string refusal : {"NO not now", "BAD unknown command"}) {
    Transcript transcript;
    transcript.add("C: m1 CAPABILITY\nS: m1 " + refusal);
    transcript.add("C: m2 NAMESPACE\nS: m2 " + refusal);
    transcript.add(R"(
      C: m3 LIST "" ""
      S: * LIST (\Noselect) "/" ""
      S: m3 OK done
      C: m4 LIST "" "*"
      S: * LIST () "/" INBOX
      S: m4 OK done
      C: m5 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
      S: * STATUS INBOX (MESSAGES 3)
      S: m5 OK done
    )");
    // The server announced its capabilities with the login.
    Session session(scripted(transcript, {.announced = {"IMAP4rev1", "NAMESPACE"}}), {});
    EXPECT_THAT(session.namespaces().personal, ElementsAre(Namespace{"", '/'}));
    EXPECT_THAT(session.list_personal_folders(), SizeIs(1));
  }
}

TEST(SessionNamespacesTest, ListsAllFoldersIfTheServerReportsNoNamespace) {
  for (const std::string answer : {"S: * NAMESPACE NIL NIL NIL", ""}) {
    Transcript transcript("C: m1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 NAMESPACE\nS: m1 OK");
    transcript.add("C: m2 NAMESPACE\n" + answer + "\nS: m2 OK");
    transcript.add(R"(
      C: m3 LIST "" ""
      S: * LIST (\Noselect) "/" ""
      S: m3 OK done
      C: m4 LIST "" "*"
      S: * LIST (\Noselect) "/" INBOX
      S: * LIST (\Noselect) "/" Work
      S: m4 OK done
      C: m5 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
      S: * STATUS INBOX (MESSAGES 3)
      S: m5 OK done
    )");
    converse(transcript,
             [](Session& session) { EXPECT_THAT(session.list_personal_folders(), SizeIs(2)); });
  }
}

// A server without NAMESPACE shows others' folders among the account's own.
TEST(SessionNamespacesTest, WithoutNamespacesRootsAndRightsRevealTheOwner) {
  Transcript transcript = Transcript::without_namespaces("ACL");
  transcript.add(R"(
    C: m3 LIST "" "*"
    S: * LIST () "/" INBOX
    S: * LIST () "/" Work
    S: * LIST () "/" Users.txt
    S: * LIST () "/" Team
    S: * LIST () "/" Kept
    S: * LIST () "/" "other users/bob"
    S: * LIST () "/" Shared
    S: * LIST () "/" "Public Folders/x"
    S: * LIST () "/" ~bob/x
    S: * LIST (\Noselect) "/" user
    S: m3 OK done
    C: m4 MYRIGHTS "Work"
    C: m5 MYRIGHTS "Users.txt"
    C: m6 MYRIGHTS "Team"
    C: m7 MYRIGHTS "Kept"
    S: * MYRIGHTS Work lrswipkxtea
    S: m4 OK done
    S: m5 NO not now
    S: * MYRIGHTS Team lrs
    S: m6 OK done
    S: * MYRIGHTS Kept a
    S: m7 OK done
    C: m8 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
    C: m9 STATUS "Work" (MESSAGES UIDNEXT UIDVALIDITY)
    C: m10 STATUS "Users.txt" (MESSAGES UIDNEXT UIDVALIDITY)
    C: m11 STATUS "Kept" (MESSAGES UIDNEXT UIDVALIDITY)
    S: m8 OK
    S: m9 OK
    S: m10 OK
    S: m11 OK
    C: m12 MYRIGHTS "Old"
    S: * MYRIGHTS Old lr
    S: m12 OK
    C: m13 STATUS "Work" (MESSAGES UIDNEXT UIDVALIDITY)
    S: m13 OK
  )");
  converse(transcript, [](Session& session) {
    const auto names = [](const std::vector<Folder>& folders) {
      std::vector<std::string> raw_names;
      for (const Folder& folder : folders) raw_names.push_back(folder.raw_name);
      return raw_names;
    };
    EXPECT_THAT(names(session.list_personal_folders()),
                ElementsAre("INBOX", "Work", "Users.txt", "Kept"));
    EXPECT_THAT(
        names(session.folders_outside()),
        ElementsAre("Team", "other users/bob", "Shared", "Public Folders/x", "~bob/x", "user"));
    // Folders that are no longer listed, or that an earlier version took for the account's.
    const std::vector<std::string> asked = {"Team", "Shared/x", "Old", "Work"};
    const std::vector<FolderAnswer> answers = session.ask(asked);
    ASSERT_THAT(answers, SizeIs(4));
    for (std::size_t at = 0; at < 3; ++at) EXPECT_EQ(answers[at].kind, FolderAnswer::Kind::kGone);
    EXPECT_EQ(answers[3].kind, FolderAnswer::Kind::kExists);
  });
}

TEST(SessionNamespacesTest, ConfiguredNamespacesOverrideTheServersOwn) {
  Transcript transcript = Transcript::without_namespaces("ACL");
  transcript.add(R"(
    C: m3 LIST "" "*"
    S: * LIST () "/" INBOX
    S: * LIST () "/" Shared
    S: * LIST () "/" Shared/x
    S: * LIST () "/" SharedToo
    S: * LIST () "/" Public
    S: m3 OK done
    C: m4 MYRIGHTS "SharedToo"
    S: * MYRIGHTS SharedToo lr
    S: m4 OK
    C: m5 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
    C: m6 STATUS "Shared" (MESSAGES UIDNEXT UIDVALIDITY)
    C: m7 STATUS "Shared/x" (MESSAGES UIDNEXT UIDVALIDITY)
    S: m5 OK
    S: m6 OK
    S: m7 OK
  )");
  converse(transcript, [](Session& session) {
    const std::vector<std::string> prefixes = {"Shared/"};
    session.add_namespaces(prefixes);
    EXPECT_THAT(session.list_personal_folders(), SizeIs(3));
    EXPECT_THAT(session.folders_outside(), SizeIs(2));
  });
}

TEST(SessionNamespacesTest, FoldersOutsideAllNamedNamespacesAreFound) {
  Transcript transcript = Transcript::with_namespaces(R"((("INBOX." ".")) (("user." ".")) NIL)");
  transcript.add(R"(
    C: m3 LIST "" "*"
    S: * LIST () "." INBOX
    S: * LIST () "." INBOX.Sent
    S: * LIST () "." Archive
    S: * LIST () "." Archive.2023
    S: * LIST () "." user.bob
    S: m3 OK done
    C: m4 LIST "" "INBOX"
    C: m5 LIST "" "INBOX.*"
    C: m6 LIST "" "Archive"
    C: m7 LIST "" "Archive.*"
    S: * LIST () "." INBOX
    S: m4 OK done
    S: m5 OK done
    S: * LIST () "." Archive
    S: m6 OK done
    S: * LIST () "." Archive.2023
    S: m7 OK done
    C: m8 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
    C: m9 STATUS "Archive" (MESSAGES UIDNEXT UIDVALIDITY)
    C: m10 STATUS "Archive.2023" (MESSAGES UIDNEXT UIDVALIDITY)
    S: m8 OK
    S: m9 OK
    S: m10 OK
    C: m11 LIST "" "*"
    S: * LIST () "." Archive
    S: * LIST () "." Archive.2023
    S: m11 OK done
  )");
  converse(transcript, [](Session& session) {
    const std::vector<Folder> outside = session.folders_outside();
    ASSERT_THAT(outside, SizeIs(2));
    EXPECT_EQ(outside[0].raw_name, "Archive");
    EXPECT_EQ(outside[1].raw_name, "Archive.2023");
    const std::vector<std::string> prefixes = {"Archive."};
    session.add_namespaces(prefixes);
    EXPECT_THAT(session.list_personal_folders(), SizeIs(3));
    EXPECT_THAT(session.folders_outside(), IsEmpty());
  });
}

TEST(SessionNamespacesTest, OmitsFoldersOfOtherUsersBelowThePersonalPrefix) {
  Transcript transcript =
      Transcript::with_namespaces(R"((("" "/")) (("Users/" "/")) (("Public/" "/")))");
  transcript.add(R"(
    C: m3 LIST "" "*"
    S: * LIST () "/" INBOX
    S: * LIST (\Noselect) "/" Public
    S: * LIST () "/" Public/News
    S: * LIST () "/" Users/bob
    S: * LIST (\Noselect) "/" Publications
    S: * LIST (\Noselect) "/" Publications
    S: m3 OK done
    C: m4 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
    S: m4 OK no status for you
  )");
  converse(transcript, [](Session& session) {
    EXPECT_THAT(
        session.list_personal_folders(),
        ElementsAre(Field(&Folder::raw_name, "INBOX"), Field(&Folder::raw_name, "Publications")));
  });
}

TEST(SessionNamespacesTest, ListsInboxOutsideThePrefix) {
  Transcript transcript = Transcript::with_namespaces(
      R"((("INBOX." ".")) (("user." ".")) (("" ".")))", "LIST-STATUS SPECIAL-USE");
  transcript.add(R"(
    C: m3 LIST "" "INBOX" RETURN (SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY))
    C: m4 LIST "" "INBOX.*" RETURN (SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY))
    S: * LIST () "." INBOX
    S: m3 OK done
    S: * LIST () "." INBOX.Sent
    S: m4 OK done
  )");
  converse(transcript,
           [](Session& session) { EXPECT_THAT(session.list_personal_folders(), SizeIs(2)); });
}

}  // namespace
}  // namespace imap
