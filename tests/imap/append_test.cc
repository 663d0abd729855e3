// APPEND in all its forms.
#include "imap/session.h"
#include "tests/expect_error.h"
#include "tests/imap/conversation.h"

namespace imap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

AppendMessage message(std::string_view bytes, std::vector<std::string> flags = {}) {
  constexpr std::chrono::sys_seconds kNewYear{std::chrono::seconds{1'577'836'800}};
  return {std::move(flags), {kNewYear, 60}, base::as_bytes(bytes)};
}

TEST(AppendTest, PipelinesWithLiteralPlus) {
  Transcript transcript = Transcript::session("LITERAL+ UIDPLUS");
  transcript.add(R"(
    C: m3 APPEND "Archive" (\Seen $x) "01-Jan-2020 01:00:00 +0100" {5+}
    C: abc
    C: 
    C: m4 APPEND "Archive" () "01-Jan-2020 01:00:00 +0100" {0+}
    C: 
    C: m5 APPEND "Archive" () "01-Jan-2020 01:00:00 +0100" {1+}
    C: z
    S: m3 OK [APPENDUID 38505 3955] done
    S: m4 NO Can't save a zero byte message.
    S: m5 OK [APPENDUID 38505 3956] done
  )");
  const std::vector<AppendMessage> messages = {message("abc\r\n", {"\\Seen", "\\Recent", "$x"}),
                                               message(""), message("z")};
  converse(transcript, [&messages](Session& session) {
    const auto answers = session.append("Archive", messages);
    ASSERT_THAT(answers, SizeIs(3));
    EXPECT_TRUE(answers[0].accepted);
    EXPECT_EQ(answers[0].uid_validity, 38505U);
    EXPECT_THAT(answers[0].uids, ElementsAre(base::Uid{3955}));
    EXPECT_FALSE(answers[1].accepted);
    EXPECT_EQ(answers[1].reason, "Can't save a zero byte message.");
    EXPECT_THAT(answers[2].uids, ElementsAre(base::Uid{3956}));
  });
}

TEST(AppendTest, WaitsForEachGoAheadWithoutLiteralPlus) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 APPEND "x" () "01-Jan-2020 01:00:00 +0100" {3}
    S: + ready
    C: abc
    C: m4 APPEND "x" () "01-Jan-2020 01:00:00 +0100" {3}
    S: m3 OK done
    S: m4 NO [TOOBIG] never
    C: m5 APPEND "x" () "01-Jan-2020 01:00:00 +0100" {3}
    S: + ready
    C: ghi
    S: m5 OK done
  )");
  const std::vector<AppendMessage> messages = {message("abc"), message("def"), message("ghi")};
  converse(transcript, [&messages](Session& session) {
    const auto answers = session.append("x", messages);
    ASSERT_THAT(answers, SizeIs(3));
    EXPECT_TRUE(answers[0].accepted);
    EXPECT_EQ(answers[1].reason, "never");
    EXPECT_TRUE(answers[2].accepted);
    EXPECT_THAT(answers[2].uids, IsEmpty());
  });
}

