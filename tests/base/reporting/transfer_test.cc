// The meaning of a failed submission for the mail and for other mail: transcripts of sessions.
#include "base/reporting/transfer.h"

#include <thread>

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/handle.h"
#include "base/reporting/mail_error.h"

namespace base {
namespace {

using testing::HasSubstr;

// Plays one session: a line of replies for each thing that the client sends, the greeting first. At
// the end of the transcript it ends the connection without a reply, but for QUIT.
class TranscriptServer {
 public:
  explicit TranscriptServer(std::vector<std::string> replies)
      : replies_(std::move(replies)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    url_ = fmt::format("smtp://127.0.0.1:{}", ntohs(address.sin_port));
    session_ = std::thread([this] { play(); });
  }
  TranscriptServer(const TranscriptServer&) = delete;
  TranscriptServer& operator=(const TranscriptServer&) = delete;
  ~TranscriptServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);  // ends accept()
    session_.join();
  }

  const std::string& url() const { return url_; }

 private:
  void play() const {
    const Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) return;
    std::string sent = "the connection";
    for (const std::string& reply : replies_) {
      if (sent.empty()) return;
      reply_with(client, reply);
      sent = receive(client, reply.starts_with("354") ? "\r\n.\r\n" : "\r\n");
    }
    if (sent.starts_with("QUIT")) reply_with(client, "221 bye");
  }

  static void reply_with(const Fd& client, const std::string& reply) {
    const std::string line = reply + "\r\n";
    EXPECT_EQ(::send(client.get(), line.data(), line.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(line.size()));
  }

  // Returns "" if the connection ends first.
  static std::string receive(const Fd& client, const std::string& end) {
    std::string text;
    while (!text.ends_with(end)) {
      char byte = 0;
      if (::recv(client.get(), &byte, 1, 0) != 1) return "";
      text += byte;
    }
    return text;
  }

  std::vector<std::string> replies_;
  Fd listener_;
  std::string url_;
  std::thread session_;
};

struct Failed {
  std::optional<MailFailure> failure;  // nullopt: the mail was accepted
  std::optional<ErrorCode> code;
  std::string text;
};

// Submits a mail to a server that replies with these lines.
Failed submit_to(std::vector<std::string> replies) {
  const TranscriptServer server(std::move(replies));
  MailConfig config;
  config.url = server.url();
  config.tls = TlsMode::kNone;
  config.from = "backup@example.org";
  try {
    send_over_smtp(config, "backup.example.org", "alice@example.org", "Subject: x\r\n\r\nx\r\n");
    return {};
  } catch (const MailError& error) {
    return {error.failure(), error.code(), error.what()};
  }
}

TEST(MailFailureTest, ARefusalOfAMailOrItsRecipientConcernsNoOtherMail) {
  const std::vector<std::vector<std::string>> sessions = {
      {"220 hi", "250 hi", "45X"},
      {"220 hi", "250 hi", "250 ok", "45X"},
      {"220 hi", "250 hi", "250 ok", "250 ok", "45X"},
      {"220 hi", "250 hi", "250 ok", "250 ok", "354 go", "45X"}};
  for (std::vector<std::string> session : sessions) {
    session.back() = "452 4.2.2 mailbox full";
    const Failed for_now = submit_to(session);
    EXPECT_EQ(for_now.failure, MailFailure::kDeferred) << session.size();
    EXPECT_EQ(for_now.code, ErrorCode::kRefused);
    EXPECT_THAT(for_now.text, HasSubstr(": the server refused for now: 452 4.2.2 mailbox full"));
    session.back() = "550-5.7.1 spam,\r\n550 5.7.1 it seems";
    const Failed for_good = submit_to(session);
    EXPECT_EQ(for_good.failure, MailFailure::kRefused) << session.size();
    EXPECT_EQ(for_good.code, ErrorCode::kRefused);
    EXPECT_THAT(for_good.text, HasSubstr(": the server refused: 550 5.7.1 it seems"));
    session.back() = "421 4.3.2 closing";
    const Failed closing = submit_to(session);
    EXPECT_EQ(closing.failure, MailFailure::kServer) << session.size();
    EXPECT_EQ(closing.code, ErrorCode::kNetwork);
    EXPECT_THAT(closing.text, HasSubstr(": the server refused for now: 421 4.3.2 closing"));
  }
}

TEST(MailFailureTest, AServerThatRefusesTheSessionAcceptsNoMail) {
  const Failed busy = submit_to({"450 busy"});
  EXPECT_EQ(busy.failure, MailFailure::kServer);
  EXPECT_EQ(busy.code, ErrorCode::kNetwork);
  EXPECT_THAT(busy.text, HasSubstr("the server refused for now: 450 busy"));
  EXPECT_EQ(submit_to({"554 go away"}).failure, MailFailure::kServer);
  EXPECT_EQ(submit_to({"220 hi", "550 no", "550 no"}).failure, MailFailure::kServer);
}

TEST(MailFailureTest, ALostConnectionConcernsAllMail) {
  EXPECT_EQ(submit_to({}).failure, MailFailure::kServer);
  EXPECT_EQ(submit_to({"220 hi"}).failure, MailFailure::kServer);
  // A refusal that was overcome is not the cause.
  const Failed lost = submit_to({"220 hi", "502 what is EHLO", "250 hi", "250 ok"});
  EXPECT_EQ(lost.failure, MailFailure::kServer);
  EXPECT_EQ(lost.code, ErrorCode::kNetwork);
  EXPECT_THAT(lost.text, testing::Not(HasSubstr("502")));
}

TEST(MailFailureTest, AMailThatIsNotConfirmedMayBeDelivered) {
  const Failed unknown = submit_to({"220 hi", "250 hi", "250 ok", "250 ok", "354 go"});
  EXPECT_EQ(unknown.failure, MailFailure::kUnknown);
  EXPECT_EQ(unknown.code, ErrorCode::kNetwork);
  EXPECT_THAT(unknown.text, HasSubstr("may have received the whole mail, but did not confirm it"));
  EXPECT_EQ(submit_to({"220 hi", "250 hi", "250 ok", "250 ok", "354 go", "250 ok"}).failure,
            std::nullopt);
}

TEST(MailFailureTest, APasswordThatCanNotBeLoadedConcernsAllMail) {
  MailConfig config;
  config.url = "smtp://127.0.0.1:1";
  config.login.emplace();
  config.login->user = "mailstow";
  config.login->password.password_file = "/nonexistent/password";
  try {
    send_over_smtp(config, "backup.example.org", "alice@example.org", "Subject: x\r\n\r\nx\r\n");
    ADD_FAILURE() << "it was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(failure_of(error), MailFailure::kServer) << error.what();
  }
  EXPECT_EQ(failure_of(Error(ErrorCode::kConfig, "a template")), MailFailure::kRefused);
}

}  // namespace
}  // namespace base
