// APPEND in all its forms.
#include <algorithm>
#include <limits>
#include <memory>
#include <span>

#include "base/error.h"
#include "imap/flag.h"
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
  return {std::move(flags), base::ZonedTime{kNewYear, 60}, base::as_bytes(bytes)};
}

TEST(AppendTest, PipelinesWithLiteralPlus) {
  Transcript transcript = Transcript::session("LITERAL+ UIDPLUS");
  transcript.add(R"(
    C: m3 APPEND "Archive" (\Seen $x) "01-Jan-2020 01:00:00 +0100" {5}
    S: + ready
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
    EXPECT_EQ(answers[1].reason, "APPEND: Can't save a zero byte message.");
    EXPECT_THAT(answers[2].uids, ElementsAre(base::Uid{3956}));
    EXPECT_FALSE(session.is_usable()) << "m4 may have been refused without reading its literal";
    EXPECT_ERROR(kNetwork, "no longer used", session.create("y"));
  });
}

TEST(AppendTest, OmitsFlagsThatNoCommandCanCarry) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 APPEND "x" (\Seen $ok) "01-Jan-2020 01:00:00 +0100" {3}
    S: + ready
    C: abc
    S: m3 OK done
  )");
  const std::vector<AppendMessage> messages = {
      message("abc", {"\\Seen", "\\Recent", "\\*", "", "\\", "a b", "clo)se", "{3}", "Caf\xC3\xA9",
                      "a\"b", "a\\b", "x]", "50%", std::string("nul\0", 4),
                      "x) \"01-Jan-2020 00:00:00 +0000\" {0+}\r\n\r\nz1 DELETE Important\r\n",
                      "$ok", std::string(kMaxSentFlag + 1, 'x')})};
  converse(transcript, [&messages](Session& session) {
    EXPECT_TRUE(session.append("x", messages).front().accepted);
  });
}

// Dovecot answers BAD to the command line of an APPEND without reading the message after it: so a
// message is only sent without waiting if the server has accepted such a line before.
TEST(AppendTest, WaitsIfTheFolderOrAFlagIsNew) {
  Transcript transcript = Transcript::session("LITERAL+");
  transcript.add(R"(
    C: m3 APPEND "x" () "01-Jan-2020 01:00:00 +0100" {1}
    S: + ready
    C: a
    S: m3 OK done
    C: m4 APPEND "x" () "01-Jan-2020 01:00:00 +0100" {1+}
    C: b
    C: m5 APPEND "x" ($new) "01-Jan-2020 01:00:00 +0100" {1}
    S: m4 OK done
    S: m5 BAD Invalid keyword
    C: m6 APPEND "y" () "01-Jan-2020 01:00:00 +0100" {1}
    S: + ready
    C: d
    S: m6 OK done
  )");
  const std::vector<AppendMessage> first = {message("a")};
  const std::vector<AppendMessage> more = {message("b"), message("c", {"$new"})};
  const std::vector<AppendMessage> other = {message("d")};
  converse(transcript, [&](Session& session) {
    EXPECT_TRUE(session.append("x", first).front().accepted);
    const auto answers = session.append("x", more);
    EXPECT_TRUE(answers[0].accepted);
    EXPECT_FALSE(answers[1].accepted);
    EXPECT_TRUE(session.is_usable()) << "nothing was sent after the refused line";
    EXPECT_TRUE(session.append("y", other).front().accepted);
  });
}

