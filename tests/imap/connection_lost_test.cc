#include "imap/connection_lost.h"

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

}  // namespace
}  // namespace imap
