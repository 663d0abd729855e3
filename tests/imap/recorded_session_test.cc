// Recorded output of real servers, cut off after every byte (every third one in a short run): the
// results from a part of a session must be a prefix of those from the whole.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "base/error.h"
#include "base/secret.h"
#include "imap/curl_transport.h"
#include "imap/session.h"
#include "tests/long_run.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace imap {
namespace {

class RecordingTransport : public Transport {
 public:
  RecordingTransport(std::unique_ptr<Transport> transport, std::string& recorded)
      : transport_(std::move(transport)), recorded_(recorded) {}

  std::size_t send(base::ByteView bytes) override { return transport_->send(bytes); }
  std::size_t receive(std::span<std::byte> buffer) override {
    const std::size_t received = transport_->receive(buffer);
    recorded_ += base::as_text(buffer.first(received));
    return received;
  }
  bool wait(bool to_send, std::chrono::milliseconds timeout) override {
    return transport_->wait(to_send, timeout);
  }

 private:
  std::unique_ptr<Transport> transport_;
  std::string& recorded_;
};

// Replays the recording, whatever the client sends, until the connection is lost.
class ReplayingTransport : public Transport {
 public:
  explicit ReplayingTransport(std::string_view said) : said_(said) {}

  std::size_t send(base::ByteView bytes) override { return bytes.size(); }
  std::size_t receive(std::span<std::byte> buffer) override {
    // Returns nothing every other time, so that the client also sends.
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

class ResultWriter : public MessageSink {
 public:
  explicit ResultWriter(std::string& results) : results_(results) {}
  void body_piece(base::ByteView piece) override { bytes_ += base::as_text(piece); }
  void message(const MessageItems& items, BodyKind body) override {
    results_ +=
        fmt::format("{}{} {}\n", text_of(items), static_cast<int>(body), std::exchange(bytes_, {}));
  }
  void discard() override { bytes_.clear(); }

 private:
  std::string& results_;
  std::string bytes_;
};

// The calls of a backup; all their results are appended to `results`.
void back_up(std::unique_ptr<Transport> transport, std::string& results) {
  Session session(std::move(transport), Limits());
  for (const Folder& folder : session.list_personal_folders()) {
    const FolderStatus status = folder.status.value_or(FolderStatus());
    results += fmt::format("{} {} {}\n", folder.raw_name, status.uid_validity.value_or(0),
                           status.highest_modseq.value_or(0));
  }
  const std::uint32_t uid_validity = session.examine("INBOX").uid_validity;
  results += fmt::format("generation {}\n", uid_validity);
  ResultWriter writer(results);
  session.fetch_messages(UidSet::all(), writer);
  session.fetch_states(UidSet::all(), 2,
                       [&](const MessageItems& items) { results += text_of(items); });
  for (const base::Uid uid : session.search_all()) results += fmt::format("there {}\n", uid.value);
  if (session.can_resync()) {
    Session::Changes changes;
    session.examine("INBOX", {uid_validity, 1}, changes);
    results +=
        fmt::format("changed {} vanished {}\n", changes.states.size(), changes.vanished.count());
  }
  for (const std::string& name : session.subscriptions()) results += name + '\n';
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

TEST_P(RecordedSessionTest, EveryPrefixYieldsAPrefixOfTheResults) {
  std::string recorded;
  std::string whole;
  back_up(std::make_unique<RecordingTransport>(connect(), recorded), whole);
  ASSERT_GT(recorded.size(), 1'000U);

  std::string again;
  back_up(std::make_unique<ReplayingTransport>(recorded), again);
  EXPECT_EQ(again, whole);
  tests::Sample sample(3);
  for (std::size_t cut = 0; cut < recorded.size() && !HasFailure(); ++cut) {
    if (!sample.takes_next()) continue;
    std::string results;
    try {
      back_up(std::make_unique<ReplayingTransport>(std::string_view(recorded).substr(0, cut)),
              results);
      FAIL() << "the missing end was not noticed, cut after " << cut << " bytes";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kNetwork) << error.what() << ", cut after " << cut;
    }
    EXPECT_TRUE(whole.starts_with(results)) << "cut after " << cut << " bytes: " << results;
  }
  RecordProperty("bytes", std::to_string(recorded.size()));
}

INSTANTIATE_TEST_SUITE_P(Each, RecordedSessionTest, testing::Values(Kind::kDovecot, Kind::kCyrus),
                         [](const auto& kind) {
                           return kind.param == Kind::kDovecot ? "Dovecot" : "Cyrus";
                         });

}  // namespace
}  // namespace imap