TEST(AppendTest, WaitsOnlyForLongLiteralsWithLiteralMinus) {
  const std::string longer(4097, 'x');
  const std::string shorter(4096, 'y');
  Transcript transcript = Transcript::session("LITERAL-");
  transcript.client("m3 APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" {4096+}\r\n" + shorter +
                    "\r\nm4 APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" {4097}\r\n");
  transcript.server("+ ready\r\n");
  transcript.client(longer + "\r\n");
  transcript.server("m3 OK done\r\nm4 OK done\r\n");
  const std::vector<AppendMessage> messages = {message(shorter), message(longer)};
  converse(transcript, [&messages](Session& session) {
    EXPECT_THAT(session.append("x", messages), SizeIs(2));
  });
}

TEST(AppendTest, SendsNulAsBinaryWhereThatIsKnown) {
  const std::string bytes("a\0b", 3);
  const std::vector<AppendMessage> messages = {message(bytes)};
  for (const bool has_binary : {true, false}) {
    Transcript transcript = Transcript::session(has_binary ? "LITERAL+ BINARY" : "LITERAL+");
    transcript.client(std::string("m3 APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" ") +
                      (has_binary ? "~{3+}\r\n" : "{3+}\r\n") + bytes + "\r\n");
    transcript.server("m3 OK done\r\n");
    converse(transcript, [&messages](Session& session) {
      EXPECT_TRUE(session.append("x", messages).front().accepted);
    });
  }
}

TEST(AppendTest, AppendsTogether) {
  Transcript transcript = Transcript::session("LITERAL+ MULTIAPPEND UIDPLUS");
  const std::string command =
      " APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" {3+}\r\nabc"
      " (\\Seen) \"01-Jan-2020 01:00:00 +0100\" {3+}\r\ndef\r\n";
  transcript.client("m3" + command).server("m3 OK [APPENDUID 7 3:4] done\r\n");
  transcript.client("m4" + command).server("m4 NO one is bad\r\n");
  transcript.client("m5" + command).server("m5 OK [APPENDUID 7 3:5] done\r\n");
  const std::vector<AppendMessage> messages = {message("abc"), message("def", {"\\Seen"})};
  converse(transcript, [&messages](Session& session) {
    const AppendAnswer answer = session.append_together("x", messages);
    EXPECT_TRUE(answer.accepted);
    EXPECT_EQ(answer.uid_validity, 7U);
    EXPECT_THAT(answer.uids, ElementsAre(base::Uid{3}, base::Uid{4}));
    EXPECT_EQ(session.append_together("x", messages).reason, "one is bad");
    // Three UIDs for two messages tell nothing.
    EXPECT_THAT(session.append_together("x", messages).uids, IsEmpty());
    EXPECT_TRUE(session.append_together("x", {}).accepted);
  });
}

TEST(AppendTest, AppendsTogetherOneGoAheadAtATime) {
  Transcript transcript = Transcript::session("MULTIAPPEND");
  transcript.client("m3 APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" {3}\r\n");
  transcript.server("+ one\r\n");
  transcript.client("abc () \"01-Jan-2020 01:00:00 +0100\" {3}\r\n");
  transcript.server("+ two\r\n");
  transcript.client("def\r\n");
  transcript.server("m3 OK done\r\n");
  const std::vector<AppendMessage> messages = {message("abc"), message("def")};
  converse(transcript, [&messages](Session& session) {
    EXPECT_TRUE(session.append_together("x", messages).accepted);
  });
}

TEST(AppendTest, NeedsMultiappendToAppendTogether) {
  const std::vector<AppendMessage> messages = {message("abc")};
  converse(Transcript::session(), [&messages](Session& session) {
    EXPECT_ERROR(kRefused, "MULTIAPPEND", session.append_together("x", messages));
  });
}

// A transport that takes nothing more until what it said is read: as a server does whose answers
// fill the line.
TEST(AppendTest, ReadsWhileItSends) {
  const std::string large(300'000, 'x');
  Transcript transcript = Transcript::session("LITERAL+");
  transcript.client("m3 APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" {300000+}\r\n" +
                    large.substr(0, 100'000));
  transcript.server("* 17 EXISTS\r\n");
  transcript.client(large.substr(100'000) + "\r\n");
  transcript.server("m3 OK done\r\n");
  const std::vector<AppendMessage> messages = {message(large)};
  converse(transcript, [&messages](Session& session) {
    EXPECT_TRUE(session.append("x", messages).front().accepted);
  });
}

// The bytes are the caller's, who lets go of them when the answer is there.
TEST(AppendTest, WhatIsRefusedWhileItGoesOutIsSentWholeBeforeTheAnswerIsTold) {
  Transcript transcript = Transcript::session("LITERAL+");
  transcript.client("m3 APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" {300000+}\r\n" +
                    std::string(100'000, 'x'));
  transcript.server("m3 NO [OVERQUOTA] it is full\r\n");
  transcript.client(std::string(200'000, 'x') + "\r\n");
  transcript.add(R"(
    C: m4 CREATE "y"
    S: m4 OK done
  )");
  converse(transcript, [](Session& session) {
    auto large = std::make_unique<std::string>(300'000, 'x');
    const AppendMessage refused = message(*large);
    EXPECT_FALSE(session.append("x", {&refused, 1}).front().accepted);
    large.reset();
    session.create("y");
  });
}

// A server that answers others meanwhile, and takes nothing until that is read.
TEST(AppendTest, HearsWhatComesWhileTheRestOfARefusedMessageGoesOut) {
  Transcript transcript = Transcript::session("LITERAL+");
  const std::string head = "APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" ";
  transcript.client("m3 " + head + "{300000+}\r\n" + std::string(100'000, 'x'));
  transcript.server("m3 NO [OVERQUOTA] it is full\r\n* 17 EXISTS\r\n* 18 EXI");
  transcript.client(std::string(200'000, 'x') + "\r\nm4 " + head + "{3+}\r\nabc\r\n");
  transcript.server("STS\r\nm4 OK done\r\n");
  const std::string large(300'000, 'x');
  const std::vector<AppendMessage> messages = {message(large), message("abc")};
  converse(transcript, [&messages](Session& session) {
    const auto answers = session.append("x", messages);
    EXPECT_EQ(answers[0].reason, "it is full");
    EXPECT_TRUE(answers[1].accepted);
  });
}

TEST(AppendTest, LeavesAServerThatTalksOnAndTakesNothing) {
  constexpr std::size_t kPiece = 64U << 10U;
  Transcript transcript = Transcript::session("LITERAL+");
  transcript.client("m3 APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" {300000+}\r\n" +
                    std::string(100'000, 'x'));
  const std::string refusal = "m3 NO it is full\r\n* OK ";
  transcript.server(refusal + std::string(kPiece - refusal.size() + (1U << 20U), '.'));
  Session session(scripted(transcript, {.piece = kPiece}), {});
  const std::string large(300'000, 'x');
  const AppendMessage refused = message(large);
  EXPECT_ERROR(kNetwork, "takes no more of what it refused", session.append("x", {&refused, 1}));
}

}  // namespace
}  // namespace imap
