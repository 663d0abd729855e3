#include "imap/connection_lost.h"

#include <algorithm>
#include <thread>

#include "tests/expect_error.h"
#include "tests/imap/collector.h"
#include "tests/imap/conversation.h"

namespace imap {
namespace {

using std::chrono::milliseconds;

TEST(ConnectionLostTest, ReadsTheRequestedPause) {
  EXPECT_EQ(suggested_pause("Request is throttled. Suggested Backoff Time: 92415 milliseconds"),
            milliseconds(92'415));
  EXPECT_EQ(suggested_pause("suggested backoff time:0"), milliseconds(0));
  EXPECT_EQ(suggested_pause("Suggested Backoff Time: 99999999999999999999 milliseconds"),
            std::chrono::days(1));
  for (const char* words : {"", "come back later", "Suggested Backoff Time:",
                            "Suggested Backoff Time: soon", "Suggested Backoff Time: -5"}) {
    EXPECT_EQ(suggested_pause(words), std::nullopt) << words;
  }
}

// For any command, and with any untagged responses before its completion.
TEST(ConnectionLostTest, ARequestForAPauseIsNotARefusal) {
  for (const char* answer :
       {"m3 NO Server busy. Suggested Backoff Time: 250 milliseconds",
        "m3 BAD Suggested Backoff Time: 250 milliseconds",
        "* BYE Suggested Backoff Time: 250 milliseconds", "* BYE for another reason"}) {
    Transcript transcript = Transcript::session();
    transcript.add("C: m3 STATUS \"a b\" (MESSAGES UIDNEXT UIDVALIDITY)");
    transcript.add(std::string("S: ") + answer);
    converse(transcript, [&](Session& session) {
      try {
        session.status("a b");
        ADD_FAILURE() << answer;
      } catch (const ConnectionLost& lost) {
        EXPECT_THAT(lost.what(), testing::StartsWith("get the status: a b: the server"));
        const bool has_pause = std::string(answer).find("250") != std::string::npos;
        EXPECT_EQ(lost.pause(), has_pause ? std::optional(milliseconds(250)) : std::nullopt);
      }
    });
  }
}

// After the transcript, the body never ends.
class DrippingTransport : public ScriptedTransport {
 public:
  using ScriptedTransport::ScriptedTransport;

  std::size_t receive(std::span<std::byte> buffer) override {
    const std::size_t received = is_dripping_ ? 0 : ScriptedTransport::receive(buffer);
    if (received > 0 || !is_dripping_) return received;
    buffer.front() = std::byte{'x'};
    return 1;
  }

  bool wait(bool to_send, milliseconds timeout) override {
    if (!is_dripping_ && ScriptedTransport::wait(to_send, timeout)) return true;
    is_dripping_ = true;
    std::this_thread::sleep_for(std::min(timeout, milliseconds(2)));
    return true;
  }

 private:
  bool is_dripping_ = false;
};

TEST(ConnectionLostTest, LimitsTheTimeForAMessage) {
  Transcript transcript = Transcript::inbox();
  transcript.add(R"(
    C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 FETCH (UID 4 FLAGS () BODY[] {1}
    S: a)
    S: * 2 FETCH (UID 6 FLAGS () BODY[] {1000000}
    S: b
  )");
  Limits limits;
  limits.message = milliseconds(60);
  Session session(std::make_unique<DrippingTransport>(transcript), limits);
  session.examine("INBOX");
  Collector collector;
  try {
    session.fetch_messages(UidSet::all(), collector);
    ADD_FAILURE() << "it never ends";
  } catch (const ConnectionLost& lost) {
    EXPECT_EQ(lost.cause(), ConnectionLost::Cause::kMessageTooSlow);
    EXPECT_THAT(lost.what(), testing::HasSubstr("a message took longer than 1 s"));
  }
  EXPECT_THAT(collector.messages, testing::SizeIs(1));
}

}  // namespace
}  // namespace imap
