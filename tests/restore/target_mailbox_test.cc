// The names and limits of a target server, and free names for trees on it.
#include "restore/target_mailbox.h"

#include <set>

#include <gmock/gmock.h>

#include "tests/expect_error.h"
#include "tests/imap/scripted_transport.h"
#include "tests/restore/model_server.h"

namespace restore {
namespace {

constexpr std::chrono::sys_seconds kMoment{std::chrono::seconds{1'800'000'000}};

std::string name_of_second(std::chrono::sys_seconds time) {
  return "RESTORED/" + std::to_string(time.time_since_epoch().count());
}

TEST(TargetMailboxTest, ATreeGetsTheFirstFreeSecond) {
  ModelServer server;
  server.folders[name_of_second(kMoment)];
  store::TreeRecord record;
  record.raw_name = name_of_second(kMoment + std::chrono::seconds(1));
  imap::Session session = server.session();
  EXPECT_EQ(free_tree_name(session, {'/', ""}, {record}, kMoment, name_of_second),
            name_of_second(kMoment + std::chrono::seconds(2)));
}

TEST(TargetMailboxTest, AServerThatListsAnyNameIsGivenUp) {
  ModelServer server;
  server.lists_anything = true;
  imap::Session session = server.session();
  std::set<std::string> tried;
  EXPECT_ERROR(kRefused, "no free name for the tree",
               free_tree_name(session, {'/', ""}, {}, kMoment, [&](std::chrono::sys_seconds time) {
                 tried.insert(name_of_second(time));
                 return name_of_second(time);
               }));
  EXPECT_EQ(tried.size(), 60U);
}

TEST(TargetMailboxTest, ADelimiterThatNamespaceDoesNotReportIsThatOfList) {
  imap::Transcript transcript = imap::Transcript::with_namespaces(R"((("" NIL)) NIL NIL)");
  transcript.add(R"(
    C: m3 EXAMINE "INBOX"
    S: * 0 EXISTS
    S: m3 OK opened
    C: m4 LIST "" ""
    S: * LIST (\Noselect) "/" ""
    S: m4 OK done
  )");
  imap::Session session(imap::scripted(transcript), {});
  const TargetMailbox mailbox = inspect_mailbox(session, "alice");
  EXPECT_EQ(mailbox.names.delimiter, '/');
  EXPECT_EQ(mailbox.personal, (imap::Namespace{"", '/'}));
}

TEST(TargetMailboxTest, ADelimiterThatOnlyFoldersHaveIsFound) {
  imap::Transcript transcript = imap::Transcript::with_namespaces("NIL NIL NIL");
  transcript.add(R"(
    C: m3 LIST "" ""
    S: m3 OK done
    C: m4 EXAMINE "INBOX"
    S: * 0 EXISTS
    S: m4 OK opened
    C: m5 LIST "" ""
    S: m5 OK done
    C: m6 LIST "" "%"
    S: * LIST () NIL "INBOX"
    S: * LIST () "." "Archive"
    S: m6 OK done
  )");
  imap::Session session(imap::scripted(transcript), {});
  EXPECT_EQ(inspect_mailbox(session, "alice").names.delimiter, '.');
}

TEST(TargetMailboxTest, ReportsAnAccountWithoutAMailbox) {
  imap::Transcript transcript = imap::Transcript::with_namespaces("NIL NIL NIL");
  transcript.add(R"(
    C: m3 LIST "" ""
    S: m3 OK done
    C: m4 EXAMINE "INBOX"
    S: m4 NO Mailbox does not exist
    C: m5 LIST "" "%"
    S: m5 OK done
  )");
  imap::Session session(imap::scripted(transcript), {});
  EXPECT_ERROR(kRefused, "alice: the account has no mailbox on the server",
               inspect_mailbox(session, "alice"));
}

}  // namespace
}  // namespace restore
