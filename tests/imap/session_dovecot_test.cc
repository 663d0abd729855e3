// The whole client against a real Dovecot.
#include <algorithm>
#include <memory>
#include <thread>

#include "base/error.h"
#include "base/secret.h"
#include "imap/curl_transport.h"
#include "imap/session.h"
#include "tests/expect_error.h"
#include "tests/imap/collector.h"
#include "tests/imap/flight_counter.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace imap {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Not;
using testing::Optional;
using testing::SizeIs;
using testing::UnorderedElementsAreArray;

AppendMessage to_append(const servers::Delivery& delivery) {
  return {delivery.flags, base::ZonedTime{delivery.internal_date, 0},
          base::as_bytes(delivery.bytes)};
}

std::vector<AppendMessage> to_append(const std::vector<servers::Delivery>& deliveries) {
  std::vector<AppendMessage> messages;
  messages.reserve(deliveries.size());
  for (const servers::Delivery& delivery : deliveries) messages.push_back(to_append(delivery));
  return messages;
}

class DovecotSession : public testing::Test {
 protected:
  static void SetUpTestSuite() { shared() = std::make_unique<servers::Dovecot>(); }
  static void TearDownTestSuite() { shared().reset(); }

  static servers::Dovecot& server() { return *shared(); }

  static Login login(const std::string& user, const std::string& acting_as = {}) {
    return {user, base::Secret(servers::Dovecot::password(user)), acting_as};
  }

  static Endpoint plain() {
    Endpoint endpoint;
    endpoint.url = server().plain_url();
    endpoint.tls = TlsMode::kNone;
    return endpoint;
  }

  static Endpoint secured(const std::string& url) {
    Endpoint endpoint;
    endpoint.url = url;
    endpoint.ca_file = server().ca_file();
    return endpoint;
  }

  static Session open(const std::string& user) { return Session::open(plain(), login(user), {}); }

  // Doubles the endpoint's timeout while that is too short for a machine with other work.
  static Session open_in_time(const std::string& user, Endpoint& endpoint) {
    for (;;) {
      try {
        return Session::open(endpoint, login(user), {});
      } catch (const base::Error& error) {
        if (error.code() != base::ErrorCode::kNetwork) throw;
        if (endpoint.connect_timeout > std::chrono::seconds(30)) throw;
        endpoint.connect_timeout *= 2;
      }
    }
  }

  static void expect_delivered(const Collector& collector,
                               const std::vector<servers::Delivery>& deliveries) {
    ASSERT_THAT(collector.messages, SizeIs(deliveries.size()));
    for (std::size_t at = 0; at < deliveries.size(); ++at) {
      const FetchedMessage& message = collector.messages[at];
      EXPECT_EQ(message.bytes, deliveries[at].bytes);
      EXPECT_EQ(message.items.size, deliveries[at].bytes.size());
      EXPECT_THAT(message.items.flags, Optional(UnorderedElementsAreArray(deliveries[at].flags)));
      EXPECT_THAT(message.items.internal_date,
                  Optional(Field(&base::ZonedTime::instant, deliveries[at].internal_date)));
    }
  }

 private:
  static std::unique_ptr<servers::Dovecot>& shared() {
    static std::unique_ptr<servers::Dovecot> server;
    return server;
  }
};

TEST_F(DovecotSession, DrainsAnAccount) {
  const auto filled = servers::fill_account(server(), "alice", 150);
  Session session = open("alice");
  std::size_t total = 0;
  for (const Folder& folder : session.list_personal_folders()) {
    if (!folder.can_be_opened()) continue;
    const OpenFolder opened = session.examine(folder.raw_name);
    Collector collector;
    EXPECT_TRUE(session.fetch_messages(UidSet::all(), collector).complete);
    EXPECT_THAT(collector.messages, SizeIs(opened.exists));
    EXPECT_EQ(session.search_all().count(), opened.exists);
    const FolderStatus status = folder.status.value_or(FolderStatus{});
    EXPECT_THAT(status.messages, Optional(opened.exists)) << folder.raw_name;
    EXPECT_THAT(status.uid_validity, Optional(opened.uid_validity));
    const auto known = filled.find(folder.raw_name);
    EXPECT_EQ(known == filled.end() ? 0 : known->second, opened.exists) << folder.raw_name;
    total += opened.exists;
  }
  EXPECT_EQ(total, 150U);
  session.logout();
}

