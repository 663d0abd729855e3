#include "store/message/mime_scanner.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/processor_time.h"
#include "tests/store/message/mime_generator.h"

namespace {

using store::MimeLeaf;
using store::MimeLimits;
using store::MimeMap;
using store::TransferEncoding;
using testing::ElementsAre;
using testing::IsEmpty;

// The leaves as text, base64 ones prefixed with "base64: ".
std::vector<std::string> leaves(std::string_view message, const MimeLimits& limits = {}) {
  std::vector<std::string> texts;
  for (const MimeLeaf& leaf : store::scan_mime(base::as_bytes(message), limits).leaves) {
    const std::string text(message.substr(leaf.begin, leaf.end - leaf.begin));
    texts.push_back(leaf.encoding == TransferEncoding::kBase64 ? "base64: " + text : text);
  }
  return texts;
}

std::string header(std::string_view message) {
  return std::string(message.substr(0, store::scan_mime(base::as_bytes(message)).header_end));
}

std::string multipart(std::string_view boundary, std::string_view body) {
  return "Content-Type: multipart/mixed; boundary=\"" + std::string(boundary) + "\"\n\n" +
         std::string(body);
}

TEST(MimeScanner, EndsTheHeaderAfterTheFirstEmptyLine) {
  EXPECT_EQ(header("A: b\r\nC: d\r\n\r\nbody"), "A: b\r\nC: d\r\n\r\n");
  EXPECT_EQ(header("A: b\n\nbody\n\nmore"), "A: b\n\n");
  EXPECT_EQ(header("\r\nno header"), "\r\n");
  EXPECT_EQ(header("\nno header"), "\n");
}

TEST(MimeScanner, TreatsAMessageWithoutEmptyLineAsAHeader) {
  EXPECT_EQ(header("A: b\r\nC: d"), "A: b\r\nC: d");
  EXPECT_EQ(header("A: b\rC: d\r\rbare CR ends no line"), "A: b\rC: d\r\rbare CR ends no line");
  EXPECT_EQ(header(""), "");
}

TEST(MimeScanner, FindsTheOneLeafOfASimpleMessage) {
  EXPECT_THAT(leaves("A: b\n\nbody\n"), ElementsAre("body\n"));
  EXPECT_THAT(leaves("Content-Transfer-Encoding: base64\r\n\r\nQUJD\r\n"),
              ElementsAre("base64: QUJD\r\n"));
  EXPECT_THAT(leaves("A: b\n\n"), IsEmpty());
}

TEST(MimeScanner, FindsTheLeavesOfAMultipart) {
  EXPECT_THAT(leaves(multipart("b",
                               "before\n--b\n\none\n--b\nContent-Transfer-Encoding: base64\n\n"
                               "QUJD\n--b--\nafter\n")),
              ElementsAre("one\n", "base64: QUJD\n"));
}

TEST(MimeScanner, GoesIntoNestedMultiparts) {
  const std::string inner = multipart("inner", "--inner\n\none\n--inner\n\ntwo\n--inner--\n");
  EXPECT_THAT(leaves(multipart("outer", "--outer\n" + inner + "--outer\n\nthree\n--outer--\n")),
              ElementsAre("one\n", "two\n", "three\n"));
}

TEST(MimeScanner, GoesIntoEnclosedMessages) {
  const std::string enclosed = "Subject: enclosed\n" + multipart("in", "--in\n\none\n--in--\n");
  EXPECT_THAT(leaves(multipart("out", "--out\nContent-Type: message/rfc822\n\n" + enclosed +
                                          "--out\n\ntwo\n--out--\n")),
              ElementsAre("one\n", "two\n"));
}

TEST(MimeScanner, TreatsAnEncodedEnclosedMessageAsALeaf) {
  EXPECT_THAT(leaves("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQUJD\n"),
              ElementsAre("base64: QUJD\n"));
}

TEST(MimeScanner, TreatsTheChildrenOfADigestAsMessages) {
  EXPECT_THAT(leaves("Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n"
                     "Content-Transfer-Encoding: base64\n\nQUJD\n--b--\n"),
              ElementsAre("base64: QUJD\n"));
}

TEST(MimeScanner, AnOuterBoundaryEndsEverythingWithinIt) {
  const std::string unended = multipart("inner", "--inner\n\none\n");
  EXPECT_THAT(leaves(multipart("outer", "--outer\n" + unended + "--outer\n\ntwo\n--outer--\n")),
              ElementsAre("one\n", "two\n"));
}

TEST(MimeScanner, ALeafWithoutEndBoundaryGoesToTheEnd) {
  EXPECT_THAT(leaves(multipart("b", "--b\n\none\n--b\n\ntwo")), ElementsAre("one\n", "two"));
}

TEST(MimeScanner, DistinguishesABoundaryFromOneWithTheSamePrefix) {
  const std::string inner = multipart("abc", "--abc\n\none\n--abcd\ntwo\n--abc--\n");
  EXPECT_THAT(leaves(multipart("ab", "--ab\n" + inner + "--ab\n\nthree\n--ab--\n")),
              ElementsAre("one\n--abcd\ntwo\n", "three\n"));
}

TEST(MimeScanner, AllowsBlanksAfterABoundaryAndAnyLineEnd) {
  EXPECT_THAT(leaves(multipart("b", "--b \t\r\n\r\none\r\n--b\n\ntwo\n--b-- \r\nrest")),
              ElementsAre("one\r\n", "two\n"));
}

TEST(MimeScanner, ABoundaryEndsAHeaderThatHasNoEmptyLine) {
  EXPECT_THAT(leaves(multipart("b", "--b\nContent-Transfer-Encoding: base64\n--b\n\ntwo\n--b--\n")),
              ElementsAre("two\n"));
}

TEST(MimeScanner, TreatsAMultipartWithoutBoundaryAsText) {
  EXPECT_THAT(leaves("Content-Type: multipart/mixed\n\n--b\n\none\n--b--\n"),
              ElementsAre("--b\n\none\n--b--\n"));
}

TEST(MimeScanner, StopsGoingDeeperAtTheLimit) {
  const std::string innermost = multipart("c", "--c\n\nx\n--c--\n");
  const std::string middle = multipart("b", "--b\n" + innermost + "--b--\n");
  const std::string message = multipart("a", "--a\n" + middle + "--a\n\nlast\n--a--\n");
  EXPECT_THAT(leaves(message, {.max_depth = 3}), ElementsAre("x\n", "last\n"));
  EXPECT_THAT(leaves(message, {.max_depth = 2}), ElementsAre("--c\n\nx\n--c--\n", "last\n"));
}

TEST(MimeScanner, StopsCountingLeavesAtTheLimit) {
  const std::string message = multipart("b", "--b\n\n1\n--b\n\n2\n--b\n\n3\n--b\n\n4\n--b--\n");
  EXPECT_THAT(leaves(message, {.max_leaves = 2}), ElementsAre("1\n", "2\n"));
}

// A scanner that is not linear would need many minutes.
TEST(MimeScanner, IsNotSlowedByHostileMail) {
  const auto begin = tests::processor_time();
  std::string deep;
  for (int i = 0; i < 40'000; ++i) {
    const std::string boundary = "b" + std::to_string(i);
    deep += multipart(boundary, "--");
    deep += boundary + "\n";
  }
  EXPECT_FALSE(leaves(deep).empty());

  const std::string long_boundary(200, 'b');
  std::string alike = multipart(long_boundary, "");
  const std::string line = "--" + long_boundary + "x\n";
  for (int i = 0; i < 50'000; ++i) alike += line;
  EXPECT_THAT(leaves(alike), IsEmpty());

  std::string enclosed;
  for (int i = 0; i < 70'000; ++i) enclosed += "Content-Type: message/rfc822\n\n";
  EXPECT_THAT(leaves(enclosed), IsEmpty());

  EXPECT_EQ(leaves("A: b\n\n" + std::string(700'000, '-')).size(), 1U);
  EXPECT_EQ(header(std::string(700'000, ' ')).size(), 700'000U);
  EXPECT_LT(tests::processor_time() - begin, std::chrono::seconds(30));
}

RC_GTEST_PROP(MimeScanner, LeavesAreInOrderAndWithinTheMessage, ()) {
  tests::MimeGenerator generator(*rc::gen::arbitrary<std::uint64_t>());
  const std::string message = generator.message();
  const MimeMap map = store::scan_mime(base::as_bytes(message));
  RC_ASSERT(map.header_end <= message.size());
  std::size_t end = map.header_end;
  for (const MimeLeaf& leaf : map.leaves) {
    RC_ASSERT(leaf.begin >= end);
    RC_ASSERT(leaf.end > leaf.begin);
    end = leaf.end;
  }
  RC_ASSERT(end <= message.size());
}

TEST(MimeScannerTest, RestsEach8MiBInShortLinesAndInOneLongLine) {
  constexpr std::size_t kSize = std::size_t{20} << 20;
  std::string lines;
  while (lines.size() < kSize) lines.append(70, 'x').append("\r\n");
  for (const std::string& body : {lines, std::string(kSize, 'x')}) {
    const std::string message = multipart("b", "--b\n\n" + body + "\n--b--\n");
    int rests = 0;
    const MimeMap map = store::scan_mime(base::as_bytes(message), {}, [&] { ++rests; });
    EXPECT_EQ(rests, 2);
    ASSERT_EQ(map.leaves.size(), 1U);
    EXPECT_EQ(map.leaves.front().end - map.leaves.front().begin, body.size() + 1);
  }
}

}  // namespace
