// Servers that keep sending without ever answering, and servers that are only slow.
#include "imap/command_timer.h"

#include <algorithm>

#include "imap/connection_lost.h"
#include "imap/wait_budget.h"
#include "tests/expect_error.h"
#include "tests/imap/collector.h"
#include "tests/imap/conversation.h"
#include "tests/standing_clock.h"

namespace imap {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::SizeIs;
using tests::StandingClock;

// After the transcript, sends one more piece after each interval, and the last piece forever.
class SlowTransport : public ScriptedTransport {
 public:
  SlowTransport(const Transcript& transcript, std::vector<std::string> pieces,
                milliseconds interval, StandingClock& clock)
      : ScriptedTransport(transcript),
        pieces_(std::move(pieces)),
        interval_(interval),
        clock_(clock) {}

  std::size_t receive(std::span<std::byte> buffer) override {
    const std::size_t received = ScriptedTransport::receive(buffer);
    if (received > 0) return received;
    const std::size_t length = std::min(buffer.size(), ready_.size());
    std::copy_n(base::as_bytes(ready_).begin(), length, buffer.begin());
    ready_.erase(0, length);
    return length;
  }

  bool wait(bool to_send, milliseconds timeout) override {
    if (ScriptedTransport::wait(to_send, timeout)) return true;
    clock_.sleep_for(std::min(timeout, interval_));
    if (timeout < interval_) return false;
    ready_ = pieces_[std::min(next_, pieces_.size() - 1)];
    ++next_;
    return true;
  }

 private:
  std::vector<std::string> pieces_;
  milliseconds interval_;
  StandingClock& clock_;
  std::size_t next_ = 0;
  std::string ready_;
};

class CommandTimerTest : public testing::Test {
 protected:
  // A session that has opened INBOX. `command` is what it sends next.
  Session open(const std::string& command, std::vector<std::string> pieces, milliseconds interval,
               std::string_view capabilities = {}) {
    Transcript transcript = Transcript::inbox(capabilities);
    transcript.add("C: " + command);
    Session session(
        std::make_unique<SlowTransport>(transcript, std::move(pieces), interval, clock_), limits_,
        {}, Session::ActingAs::kSelf, clock_);
    session.examine("INBOX");
    return session;
  }

  static void fetch_states(
      Session& session, const std::function<void()>& note = [] {}) {
    session.fetch_states(UidSet::all(), {}, [&](const MessageItems&) { note(); });
  }