// A command that was not sent completely when a message was refused can't have been executed: it is
// dropped.
TEST(AppendTest, SendsNothingMoreAfterARefusedMessage) {
  const std::string large(300'000, 'x');
  Transcript transcript = Transcript::session("LITERAL+");
  transcript.add(R"(
    C: m3 APPEND "x" () "01-Jan-2020 01:00:00 +0100" {1}
    S: + ready
    C: a
    S: m3 OK done
  )");
  transcript.client(
      "m4 APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" {1+}\r\nb\r\n"
      "m5 APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" {300000+}\r\n" +
      large.substr(0, 100'000));
  transcript.server("m4 BAD what?\r\n");
  const std::vector<AppendMessage> first = {message("a")};
  const std::vector<AppendMessage> more = {message("b"), message(large), message("c")};
  Session session(scripted(transcript), {});
  EXPECT_TRUE(session.append("x", first).front().accepted);
  const auto answers = session.append("x", more);
  EXPECT_TRUE(answers[0].sent);
  EXPECT_FALSE(answers[0].accepted);
  EXPECT_FALSE(answers[1].sent);
  EXPECT_FALSE(answers[2].sent);
  EXPECT_FALSE(session.is_usable());
}

TEST(AppendTest, WaitsForEachMessageOnRequest) {
  Transcript transcript = Transcript::session("LITERAL+ MULTIAPPEND");
  transcript.add(R"(
    C: m3 APPEND "x" () "01-Jan-2020 01:00:00 +0100" {1}
    S: + ready
    C: a () "01-Jan-2020 01:00:00 +0100" {1}
    S: + ready
    C: b
    S: m3 NO a message is bad
  )");
  const std::vector<AppendMessage> messages = {message("a"), message("b")};
  converse(transcript, [&messages](Session& session) {
    EXPECT_FALSE(session.append_together("x", messages, Session::Literals::kWaiting).accepted);
    EXPECT_TRUE(session.is_usable());
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
    EXPECT_EQ(answers[1].reason, "APPEND: never");
    EXPECT_TRUE(answers[2].accepted);
    EXPECT_THAT(answers[2].uids, IsEmpty());
  });
}

TEST(AppendTest, WaitsOnlyForLongLiteralsWithLiteralMinus) {
  const std::string longer(4097, 'x');
  const std::string shorter(4096, 'y');
  Transcript transcript = Transcript::session("LITERAL-");
  transcript.add(R"(
    C: m3 APPEND "x" () "01-Jan-2020 01:00:00 +0100" {1}
    S: + ready
    C: a
    S: m3 OK done
  )");
  transcript.client("m4 APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" {4096+}\r\n" + shorter +
                    "\r\nm5 APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" {4097}\r\n");
  transcript.server("+ ready\r\n");
  transcript.client(longer + "\r\n");
  transcript.server("m4 OK done\r\nm5 OK done\r\n");
  const std::vector<AppendMessage> first = {message("a")};
  const std::vector<AppendMessage> messages = {message(shorter), message(longer)};
  converse(transcript, [&](Session& session) {
    session.append("x", first);
    EXPECT_THAT(session.append("x", messages), SizeIs(2));
  });
}

TEST(AppendTest, SendsNulAsBinaryIfSupported) {
  const std::string bytes("a\0b", 3);
  const std::vector<AppendMessage> messages = {message(bytes)};
  for (const bool has_binary : {true, false}) {
    Transcript transcript = Transcript::session(has_binary ? "LITERAL+ BINARY" : "LITERAL+");
    transcript.client(std::string("m3 APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" ") +
                      (has_binary ? "~{3}\r\n" : "{3}\r\n"));
    transcript.server("+ ready\r\n");
    transcript.client(bytes + "\r\n");
    transcript.server("m3 OK done\r\n");
    converse(transcript, [&messages](Session& session) {
      EXPECT_TRUE(session.append("x", messages).front().accepted);
    });
  }
}

TEST(AppendTest, AppendsTogether) {
  Transcript transcript = Transcript::session("LITERAL+ MULTIAPPEND UIDPLUS");
  transcript.add(R"(
    C: m3 APPEND "x" () "01-Jan-2020 01:00:00 +0100" {3}
    S: + ready
    C: abc (\Seen) "01-Jan-2020 01:00:00 +0100" {3}
    S: + ready
    C: def
    S: m3 OK [APPENDUID 7 3:4] done
  )");
  const std::string command =
      " APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" {3+}\r\nabc"
      " (\\Seen) \"01-Jan-2020 01:00:00 +0100\" {3+}\r\ndef\r\n";
  // Three UIDs for two messages are ignored.
  transcript.client("m4" + command).server("m4 OK [APPENDUID 7 3:5] done\r\n");
  transcript.client("m5" + command).server("m5 NO a message is bad\r\n");
  const std::vector<AppendMessage> messages = {message("abc"), message("def", {"\\Seen"})};
  converse(transcript, [&messages](Session& session) {
    const AppendAnswer answer = session.append_together("x", messages);
    EXPECT_TRUE(answer.accepted);
    EXPECT_EQ(answer.uid_validity, 7U);
    EXPECT_THAT(answer.uids, ElementsAre(base::Uid{3}, base::Uid{4}));
    EXPECT_THAT(session.append_together("x", messages).uids, IsEmpty());
    EXPECT_EQ(session.append_together("x", messages).reason, "APPEND: a message is bad");
    EXPECT_FALSE(session.is_usable());
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

TEST(AppendTest, RequiresMultiappendToAppendTogether) {
  const std::vector<AppendMessage> messages = {message("abc")};
  converse(Transcript::session(), [&messages](Session& session) {
    EXPECT_ERROR(kRefused, "MULTIAPPEND", session.append_together("x", messages));
  });
}

// A transport that accepts nothing more until its output is read, like a server whose responses
// fill the socket buffer.
TEST(AppendTest, ReadsWhileSending) {
  const std::string large(300'000, 'x');
  Transcript transcript = Transcript::session("LITERAL+");
  transcript.client("m3 APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" {300000}\r\n");
  transcript.server("+ ready\r\n");
  transcript.client(large.substr(0, 100'000));
  transcript.server("* 17 EXISTS\r\n");
  transcript.client(large.substr(100'000) + "\r\n");
  transcript.server("m3 OK done\r\n");
  const std::vector<AppendMessage> messages = {message(large)};
  converse(transcript, [&messages](Session& session) {
    EXPECT_TRUE(session.append("x", messages).front().accepted);
  });
}

// The bytes belong to the caller, which frees them once the response is there. The server requested
// them, so it reads them to the end.
TEST(AppendTest, CompletesAMessageRefusedWhileBeingSentBeforeReturning) {
  Transcript transcript = Transcript::session("LITERAL+");
  transcript.client("m3 APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" {300000}\r\n");
  transcript.server("+ ready\r\n");
  transcript.client(std::string(100'000, 'x'));
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

// A server that sends other responses meanwhile, and accepts nothing until they are read.
TEST(AppendTest, ReadsWhileSendingTheRestOfARefusedMessage) {
  Transcript transcript = Transcript::session("LITERAL+");
  const std::string head = "APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" ";
  transcript.client("m3 " + head + "{300000}\r\n");
  transcript.server("+ ready\r\n");
  transcript.client(std::string(100'000, 'x'));
  transcript.server("m3 NO [OVERQUOTA] it is full\r\n* 17 EXISTS\r\n* 18 EXI");
  transcript.client(std::string(200'000, 'x') + "\r\nm4 " + head + "{3+}\r\nabc\r\n");
  transcript.server("STS\r\nm4 OK done\r\n");
  const std::string large(300'000, 'x');
  const std::vector<AppendMessage> messages = {message(large), message("abc")};
  converse(transcript, [&messages](Session& session) {
    const auto answers = session.append("x", messages);
    EXPECT_EQ(answers[0].reason, "APPEND: it is full");
    EXPECT_TRUE(answers[1].accepted);
  });
}

TEST(AppendTest, GivesUpOnAServerThatSendsButReadsNothing) {
  constexpr std::size_t kPiece = 64U << 10U;
  Transcript transcript = Transcript::session("LITERAL+");
  transcript.client("m3 APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" {300000}\r\n");
  transcript.server("+ ready\r\n");
  transcript.client(std::string(100'000, 'x'));
  const std::string refusal = "m3 NO it is full\r\n* OK ";
  transcript.server(refusal + std::string(kPiece - refusal.size() + (1U << 20U), '.'));
  Session session(scripted(transcript, {.piece = kPiece}), {});
  const std::string large(300'000, 'x');
  const AppendMessage refused = message(large);
  EXPECT_ERROR(kNetwork, "no longer reads the literal it refused",
               session.append("x", {&refused, 1}));
}

// A message that is not in memory, up to a byte that can't be read.
class LargeSource : public MessageSource {
 public:
  LargeSource(std::string_view bytes, std::uint64_t readable)
      : bytes_(bytes), readable_(readable) {}

  std::uint64_t size() const override { return bytes_.size(); }

  void read(std::uint64_t offset, std::span<std::byte> out) const override {
    EXPECT_LE(out.size(), kPiece);
    if (offset + out.size() > readable_) {
      base::fail(base::ErrorCode::kIo, "read the message: the disk is broken");
    }
    std::ranges::copy(base::as_bytes(bytes_.substr(offset, out.size())), out.begin());
  }

  static constexpr std::size_t kPiece = 1U << 20U;

 private:
  std::string_view bytes_;
  std::uint64_t readable_;
};

class LargeSourceTest : public testing::Test {
 protected:
  LargeSourceTest() {
    // Pieces in another order would differ.
    while (text_.size() < 2 * LargeSource::kPiece + 1) {
      text_ += std::to_string(text_.size()) + std::string(1'000, '.') + "\r\n";
    }
    announced_ = '{' + std::to_string(text_.size()) + "}\r\n";
  }

  AppendMessage large(std::uint64_t readable = std::numeric_limits<std::uint64_t>::max()) const {
    AppendMessage append = message({});
    append.source = std::make_shared<LargeSource>(text_, readable);
    return append;
  }

  static constexpr const char* kHead = "APPEND \"x\" () \"01-Jan-2020 01:00:00 +0100\" ";
  std::string text_;
  std::string announced_;
};

TEST_F(LargeSourceTest, IsReadInPiecesWhileItIsSent) {
  Transcript transcript = Transcript::session("LITERAL+ MULTIAPPEND");
  transcript.client("m3 " + std::string(kHead) + announced_);
  transcript.server("+ ready\r\n");
  transcript.client(text_.substr(0, 1'500'000));
  transcript.server("* 17 EXISTS\r\n");
  transcript.client(text_.substr(1'500'000) + "\r\nm4 " + kHead + "{3+}\r\nabc\r\n");
  transcript.server("m3 OK done\r\nm4 OK done\r\n");
  std::string without_waiting = announced_;
  without_waiting.insert(without_waiting.find('}'), "+");
  transcript.client("m5 " + std::string(kHead) + "{1+}\r\nb () \"01-Jan-2020 01:00:00 +0100\" " +
                    without_waiting + text_ + "\r\n");
  transcript.server("m5 OK done\r\n");
  for (const std::size_t piece : {std::size_t{10'007}, std::size_t{1} << 20U, text_.size()}) {
    Session session(scripted(transcript, {.piece = piece}), {});
    const std::vector<AppendMessage> messages = {large(), message("abc")};
    const auto answers = session.append("x", messages);
    EXPECT_TRUE(answers[0].accepted);
    EXPECT_TRUE(answers[1].accepted);
    const std::vector<AppendMessage> together = {message("b"), large()};
    EXPECT_TRUE(session.append_together("x", together).accepted);
  }
}

TEST_F(LargeSourceTest, IsSentToTheEndIfItWasRequestedAndRefused) {
  Transcript transcript = Transcript::session("LITERAL+");
  transcript.client("m3 " + std::string(kHead) + announced_);
  transcript.server("+ ready\r\n");
  transcript.client(text_.substr(0, 1'100'000));
  transcript.server("m3 NO [OVERQUOTA] it is full\r\n");
  transcript.client(text_.substr(1'100'000) + "\r\n");
  transcript.add(R"(
    C: m4 CREATE "y"
    S: m4 OK done
  )");
  Session session(scripted(transcript), {});
  const std::vector<AppendMessage> messages = {large()};
  EXPECT_EQ(session.append("x", messages).front().reason, "APPEND: it is full");
  session.create("y");
}

TEST_F(LargeSourceTest, IsNotSentToTheEndIfTheServerDidNotRequestIt) {
  std::string without_waiting = announced_;
  without_waiting.insert(without_waiting.find('}'), "+");
  Transcript transcript = Transcript::session("LITERAL+");
  transcript.client("m3 " + std::string(kHead) + "{1}\r\n");
  transcript.server("+ ready\r\n");
  transcript.client("a\r\n");
  transcript.server("m3 OK done\r\n");
  transcript.client("m4 " + std::string(kHead) + without_waiting + text_.substr(0, 1'100'000));
  transcript.server("m4 BAD what?\r\n");
  Session session(scripted(transcript), {});
  const std::vector<AppendMessage> first = {message("a")};
  EXPECT_TRUE(session.append("x", first).front().accepted);
  const std::vector<AppendMessage> more = {large(), message("b")};
  const auto answers = session.append("x", more);
  EXPECT_TRUE(answers[0].sent);
  EXPECT_FALSE(answers[0].accepted);
  EXPECT_FALSE(answers[1].sent);
  EXPECT_FALSE(session.is_usable());
}

TEST_F(LargeSourceTest, IsSentAsBinaryIfAnyPieceHoldsNul) {
  text_[LargeSource::kPiece + 5] = '\0';
  Transcript transcript = Transcript::session("LITERAL+ BINARY");
  transcript.client("m3 " + std::string(kHead) + '~' + announced_);
  transcript.server("+ ready\r\n");
  transcript.client(text_ + "\r\n");
  transcript.server("m3 OK done\r\n");
  Session session(scripted(transcript), {});
  const std::vector<AppendMessage> messages = {large()};
  EXPECT_TRUE(session.append("x", messages).front().accepted);
}

TEST_F(LargeSourceTest, ThatCannotBeReadEndsTheSession) {
  Transcript transcript = Transcript::session("LITERAL+");
  transcript.client("m3 " + std::string(kHead) + announced_);
  transcript.server("+ ready\r\n");
  transcript.client(text_.substr(0, LargeSource::kPiece));
  Session session(scripted(transcript), {});
  const std::vector<AppendMessage> messages = {large(LargeSource::kPiece)};
  EXPECT_ERROR(kIo, "the disk is broken", session.append("x", messages));
}

}  // namespace
}  // namespace imap