// Dovecot's STATUS of the open folder is as old as the last command that looked for changes there.
TEST_F(DovecotSession, ListsTheOpenFolderAsItIsNow) {
  Session session = open("alice");
  Session other = open("alice");
  ASSERT_TRUE(session.create("Open now").created);
  Folder folder;
  folder.raw_name = "Open now";
  const auto messages_listed = [&] {
    for (const Folder& listed : session.list_personal_folders()) {
      if (listed.raw_name == folder.raw_name)
        return listed.status.value_or(FolderStatus()).messages;
    }
    return std::optional<std::uint32_t>();
  };
  const auto deliver = [&] {
    const std::string text = "Subject: arrives\r\n\r\n";
    const AppendMessage message{{}, {}, base::as_bytes(text)};
    EXPECT_TRUE(other.append("Open now", std::span(&message, 1)).front().accepted);
  };
  session.examine("Open now");
  deliver();
  EXPECT_THAT(messages_listed(), Optional(1U));
  deliver();
  while (session.list_ahead(ListDetail::kChanges)) {
  }
  EXPECT_THAT(messages_listed(), Optional(2U));
  session.request_ahead(folder);
  session.close_ahead();
  deliver();
  EXPECT_THAT(messages_listed(), Optional(3U));
  session.remove("Open now");
}

TEST_F(DovecotSession, ReadsTheWholeAccountInOneRoundTrip) {
  for (const Endpoint& endpoint :
       {secured(server().imaps_url()), secured(server().imap_url()), plain()}) {
    int flights = 0;
    Session session(
        std::make_unique<FlightCounter>(connect_with_curl(endpoint, login("bob")), flights), {},
        "");
    const std::vector<Folder> folders = session.list_personal_folders();
    EXPECT_EQ(flights, 1) << endpoint.url;
    EXPECT_TRUE(session.capabilities().has("QRESYNC"));
    ASSERT_THAT(folders, testing::Not(testing::IsEmpty()));
    EXPECT_TRUE(folders.front().status.value_or(FolderStatus()).highest_modseq);
  }
}

TEST_F(DovecotSession, LogsInWithEveryMethod) {
  const Login admin = login(servers::Dovecot::admin(), "bob");
  server().client("bob").command("CREATE OnlyBobs");
  for (const Endpoint& endpoint :
       {secured(server().imaps_url()), secured(server().imap_url()), plain()}) {
    for (const Login& who : {login("bob"), admin}) {
      Session session = Session::open(endpoint, who, {});
      EXPECT_THAT(session.list("OnlyBobs"), SizeIs(1)) << endpoint.url;
      session.logout();
    }
  }
}

TEST_F(DovecotSession, ReportsWhyALoginFailed) {
  const auto opened = [](const Endpoint& endpoint, const std::string& user,
                         const std::string& password, const std::string& acting_as = {}) {
    return Session::open(endpoint, {user, base::Secret(password), acting_as}, {});
  };
  const Endpoint endpoint = secured(server().imaps_url());
  EXPECT_ERROR(kLogin, "login of alice: the server refused: NO [AUTHENTICATIONFAILED]",
               opened(endpoint, "alice", "not hers"));
  const std::string admin = servers::Dovecot::admin();
  EXPECT_ERROR(kLogin, "check the admin's user and password",
               opened(endpoint, admin, "not its", "alice"));
  EXPECT_ERROR(kLogin, "login of backup as nobody",
               opened(endpoint, admin, servers::Dovecot::password(admin), "nobody"));
}

TEST_F(DovecotSession, ReportsTlsErrors) {
  const auto opened = [](const Endpoint& endpoint) {
    return Session::open(endpoint, login("alice"), {});
  };
  EXPECT_ERROR(kTls, "no STARTTLS", opened(secured(server().plain_url())));
  EXPECT_ERROR(kTls, "certificate", opened(secured(server().misnamed_url())));
  Endpoint strange = secured(server().imaps_url());
  strange.ca_file = server().stranger_ca_file();
  EXPECT_ERROR(kTls, "set ca_file to the authority that signed it", opened(strange));
  strange.ca_file = "/nonexistent/ca.pem";
  EXPECT_ERROR(kTls, "/nonexistent/ca.pem: check ca_file", opened(strange));
  std::string mistaken = server().imap_url();
  mistaken.insert(4, "s");
  EXPECT_ERROR(kTls, "the TLS handshake failed", opened(secured(mistaken)));
}

