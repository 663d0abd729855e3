#include "tests/servers/cyrus.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "base/error.h"
#include "tests/servers/account_state.h"
#include "tests/servers/certificates.h"
#include "tests/servers/ports.h"

namespace servers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Delivery filler_of(std::size_t size) {
  return {"Subject: filler\r\n\r\n" + std::string(size, 'x') + "\r\n"};
}

TEST(Cyrus, AcceptsItsUsersAndAssignsMailboxIds) {
  const Cyrus server;
  for (const std::string& user : server.options().users) {
    ImapClient client = server.client(user);
    EXPECT_THAT(client.command("STATUS INBOX (MESSAGES)"), HasSubstr("MESSAGES 0"));
    EXPECT_THAT(client.try_command("CREATE Archive").result, HasSubstr("MAILBOXID"));
  }
}

TEST(Cyrus, ShowsFoldersInBothNameStyles) {
  for (const NameStyle style : {NameStyle::kBesideInbox, NameStyle::kBelowInbox}) {
    CyrusOptions options;
    options.names = style;
    const Cyrus server(options);
    const std::string name =
        style == NameStyle::kBesideInbox ? "Archive/2023" : "INBOX.Archive.2023";
    server.client("alice").command("CREATE " + name);
    const AccountState state = account_state(server, "alice");
    EXPECT_EQ(1U, state.folders.count(name));
    EXPECT_EQ("Archive/2023", state.folders.at(name).name);
  }
}

TEST(Cyrus, OnlyTheQuotaAdminCanExemptATree) {
  const Cyrus server;
  ImapClient alice = server.client("alice");
  EXPECT_FALSE(alice.try_command("SETQUOTA INBOX (STORAGE 5)").is_ok());
  ImapClient cyrus = server.client(Cyrus::quota_admin());
  const std::string tree = server.admin_name("alice", "RESTORED");
  cyrus.command("CREATE " + tree);
  cyrus.command("SETQUOTA " + tree + " ()");
  alice.append("RESTORED", std::vector<Delivery>{filler_of(5'000'000)});
  EXPECT_EQ(0U, alice.storage_usage().value());
  alice.append("INBOX", std::vector<Delivery>{filler_of(50'000)});
  EXPECT_GT(alice.storage_usage().value(), 0U);
}

TEST(Cyrus, MungesHeaderBytesByDefault) {
  for (const HeaderBytes bytes : {HeaderBytes::kMunged, HeaderBytes::kKept}) {
    CyrusOptions options;
    options.header_bytes = bytes;
    const Cyrus server(options);
    ImapClient client = server.client("alice");
    client.append("INBOX", std::vector<Delivery>{{"Subject: gr\xfc\xdf\r\n\r\nbody\r\n"}});
    client.command("EXAMINE INBOX");
    EXPECT_THAT(client.command("FETCH 1 BODY.PEEK[]"),
                HasSubstr(bytes == HeaderBytes::kMunged ? "grXX" : "gr\xfc\xdf"));
  }
}

TEST(Cyrus, OffersStarttlsOnOnePortOnlyWithAValidCertificate) {
  const Cyrus server;
  ImapClient secured(kHost, port_of(server.imap_url()));
  EXPECT_THAT(secured.command("CAPABILITY"), HasSubstr("STARTTLS"));
  EXPECT_THAT(server.client("alice").command("CAPABILITY"), Not(HasSubstr("STARTTLS")));
  EXPECT_TRUE(has_valid_certificate(server.imaps_url(), server.ca_file()));
  EXPECT_FALSE(has_valid_certificate(server.imaps_url(), server.stranger_ca_file()));
  EXPECT_FALSE(has_valid_certificate(server.misnamed_url(), server.ca_file()));
}

TEST(Cyrus, BreaksConnectionsAndRestarts) {
  Cyrus server;
  ImapClient client = server.client("alice");
  client.append("INBOX", std::vector<Delivery>{filler_of(10)});
  server.break_connections();
  EXPECT_THROW(client.command("NOOP"), base::Error);
  server.stop();
  server.start();
  EXPECT_THAT(server.client("alice").command("STATUS INBOX (MESSAGES)"), HasSubstr("MESSAGES 1"));
}

TEST(Cyrus, LeavesNothingBehind) {
  base::Path directory;
  {
    const Cyrus server;
    directory = server.directory();
    EXPECT_TRUE(std::filesystem::exists(directory));
  }
  EXPECT_FALSE(std::filesystem::exists(directory));
}

}  // namespace
}  // namespace servers
