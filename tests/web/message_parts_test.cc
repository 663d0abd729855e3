// Messages of strangers taken apart, within bounds.
#include "web/render/message_parts.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/memory_file.h"
#include "base/utf8.h"

namespace render {
namespace {

using testing::HasSubstr;

class MessagePartsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { MessageParts::prepare(); }

  MessageParts& take(const std::string& message) {
    file_ = base::memory_file("a message", base::as_bytes(message));
    parts_ = std::make_unique<MessageParts>(file_.get());
    return *parts_;
  }
  static std::string text_of(const std::vector<BodyPiece>& pieces) {
    std::string text;
    for (const BodyPiece& piece : pieces) text += piece.text;
    return text;
  }

  base::Fd file_;
  std::unique_ptr<MessageParts> parts_;
};

const std::string kMixed =
    "From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>\r\n"
    "To: alice@example.org\r\nSubject: =?iso-8859-1?q?Gr=FC=DFe?=\r\n"
    "Date: Tue, 24 Nov 2026 02:30:00 +0100\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=m\r\n\r\n"
    "--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n"
    "--a\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    "R3LDvMOfZQ==\r\n"
    "--a\r\nContent-Type: multipart/related; boundary=r\r\n\r\n"
    "--r\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n<b>Gr\xfc\xdf"
    "e</b>\r\n"
    "--r\r\nContent-Type: image/png; name=x.png\r\nContent-ID: <p@x>\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n"
    "--r--\r\n"
    "--a--\r\n"
    "--m\r\nContent-Type: application/pdf\r\n"
    "Content-Disposition: attachment; filename*=utf-8''R%C3%A4chnung.pdf\r\n\r\n%PDF\r\n"
    "--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nhidden\r\n"
    "--m--\r\n";

TEST_F(MessagePartsTest, AMessageIsTakenApart) {
  const MessageParts& message = take(kMixed);
  const Heading heading = message.heading();
  EXPECT_THAT(heading.from, HasSubstr("Jörg"));
  EXPECT_EQ(heading.subject, "Grüße");
  EXPECT_EQ(heading.date, "2026-11-24T01:30:00Z");
  ASSERT_EQ(message.parts().size(), 5U);
  EXPECT_TRUE(message.is_complete());
  EXPECT_EQ(message.parts()[2].content_id, "p@x");
  EXPECT_EQ(message.content(message.parts()[2]), "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(message.parts()[3].name, "Rächnung.pdf");
  EXPECT_EQ(message.content(message.parts()[3]), "%PDF");
  EXPECT_EQ(message.parts()[4].name, "inner.eml");
  EXPECT_THAT(message.content(message.parts()[4]), HasSubstr("hidden"));
}

TEST_F(MessagePartsTest, TheWantedFormOfTheBodyIsChosen) {
  const MessageParts& message = take(kMixed);
  const auto html = message.body(Body::kHtml);
  ASSERT_EQ(html.size(), 1U) << "an attached message is not a part of the body";
  EXPECT_TRUE(html[0].is_html);
  EXPECT_EQ(html[0].text, "<b>Grüße</b>");
  const auto text = message.body(Body::kText);
  ASSERT_EQ(text.size(), 1U);
  EXPECT_EQ(text[0].text, "Grüße");
}

TEST_F(MessagePartsTest, AMessageWithoutMimeIsText) {
  const auto pieces = take("Subject: x\r\n\r\nplain <b>text</b>\r\n").body(Body::kHtml);
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_FALSE(pieces[0].is_html);
  EXPECT_EQ(pieces[0].text, "plain <b>text</b>\r\n");
}

TEST_F(MessagePartsTest, CharacterSetsBecomeUtf8) {
  EXPECT_EQ(to_utf8("Gr\xfc\xdf"
                    "e",
                    "iso-8859-1"),
            "Grüße");
  EXPECT_EQ(to_utf8("Gr\xfc\xdf"
                    "e",
                    ""),
            "Grüße")
      << "not UTF-8: Windows-1252";
  EXPECT_EQ(to_utf8("Grüße", ""), "Grüße");
  EXPECT_EQ(to_utf8("Grüße", "us-ascii"), "Grüße") << "a lie that is common";
  EXPECT_EQ(to_utf8("Grüße", "../../etc/passwd"), "Grüße");
  EXPECT_EQ(to_utf8("\x93\xfa\x96{", "shift_jis"), "日本");
  EXPECT_EQ(to_utf8("a\xff"
                    "b\xc3",
                    "utf-8"),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd");
  EXPECT_EQ(to_utf8("+ADw-script+AD4-", "utf-7"), "<script>");
  for (const char* const set : {"utf-8", "gb18030", "iso-2022-jp", "utf-16", "x-unknown"}) {
    std::string bytes;
    for (int value = 0; value < 512; ++value) bytes += static_cast<char>(value * 37);
    EXPECT_TRUE(base::is_utf8(to_utf8(bytes, set))) << set;
  }
}

TEST_F(MessagePartsTest, HostileStructuresStayWithinTheBounds) {
  std::string nested = "Content-Type: multipart/mixed; boundary=b0\r\n\r\n";
  for (int depth = 0; depth < 200; ++depth) {
    const std::string number = std::to_string(depth);
    nested += "--b" + number + "\r\nContent-Type: multipart/mixed; boundary=b" +
              std::to_string(depth + 1) + "\r\n\r\n";
  }
  nested += "--b200\r\n\r\ndeep\r\n--b200--\r\n";
  EXPECT_FALSE(take(nested).is_complete());
  EXPECT_LE(parts_->parts().size(), 1U);

  std::string many = "Content-Type: multipart/mixed; boundary=x\r\n\r\n";
  for (int count = 0; count < 5'000; ++count) many += "--x\r\n\r\nz\r\n";
  EXPECT_FALSE(take(many + "--x--\r\n").is_complete());
  EXPECT_EQ(parts_->parts().size(), kMaxParts);

  const MessageParts& large = take("Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" +
                                   std::string(kMaxBody, '\xfc') + "\r\n");
  EXPECT_LE(text_of(large.body(Body::kText)).size(), kMaxBody);
}

TEST_F(MessagePartsTest, TextsBehindTheBoundAreNotConverted) {
  std::string message = "Content-Type: multipart/mixed; boundary=x\r\n\r\n";
  for (int count = 0; count < 12; ++count) {
    message += "--x\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n" +
               std::string(kMaxBody / 6, '\xfc') + "\r\n";
  }
  const auto pieces = take(message + "--x--\r\n").body(Body::kText);
  EXPECT_EQ(text_of(pieces).size(), kMaxBody);
  EXPECT_LE(pieces.size(), 4U);
}

TEST_F(MessagePartsTest, OddNamesAndHeadersAreShortLines) {
  const MessageParts& message =
      take("Subject: a\r\n b\x01\x1b]0;x\x07\r\nFrom: " + std::string(50'000, 'x') +
           "\r\nContent-Type: application/x; name=\"" + std::string(20'000, 'n') +
           "\"\r\nContent-Disposition: attachment; filename=\"../..\\\\x\ny\"\r\n\r\nbody");
  const Heading heading = message.heading();
  for (const std::string& text : {heading.subject, heading.from, message.parts().at(0).name}) {
    EXPECT_LE(text.size(), 2'000U);
    EXPECT_EQ(text.find_first_of("\x01\x1b\x07\r\n"), std::string::npos) << text;
  }
}

TEST_F(MessagePartsTest, AnythingIsAMessage) {
  for (const std::string& text :
       {std::string("x"), std::string("\0\0\0", 3), std::string("\r\n\r\n"),
        std::string("Content-Type: multipart/mixed\r\n\r\nno boundary"),
        std::string("Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\nx"),
        std::string("Content-Type: text/html; charset=\"\r\n\r\n<b>"),
        std::string("Content-Transfer-Encoding: base64\r\n\r\n!!!!"),
        std::string("Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\n#####\n"),
        std::string("Content-Type: /\r\n\r\nx"), std::string(300'000, 'a')}) {
    const MessageParts& message = take(text);
    for (const Part& part : message.parts()) message.content(part);
    for (const auto body : {Body::kHtml, Body::kText}) {
      EXPECT_TRUE(base::is_utf8(text_of(message.body(body)))) << text.substr(0, 40);
    }
  }
}

TEST_F(MessagePartsTest, WhatIsNoFileIsRefused) {
  EXPECT_THROW(MessageParts(-1), base::Error);
}

}  // namespace
}  // namespace render