TEST_F(DovecotSession, FetchesAppendedMessages) {
  servers::MailGenerator generator(7);
  std::vector<servers::Delivery> deliveries(60);
  for (servers::Delivery& delivery : deliveries) delivery = generator.delivery();
  Session session = open("bob");
  ASSERT_TRUE(session.create("Appended").created);
  const std::vector<AppendMessage> messages = to_append(deliveries);
  const auto answers = session.append("Appended", std::span(messages).first(30));
  const AppendAnswer together =
      session.append_together("Appended", std::span(messages).subspan(30));
  EXPECT_THAT(answers, Each(Field(&AppendAnswer::accepted, true)));
  EXPECT_TRUE(together.accepted) << together.reason;
  EXPECT_THAT(together.uids, SizeIs(30));
  const OpenFolder folder = session.examine("Appended");
  EXPECT_EQ(answers.front().uid_validity, folder.uid_validity);
  Collector collector;
  session.fetch_messages(UidSet::all(), collector);
  expect_delivered(collector, deliveries);
  EXPECT_EQ(collector.messages.back().items.uid, together.uids.back());
}

TEST_F(DovecotSession, ReportsWhyAMessageIsRefused) {
  Session session = open("bob");
  session.create("Refusing");
  const std::vector<servers::Delivery> deliveries = {
      {"A: b\r\n\r\nc\r\n"}, {""}, {"D: e\r\n\r\nf\r\n"}};
  const std::vector<AppendMessage> messages = to_append(deliveries);
  const auto answers = session.append("Refusing", messages);
  ASSERT_THAT(answers, SizeIs(3));
  EXPECT_TRUE(answers[0].accepted);
  EXPECT_THAT(answers[1], AllOf(Field(&AppendAnswer::accepted, false),
                                Field(&AppendAnswer::reason, HasSubstr("zero byte"))));
  EXPECT_TRUE(answers[2].accepted);
  EXPECT_FALSE(session.is_usable());

  Session other = open("bob");
  const auto waiting = Session::Literals::kWaiting;
  EXPECT_FALSE(other.append_together("Refusing", messages, waiting).accepted);
  EXPECT_EQ(other.examine("Refusing").exists, 2U);
  EXPECT_FALSE(other.append("Missing", messages, waiting).front().accepted);
  EXPECT_TRUE(other.is_usable());
}

TEST_F(DovecotSession, CarriesLargeMessages) {
  servers::MailGenerator generator(8);
  const std::vector<servers::Delivery> deliveries = {{generator.attachment(5U << 20U)}};
  for (const Endpoint& endpoint : {plain(), secured(server().imaps_url())}) {
    Session session = Session::open(endpoint, login("bob"), {});
    session.create("Large");
    EXPECT_TRUE(session.append("Large", to_append(deliveries)).front().accepted);
    session.examine("Large");
    Collector collector;
    session.fetch_messages(UidSet::all(), collector);
    ASSERT_FALSE(collector.messages.empty());
    EXPECT_EQ(collector.messages.back().bytes, deliveries.front().bytes);
    session.remove("Large");
  }
}

TEST_F(DovecotSession, CreatesFoldersWithAnyName) {
  Session session = open("bob");
  const std::vector<std::string> names = {"say \"hi\"", "back\\slash", "Gr&APYA3w-e", "trailing ",
                                          "100% &- more"};
  for (const std::string& name : names) {
    EXPECT_TRUE(session.create(name).created) << name;
    EXPECT_FALSE(session.create(name).created) << name;
    EXPECT_THAT(session.list(name), Contains(Field(&Folder::raw_name, name)));
    EXPECT_THAT(session.status(name).messages, Optional(0U));
    session.subscribe(name);
    session.unsubscribe(name);
    session.remove(name);
    EXPECT_ERROR(kRefused, "the server refused", session.remove(name));
  }
}