  StandingClock clock_;
  Limits limits_;
};

TEST_F(CommandTimerTest, TheNextDeadlineIsTheOneThatIsOverFirst) {
  limits_.silence = seconds(30);
  limits_.command = seconds(50);
  limits_.message = seconds(40);
  CommandTimer timer(limits_, clock_);
  EXPECT_EQ(timer.next().kind, CommandTimer::Kind::kSilence);
  EXPECT_EQ(timer.next().left, seconds(30));
  clock_.sleep_for(seconds(25));
  timer.note_byte();
  EXPECT_EQ(timer.next().kind, CommandTimer::Kind::kCommand);
  EXPECT_EQ(timer.next().left, seconds(25));
  timer.expect_message();
  timer.note_progress();
  clock_.sleep_for(seconds(20));
  timer.note_progress();
  EXPECT_EQ(timer.next().kind, CommandTimer::Kind::kMessage);
  EXPECT_EQ(timer.next().left, seconds(20));
  timer.exclude([&] { clock_.sleep_for(hours(5)); });
  EXPECT_EQ(timer.next().left, seconds(20));
  clock_.sleep_for(seconds(21));
  EXPECT_EQ(timer.next().left, seconds(-1));
  timer.expect_no_message();
  EXPECT_EQ(timer.next().left, seconds(9));
}

TEST_F(CommandTimerTest, ExcludesTheCallersTimeIfItFails) {
  CommandTimer timer(limits_, clock_);
  EXPECT_THROW(timer.exclude([&] {
    clock_.sleep_for(hours(5));
    throw std::runtime_error("the disk is full");
  }),
               std::runtime_error);
  EXPECT_EQ(timer.next().left, limits_.silence);
  clock_.sleep_for(seconds(1));
  EXPECT_EQ(timer.next().left, limits_.silence - seconds(1));
}

TEST_F(CommandTimerTest, NoiseDoesNotExtendACommand) {
  limits_.message = hours(5);
  const std::vector<std::string> noises = {
      "* OK still working on it\r\n",
      "* 1 FETCH (FLAGS (\\Seen))\r\n",
      "* 1 FETCH (UID 4 FLAGS (\\Seen))\r\n",  // new only once
      "* 3 EXISTS\r\n",
      "* LIST () \"/\" INBOX\r\n",
      "* STATUS INBOX (MESSAGES 3)\r\n",
      "+ idling\r\n",
  };
  struct Case {
    std::string verb;
    std::string rest;
    std::function<void(Session&)> run;
  };
  const std::vector<Case> cases = {
      {"EXAMINE", " \"Work\"", [](Session& session) { session.examine("Work"); }},
      {"STATUS", " \"a\" (MESSAGES UIDNEXT UIDVALIDITY)",
       [](Session& session) { session.status("a"); }},
      {"LIST", " \"\" \"x\"", [](Session& session) { session.list("x"); }},
      {"UID SEARCH", " ALL", [](Session& session) { session.search_all(); }},
      {"UID FETCH", " 1:* (UID FLAGS)", [](Session& session) { fetch_states(session); }},
      {"UID FETCH", " 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])",
       [](Session& session) {
         Collector collector;
         session.fetch_messages(UidSet::all(), collector);
       }},
      {"CREATE", " \"x\"", [](Session& session) { session.create("x"); }},
  };
  for (const Case& one : cases) {
    for (const std::string& noise : noises) {
      clock_.elapsed = {};
      Session session = open("m4 " + one.verb + one.rest, {noise}, seconds(20));
      try {
        one.run(session);
        ADD_FAILURE() << one.verb << " never ends: " << noise;
      } catch (const ConnectionLost& lost) {
        EXPECT_THAT(lost.what(), HasSubstr("for 1800 s the server sent nothing that " + one.verb +
                                           " requested: try again later"));
        EXPECT_EQ(lost.cause(), ConnectionLost::Cause::kSilence);
      }
      EXPECT_LE(clock_.elapsed, seconds(1840)) << one.verb << ": " << noise;
    }
  }
}

TEST_F(CommandTimerTest, EveryNewMessageExtendsACommand) {
  limits_.silence = hours(1);
  Session session = open("m4 UID FETCH 1:* (UID FLAGS)",
                         {"* 1 FETCH (UID 4 FLAGS ())\r\n", "* 2 FETCH (UID 6 FLAGS ())\r\n",
                          "* 3 FETCH (UID 5 FLAGS ())\r\n", "m4 OK done\r\n"},
                         seconds(1700));
  int count = 0;
  fetch_states(session, [&count] { ++count; });
  EXPECT_EQ(count, 3);
  EXPECT_EQ(clock_.elapsed, seconds(4 * 1700));
}

TEST_F(CommandTimerTest, EveryNewFolderExtendsALongList) {
  limits_.silence = hours(1);
  Session session =
      open("m4 LIST \"\" \"*\"",
           {"* LIST () \"/\" INBOX\r\n", "* LIST () \"/\" a\r\n", "m4 OK done\r\n"}, seconds(1700));
  EXPECT_THAT(session.list("*"), SizeIs(2));
}

TEST_F(CommandTimerTest, EveryExpungedOrFlaggedMessageExtendsACommand) {
  limits_.silence = hours(1);
  Session expunging =
      open("m4 UID EXPUNGE 1:3", {"* 1 EXPUNGE\r\n", "* 1 EXPUNGE\r\n", "m4 OK done\r\n"},
           seconds(1700), "UIDPLUS");
  expunging.expunge(UidSet::parse("1:3").value());
  Session flagging = open(
      "m4 UID STORE 1:3 +FLAGS.SILENT (\\Seen)",
      {"* 1 FETCH (UID 1 MODSEQ (7))\r\n", "* 2 FETCH (UID 2 MODSEQ (7))\r\n", "m4 OK done\r\n"},
      seconds(1700));
  const std::vector<std::string> flags = {"\\Seen"};
  flagging.add_flags(UidSet::parse("1:3").value(), flags);
}

TEST_F(CommandTimerTest, AnEndlessExpungeEnds) {
  Session session = open("m4 UID EXPUNGE 1:3", {"* 1 EXPUNGE\r\n"}, seconds(20), "UIDPLUS");
  EXPECT_ERROR(kNetwork, "nothing that UID EXPUNGE requested",
               session.expunge(UidSet::parse("1:3").value()));
  EXPECT_LE(clock_.elapsed, seconds(1900));
}

// The clock stands still: the client never waits for the server.
TEST_F(CommandTimerTest, AFloodEndsTheAccount) {
  const std::string line = "* OK " + std::string(30'000, 'f') + "\r\n";
  const std::string unwanted =
      "* 1 FETCH (UID 4 BODY[] {60000}\r\n" + std::string(60'000, 'f') + ")\r\n";
  for (const std::string& flood : {line, unwanted}) {
    limits_.waits = std::make_shared<WaitBudget>(std::chrono::minutes(1), clock_);
    Session session = open("m4 UID SEARCH ALL", {flood}, milliseconds(0));
    try {
      session.search_all();
      ADD_FAILURE() << "it never ends: " << flood.substr(0, 20);
    } catch (const ConnectionLost& lost) {
      EXPECT_EQ(lost.cause(), ConnectionLost::Cause::kAccountTooSlow);
      EXPECT_THAT(lost.what(), HasSubstr("without anything that the backup requested"));
    }
  }
}

TEST_F(CommandTimerTest, BodiesOfNoMessageAreAFlood) {
  limits_.waits = std::make_shared<WaitBudget>(std::chrono::minutes(1), clock_);
  Session session =
      open("m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])",
           {"* 1 FETCH (BODY[] {60000}\r\n" + std::string(60'000, 'f') + ")\r\n"}, milliseconds(0));
  Collector collector;
  EXPECT_ERROR(kNetwork, "without anything that the backup requested",
               session.fetch_messages(UidSet::all(), collector));
}

TEST_F(CommandTimerTest, ALongMessageIsNoFlood) {
  limits_.waits = std::make_shared<WaitBudget>(std::chrono::minutes(1), clock_);
  constexpr std::size_t kPiece = std::size_t{1} << 20U;
  const std::size_t count = limits_.waits->whole_bytes() / kPiece + 4;
  std::vector<std::string> pieces(count, std::string(kPiece, 'x'));
  pieces.insert(pieces.begin(),
                "* 1 FETCH (UID 4 FLAGS () INTERNALDATE \"17-Jul-1996 02:44:25 "
                "-0700\" RFC822.SIZE 9 BODY[] {" +
                    std::to_string(count * kPiece) + "}\r\n");
  pieces.emplace_back(")\r\nm4 OK done\r\n");
  Session session = open("m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])",
                         std::move(pieces), milliseconds(0));
  Collector collector;
  session.fetch_messages(UidSet::all(), collector);
  EXPECT_THAT(collector.messages, SizeIs(1));
}

TEST_F(CommandTimerTest, ASearchResultThatArrivesSlowlyIsProgress) {
  limits_.silence = hours(1);
  std::string numbers;
  while (numbers.size() < 600'000) numbers += " 1234567";
  Session session =
      open("m4 UID SEARCH ALL",
           {"* SEARCH 9", numbers, numbers, numbers, numbers, "\r\nm4 OK done\r\n"}, seconds(450));
  EXPECT_EQ(session.search_all().text(), "9,1234567");
}

TEST_F(CommandTimerTest, TheCallersTimeDoesNotCount) {
  Session session = open("m4 UID FETCH 1:* (UID FLAGS)",
                         {"* 1 FETCH (UID 4 FLAGS ())\r\n* 2 FETCH (UID 6 FLAGS ())\r\n",
                          "* OK wait\r\n", "m4 OK done\r\n"},
                         seconds(200));
  fetch_states(session, [this] { clock_.sleep_for(hours(10)); });
}

// Stops the process once, while it waits: the response is there when it continues.
class StoppedTransport : public SlowTransport {
 public:
  StoppedTransport(const Transcript& transcript, std::vector<std::string> pieces,
                   StandingClock& clock)
      : SlowTransport(transcript, std::move(pieces), seconds(10), clock), clock_(clock) {}

  bool wait(bool to_send, milliseconds timeout) override {
    const bool is_ready = SlowTransport::wait(to_send, timeout);
    if (is_armed && !to_send) {
      is_armed = false;
      clock_.sleep_for(hours(2));
    }
    return is_ready;
  }

  bool is_armed = false;

 private:
  StandingClock& clock_;
};

TEST_F(CommandTimerTest, TimeInWhichTheProcessWasStoppedDoesNotCount) {
  Transcript transcript = Transcript::inbox();
  transcript.add("C: m4 UID FETCH 1:* (UID FLAGS)");
  auto transport = std::make_unique<StoppedTransport>(
      transcript, std::vector<std::string>{"* 1 FETCH (UID 4 FLAGS ())\r\n", "m4 OK done\r\n"},
      clock_);
  StoppedTransport& stopped = *transport;
  Session session(std::move(transport), limits_, {}, Session::ActingAs::kSelf, clock_);
  session.examine("INBOX");
  stopped.is_armed = true;
  fetch_states(session);
  EXPECT_FALSE(stopped.is_armed);
  EXPECT_GE(clock_.elapsed, hours(2));
}

TEST_F(CommandTimerTest, AStopLeavesASecondToLook) {
  CommandTimer timer(limits_, clock_);
  EXPECT_FALSE(timer.note_look());
  clock_.sleep_for(hours(5));  // neither waiting nor the caller's time
  EXPECT_TRUE(timer.note_look());
  EXPECT_GE(timer.next().left, limits_.silence);
  timer.note_wait(limits_.silence);
  clock_.sleep_for(limits_.silence + hours(5));
  EXPECT_TRUE(timer.note_look());
  EXPECT_GT(timer.next().left, seconds(0));
  EXPECT_LE(timer.next().left, seconds(2));
  timer.note_wait(timer.next().left);
  clock_.sleep_for(timer.next().left);
  EXPECT_FALSE(timer.note_look()) << "the server is silent";
  EXPECT_LE(timer.next().left, seconds(0));
}

TEST_F(CommandTimerTest, LimitsTheTimeForAMessage) {
  limits_.message = seconds(60);
  const std::string fetch = "m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])";
  const std::string first = "* 1 FETCH (UID 4 FLAGS () BODY[] {1}\r\na)\r\n";
  const std::vector<std::vector<std::string>> endings = {
      {first, "* 2 FETCH (UID 6 FLAGS () BODY[] {1000000}\r\n", "x"},  // the body never ends
      {first, "* 2 FETCH (FLAGS (\\Seen))\r\n"},
      {first, "* 1 FETCH (UID 4 FLAGS (\\Seen))\r\n"},
  };
  for (const std::vector<std::string>& pieces : endings) {
    clock_.elapsed = {};
    Session session = open(fetch, pieces, seconds(20));
    Collector collector;
    try {
      session.fetch_messages(UidSet::all(), collector);
      ADD_FAILURE() << "it never ends: " << pieces.back();
    } catch (const ConnectionLost& lost) {
      EXPECT_EQ(lost.cause(), ConnectionLost::Cause::kMessageTooSlow);
      EXPECT_THAT(lost.what(), HasSubstr("a message took longer than 60 s"));
    }
    EXPECT_THAT(collector.messages, SizeIs(1));
    EXPECT_EQ(clock_.elapsed, seconds(80));
  }
}

}  // namespace
}  // namespace imap
