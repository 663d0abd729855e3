// What real servers said, cut off after every byte: a client that hears a part of a session has
// learnt nothing that the whole would not have told it.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "base/secret.h"
#include "imap/curl_transport.h"
#include "imap/session.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace imap {
namespace {

class RecordingTransport : public Transport {
 public:
  RecordingTransport(std::unique_ptr<Transport> transport, std::string& heard)
      : transport_(std::move(transport)), heard_(heard) {}

  std::size_t send(base::ByteView bytes) override { return transport_->send(bytes); }
  std::size_t receive(std::span<std::byte> buffer) override {
    const std::size_t received = transport_->receive(buffer);
    heard_ += base::as_text(buffer.first(received));
    return received;
  }
  bool wait(bool to_send, std::chrono::milliseconds timeout) override {
    return transport_->wait(to_send, timeout);
  }

 private:
  std::unique_ptr<Transport> transport_;
  std::string& heard_;
};

// Says it again, to whatever it hears, until it is lost.
class ReplayingTransport : public Transport {
 public:
  explicit ReplayingTransport(std::string_view said) : said_(said) {}

  std::size_t send(base::ByteView bytes) override { return bytes.size(); }
  std::size_t receive(std::span<std::byte> buffer) override {
    // Every other time there is nothing, so that sending gets its turn.
    if (is_pausing_ = !is_pausing_; is_pausing_) return 0;
    if (said_.empty()) base::fail(base::ErrorCode::kNetwork, "the end");
    const std::size_t length = std::min(buffer.size(), said_.size());
    std::copy_n(base::as_bytes(said_).begin(), length, buffer.begin());
    said_.remove_prefix(length);
    return length;
  }
  bool wait(bool, std::chrono::milliseconds) override { return true; }

 private:
  std::string_view said_;
  bool is_pausing_ = false;
};

std::string text_of(const MessageItems& items) {
  return fmt::format("{} [{}] {} {} {}\n", items.uid.value_or(base::Uid{}).value,
                     fmt::join(items.flags.value_or(std::vector<std::string>()), " "),
                     items.size.value_or(0), items.modseq.value_or(0), items.server_id);
}

class Teller : public MessageSink {
 public:
  explicit Teller(std::string& told) : told_(told) {}
  void body_piece(base::ByteView piece) override { bytes_ += base::as_text(piece); }
  void message(const MessageItems& items, BodyKind body) override {
    told_ +=
        fmt::format("{}{} {}\n", text_of(items), static_cast<int>(body), std::exchange(bytes_, {}));
  }

 private:
  std::string& told_;
  std::string bytes_;
};

// What a backup asks; everything that a call gives goes to `told`.
void back_up(std::unique_ptr<Transport> transport, std::string& told) {
  Session session(std::move(transport), Limits());
  for (const Folder& folder : session.list_personal_folders()) {
    const FolderStatus status = folder.status.value_or(FolderStatus());
    told += fmt::format("{} {} {}\n", folder.raw_name, status.uid_validity.value_or(0),
                        status.highest_modseq.value_or(0));
  }
  const std::uint32_t uid_validity = session.examine("INBOX").uid_validity;
  told += fmt::format("generation {}\n", uid_validity);
  Teller teller(told);
  session.fetch_messages(UidSet::all(), teller);
  session.fetch_states(UidSet::all(), 2,
                       [&](const MessageItems& items) { told += text_of(items); });
  for (const base::Uid uid : session.search_all()) told += fmt::format("there {}\n", uid.value);
  if (session.can_resync()) {
    Session::Changes changes;
    session.examine("INBOX", {uid_validity, 1}, changes);
    told +=
        fmt::format("changed {} vanished {}\n", changes.states.size(), changes.vanished.count());
  }
  for (const std::string& name : session.subscriptions()) told += name + '\n';
}

enum class Kind { kDovecot, kCyrus };

class RecordedSessionTest : public testing::TestWithParam<Kind> {
 protected:
  RecordedSessionTest() {
    auto client = server_->client("alice");
    servers::MailGenerator mail(3);
    std::vector<servers::Delivery> mails;
    for (const char* flag : {"\\Seen", "$Label1", "\\Flagged"}) {
      mails.push_back(
          {mail.tiny(), {flag}, std::chrono::sys_days(std::chrono::year(2024) / 2 / 29)});
    }
    client.append("INBOX", mails);
    client.command("SELECT INBOX");
    client.command("STORE 2 +FLAGS (\\Answered)");
    client.command("STORE 3 +FLAGS (\\Deleted)");
    client.command("EXPUNGE");
    client.command("CREATE \"Odd &- long names\"");
    client.command("SUBSCRIBE INBOX");
  }

  std::unique_ptr<Transport> connect() const {
    Endpoint endpoint;
    endpoint.url = server_->plain_url();
    endpoint.tls = TlsMode::kNone;
    return connect_with_curl(endpoint,
                             {"alice", base::Secret(servers::Server::password("alice")), {}});
  }

  std::unique_ptr<servers::Server> server_ =
      GetParam() == Kind::kDovecot
          ? std::unique_ptr<servers::Server>(std::make_unique<servers::Dovecot>())
          : std::make_unique<servers::Cyrus>();
};

TEST_P(RecordedSessionTest, EveryPrefixTellsAPrefixOfTheWhole) {
  std::string heard;
  std::string whole;
  back_up(std::make_unique<RecordingTransport>(connect(), heard), whole);
  ASSERT_GT(heard.size(), 1'000U);

  std::string again;
  back_up(std::make_unique<ReplayingTransport>(heard), again);
  EXPECT_EQ(again, whole);
  for (std::size_t cut = 0; cut < heard.size() && !HasFailure(); ++cut) {
    std::string told;
    try {
      back_up(std::make_unique<ReplayingTransport>(std::string_view(heard).substr(0, cut)), told);
      FAIL() << "nobody missed the end, cut after " << cut << " bytes";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kNetwork) << error.what() << ", cut after " << cut;
    }
    EXPECT_TRUE(whole.starts_with(told)) << "cut after " << cut << " bytes: " << told;
  }
  RecordProperty("bytes", std::to_string(heard.size()));
}

INSTANTIATE_TEST_SUITE_P(Each, RecordedSessionTest, testing::Values(Kind::kDovecot, Kind::kCyrus),
                         [](const auto& kind) {
                           return kind.param == Kind::kDovecot ? "Dovecot" : "Cyrus";
                         });

}  // namespace
}  // namespace imap
