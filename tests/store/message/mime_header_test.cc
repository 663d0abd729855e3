#include "store/message/mime_header.h"

#include <initializer_list>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace {

using store::MimeHeader;
using store::MimeKind;
using store::TransferEncoding;

MimeHeader header(std::initializer_list<std::string_view> lines,
                  MimeKind without_type = MimeKind::kLeaf) {
  MimeHeader header(without_type);
  for (const std::string_view line : lines) header.take_line(line);
  return header;
}

std::string boundary(std::initializer_list<std::string_view> lines) {
  return header(lines).boundary();
}

TEST(MimeHeader, KnowsTheKindsThatMatter) {
  EXPECT_EQ(header({"Content-Type: text/plain"}).kind(), MimeKind::kLeaf);
  EXPECT_EQ(header({"Content-Type: multipart/mixed; boundary=x"}).kind(), MimeKind::kMultipart);
  EXPECT_EQ(header({"Content-Type: multipart/digest; boundary=x"}).kind(), MimeKind::kDigest);
  EXPECT_EQ(header({"Content-Type: message/rfc822"}).kind(), MimeKind::kMessage);
  EXPECT_EQ(header({"Content-Type: message/global"}).kind(), MimeKind::kMessage);
  EXPECT_EQ(header({"Content-Type: message/partial; id=1"}).kind(), MimeKind::kLeaf);
}

TEST(MimeHeader, WithoutATypeTheKindFollowsFromTheParent) {
  EXPECT_EQ(header({"Subject: none"}).kind(), MimeKind::kLeaf);
  EXPECT_EQ(header({"Subject: none"}, MimeKind::kMessage).kind(), MimeKind::kMessage);
  EXPECT_EQ(header({"Content-Type: text/plain"}, MimeKind::kMessage).kind(), MimeKind::kLeaf);
}

TEST(MimeHeader, IgnoresCaseBlanksAndComments) {
  EXPECT_EQ(header({"CONTENT-type :\tMultiPart/Mixed (why) ; BOUNDARY=x"}).kind(),
            MimeKind::kMultipart);
  EXPECT_EQ(header({"content-transfer-encoding:  BASE64 (old)"}).encoding(),
            TransferEncoding::kBase64);
}

TEST(MimeHeader, TreatsEveryOtherEncodingAsText) {
  for (const char* encoding : {"7bit", "8bit", "binary", "quoted-printable", "x-uuencode", "",
                               "base64x", "xbase64", "base 64"}) {
    const std::string line = std::string("Content-Transfer-Encoding: ") + encoding;
    EXPECT_EQ(header({line}).encoding(), TransferEncoding::kText) << line;
  }
}

TEST(MimeHeader, TheFirstOfTwoEqualFieldsCounts) {
  EXPECT_EQ(
      header({"Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: 7bit"}).encoding(),
      TransferEncoding::kBase64);
}

TEST(MimeHeader, FindsTheBoundary) {
  EXPECT_EQ(boundary({"Content-Type: multipart/mixed; boundary=simple"}), "simple");
  EXPECT_EQ(boundary({"Content-Type: multipart/mixed; boundary=\"with ; and =\""}), "with ; and =");
  EXPECT_EQ(boundary({"Content-Type: multipart/mixed; boundary=\"a\\\"b\\\\c\""}), "a\"b\\c");
  EXPECT_EQ(boundary({"Content-Type: multipart/mixed; Boundary = \"b\" ; charset=x"}), "b");
  EXPECT_EQ(boundary({"Content-Type: multipart/mixed; charset=x; boundary=b; type=y"}), "b");
  EXPECT_EQ(boundary({"Content-Type: multipart/mixed; x=\"; boundary=no\"; boundary=yes"}), "yes");
  EXPECT_EQ(boundary({"Content-Type: multipart/mixed; boundary=\"never closed"}), "never closed");
  EXPECT_EQ(boundary({"Content-Type: multipart/mixed; boundary=\"blank at the end \""}),
            "blank at the end");
}

TEST(MimeHeader, FindsTheBoundaryOnAFoldedLine) {
  EXPECT_EQ(boundary({"Content-Type: multipart/mixed;", "\tcharset=x;", " boundary=folded"}),
            "folded");
  EXPECT_EQ(boundary({"X-Type: multipart/mixed;", " boundary=of-another-field"}), "");
  EXPECT_EQ(boundary({"Content-Type: multipart/mixed;", "X-Else: y", " boundary=of-another-field"}),
            "");
}

TEST(MimeHeader, FindsNoBoundaryInAHeaderWithoutOne) {
  for (const char* line :
       {"Content-Type: multipart/mixed", "Content-Type: multipart/mixed;",
        "Content-Type: multipart/mixed; boundary",
        "Content-Type: multipart/mixed; boundary=", "Content-Type: multipart/mixed; boundary=\"",
        "Content-Type: multipart/mixed; boundary=\"  \"",
        "Content-Type: multipart/mixed; xboundary=no", "Content-Type:", ":", "x"})
    EXPECT_EQ(boundary({line}), "") << line;
}

TEST(MimeHeader, RejectsAnEndlessBoundary) {
  const std::string line = "Content-Type: multipart/mixed; boundary=" + std::string(2'000, 'b');
  EXPECT_EQ(boundary({line}), "");
}

TEST(MimeHeader, KeepsABoundedPartOfAFieldThatNeverEnds) {
  MimeHeader endless(MimeKind::kLeaf);
  endless.take_line("Content-Type: multipart/mixed;");
  for (int i = 0; i < 10'000; ++i) endless.take_line(" x=0123456789;");
  endless.take_line(" boundary=too-late");
  EXPECT_EQ(endless.boundary(), "");
  EXPECT_EQ(endless.kind(), MimeKind::kMultipart);
}

}  // namespace
