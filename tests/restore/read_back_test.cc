#include "restore/read_back.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/expect_error.h"
#include "tests/temporary_directory.h"

namespace restore {
namespace {

store::MessageBytes bytes_of(std::string_view text) {
  return store::MessageBytes(base::to_bytes(text));
}

std::string alteration(std::string_view original, std::string_view served) {
  return describe_alteration(bytes_of(original), bytes_of(served));
}

TEST(ReadBackTest, KnownHabitsOfServersAreNamed) {
  EXPECT_EQ(alteration("a\r\nb", "a\r\nb"), "");
  EXPECT_EQ(alteration("a\nb", "a\r\nb"), "line ends became CRLF");
  EXPECT_EQ(alteration("a\r\r\nb", "a\r\nb"), "line ends became CRLF");
  EXPECT_EQ(alteration(std::string_view("a\0b\n", 4),
                       "a\x80"
                       "b\r\n"),
            "line ends became CRLF; NUL became 0x80");
  EXPECT_EQ(alteration(std::string_view("a\0b", 3),
                       "a\x80"
                       "b"),
            "NUL became 0x80");
  EXPECT_EQ(alteration("A: \xC3\xA4\r\n\r\n\xC3\xA4", "A: XX\r\n\r\n\xC3\xA4"),
            "8-bit bytes in the header became X");
}

TEST(ReadBackTest, OtherDifferencesAreLocated) {
  EXPECT_EQ(alteration("abcdef", "abXdef"), "differs from byte 2 onwards; 6 bytes instead of 6");
  EXPECT_EQ(alteration("abc", "ab"), "differs from byte 2 onwards; 2 bytes instead of 3");
}

RC_GTEST_PROP(ReadBackTest, OnlyEqualMessagesHaveNoAlteration,
              (const std::string& original, const std::string& served)) {
  RC_ASSERT(alteration(original, served).empty() == (original == served));
  RC_ASSERT(alteration(original, original).empty());
}

RC_GTEST_PROP(ReadBackTest, TheCanonicalDigestDoesNotDependOnThePieces, ()) {
  const auto text =
      *rc::gen::container<std::string>(rc::gen::elementOf(std::string("\r\r\n\n\0\xC3y", 7)));
  ReadBack read_back(DigestOf::kCanonical);
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto length = *rc::gen::inRange<std::size_t>(1, rest.size() + 1);
    read_back.body_piece(base::as_bytes(rest.substr(0, length)));
    rest.remove_prefix(length);
  }
  imap::MessageItems items;
  items.uid = base::Uid{1};
  read_back.message(items, imap::BodyKind::kLiteral);
  RC_ASSERT(read_back.messages().at(base::Uid{1}).digest == canonical_digest(bytes_of(text)));
}

TEST(ReadBackTest, KnownAlterationsKeepTheCanonicalDigest) {
  const auto digest = [](std::string_view text) { return canonical_digest(bytes_of(text)); };
  EXPECT_EQ(digest("a\nb\r\r\nc\r"), digest("a\r\nb\r\nc\r"));
  EXPECT_EQ(digest(std::string_view("a\0b", 3)), digest("a\x80"
                                                        "b"));
  EXPECT_EQ(digest("A: \xC3\n\n\xC3"), digest("A: X\r\n\r\n\xC3"));
  EXPECT_NE(digest("A: b\r\n\r\n\xC3"), digest("A: b\r\n\r\nX"));
  EXPECT_NE(digest("a\rb"), digest("a\r\nb"));
  EXPECT_NE(digest("a"), digest("a\r\n"));
}

store::MessageBytes read_back(OneMessage& sink, std::string_view text) {
  for (; !text.empty(); text.remove_prefix(1)) sink.body_piece(base::as_bytes(text.substr(0, 1)));
  return sink.take();
}

TEST(ReadBackTest, LongMessagesAreComparedInFiles) {
  const tests::TemporaryDirectory directory;
  const store::SpoolPlace place{.directory = directory.path(), .max_in_memory = 4, .keep_free = 0};
  OneMessage sink(place);
  sink.body_piece(base::as_bytes("of a connection that is lost"));
  sink.discard();
  const store::MessageBytes served = read_back(sink, "A: XX\r\n\r\nb\r\n");
  EXPECT_FALSE(served.in_memory());
  EXPECT_EQ(describe_alteration(bytes_of("A: \xC3\xA4\n\nb\n"), served),
            "line ends became CRLF; 8-bit bytes in the header became X");
  EXPECT_EQ(describe_alteration(served, bytes_of("A: XX\r\n\r\nc")),
            "differs from byte 9 onwards; 10 bytes instead of 12");
  EXPECT_EQ(describe_alteration(served, served), "");
}

TEST(ReadBackTest, AMessageWithoutRoomForItsFileDoesNotEndTheSession) {
  const tests::TemporaryDirectory directory;
  const store::SpoolPlace place{
      .directory = directory.path() / "gone", .max_in_memory = 4, .keep_free = 0};
  OneMessage sink(place);
  EXPECT_ERROR(kIo, "does not exist", read_back(sink, "longer"));
  sink.discard();
  EXPECT_EQ(read_back(sink, "abc").size(), 3U);
}

}  // namespace
}  // namespace restore