TEST_F(DovecotSession, ReportsChanges) {
  servers::ImapClient bob = server().client("bob");
  bob.command("CREATE Changing");
  const std::vector<servers::Delivery> deliveries(5, {"A: b\r\n\r\nc\r\n"});
  bob.append("Changing", deliveries);
  Session session = open("bob");
  const OpenFolder before = session.examine("Changing");
  ASSERT_TRUE(before.highest_modseq);
  bob.command("SELECT Changing");
  bob.command("UID STORE 2 +FLAGS (\\Flagged $Work)");
  session.examine("Changing");
  std::vector<MessageItems> changed;
  session.fetch_states(UidSet::all(), before.highest_modseq,
                       [&changed](const MessageItems& items) { changed.push_back(items); });
  ASSERT_THAT(changed, SizeIs(1));
  EXPECT_EQ(changed.front().uid, base::Uid{2});
  EXPECT_THAT(changed.front().flags, Optional(UnorderedElementsAreArray({"\\Flagged", "$Work"})));
  EXPECT_GT(changed.front().modseq, before.highest_modseq);
  bob.command("UID STORE 4 +FLAGS (\\Deleted)");
  bob.command("UID EXPUNGE 4");
  session.examine("Changing");
  EXPECT_EQ(session.search_all().text(), "1:3,5");
  std::vector<std::optional<std::uint64_t>> sizes;
  session.fetch_identities(UidSet::all(),
                           [&sizes](const MessageItems& items) { sizes.push_back(items.size); });
  EXPECT_THAT(sizes, ElementsAre(Optional(11U), Optional(11U), Optional(11U), Optional(11U)));
}

TEST_F(DovecotSession, ExpungesOnlyTheRequestedMessages) {
  servers::ImapClient bob = server().client("bob");
  bob.command("CREATE Expunging");
  const std::vector<servers::Delivery> deliveries(4, {"A: b\r\n\r\nc\r\n", {"\\Deleted"}});
  bob.append("Expunging", deliveries);
  Session session = open("bob");
  const OpenFolder folder = session.select("Expunging");
  EXPECT_TRUE(folder.keeps("\\Deleted"));
  EXPECT_TRUE(folder.keeps("anything"));
  const UidSet two = UidSet(std::vector<base::Uid>{base::Uid{1}, base::Uid{3}});
  const std::vector<std::string> flags = {"\\Deleted"};
  session.add_flags(two, flags);
  session.expunge(two);
  EXPECT_EQ(session.search_all().text(), "2,4");
}

TEST_F(DovecotSession, ReadsTheQuota) {
  Session session = open("bob");
  const auto roots = session.quota_roots("INBOX");
  ASSERT_THAT(roots, SizeIs(1));
  EXPECT_THAT(roots.front().resources,
              Contains(AllOf(Field(&QuotaResource::name, "STORAGE"),
                             Field(&QuotaResource::limit, server().options().quota_kib))));
}

TEST_F(DovecotSession, OutlivesTheConnectTimeout) {
  Endpoint endpoint = plain();
  endpoint.connect_timeout = std::chrono::milliseconds(1000);
  Session session = open_in_time("bob", endpoint);
  std::this_thread::sleep_for(endpoint.connect_timeout + std::chrono::milliseconds(100));
  EXPECT_THAT(session.list("INBOX"), SizeIs(1));
}

TEST_F(DovecotSession, NoticesALostConnection) {
  Session session = open("bob");
  server().break_connections();
  EXPECT_ERROR(kNetwork, "list: *: imap://127.0.0.2", session.list("*"));
}

TEST(DovecotNamespaces, DistinguishPersonalFoldersFromOthers) {
  servers::DovecotOptions options;
  options.separator = '.';
  options.extra = R"(
namespace public {
  type = public
  separator = .
  prefix = Public.
  location = maildir:%h/public
  subscriptions = no
}
)";
  const servers::Dovecot server(options);
  servers::ImapClient alice = server.client("alice");
  alice.command("CREATE Archive.2023");
  alice.command("CREATE Public.News");
  Endpoint endpoint;
  endpoint.url = server.plain_url();
  endpoint.tls = TlsMode::kNone;
  Session session =
      Session::open(endpoint, {"alice", base::Secret(servers::Dovecot::password("alice")), {}}, {});
  EXPECT_THAT(session.namespaces().personal, ElementsAre(Namespace{"", '.'}));
  EXPECT_THAT(session.list("Public.News"), SizeIs(1));
  const auto folders = session.list_personal_folders();
  EXPECT_THAT(folders, Contains(AllOf(Field(&Folder::raw_name, "Archive.2023"),
                                      Field(&Folder::delimiter, Optional('.')))));
  EXPECT_THAT(folders, Not(Contains(Field(&Folder::raw_name, HasSubstr("Public")))));
}

}  // namespace
}  // namespace imap
