#include "store/search_index/envelope.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/utf8.h"

namespace store {
namespace {

Envelope envelope_of(std::string_view header) {
  return read_envelope(base::as_bytes(header));
}

std::string subject_of(const std::string& raw) {
  return envelope_of("Subject: " + raw + "\r\n\r\n").subject;
}

std::string from_of(const std::string& raw) {
  return envelope_of("From: " + raw + "\r\n\r\n").from;
}

TEST(EnvelopeTest, TheFieldsOfAnOrdinaryMessageAreRead) {
  const Envelope envelope = envelope_of(
      "Received: from here by there; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
      "Date: Tue, 24 Nov 2026 02:30:00 +0100\r\n"
      "From: Jane Doe <jane@example.org>\r\n"
      "To: bob@example.org, \"Doe, John\" <john@example.org>\r\n"
      "CC: team@example.org\r\n"
      "Subject: The report\r\n"
      "Message-Id: <1234@example.org>\r\n\r\n");
  EXPECT_EQ(1'795'483'800, envelope.date.value().time_since_epoch().count());
  EXPECT_EQ("Jane Doe <jane@example.org>", envelope.from);
  EXPECT_EQ("bob@example.org, Doe, John <john@example.org>", envelope.to);
  EXPECT_EQ("team@example.org", envelope.cc);
  EXPECT_EQ("The report", envelope.subject);
  EXPECT_EQ("1234@example.org", envelope.message_id);
}

TEST(EnvelopeTest, MissingFieldsAreEmpty) {
  EXPECT_EQ(Envelope(), envelope_of(""));
  EXPECT_EQ(Envelope(), envelope_of("\r\n"));
  EXPECT_EQ(Envelope(), envelope_of("no header at all\r\nreally none\r\n"));
  EXPECT_EQ(Envelope(), envelope_of("Subject:\r\nDate:\r\nFrom:\r\nTo:\r\n\r\n"));
}

TEST(EnvelopeTest, EncodedWordsAreDecoded) {
  EXPECT_EQ("Grüße aus Köln", subject_of("=?iso-8859-1?Q?Gr=FC=DFe_aus_K=F6ln?="));
  EXPECT_EQ("Grüße aus Köln",
            subject_of("=?utf-8?B?R3LDvMOfZQ==?=\r\n =?utf-8?Q?_aus_K=C3=B6ln?="));
  EXPECT_EQ("日本語", subject_of("=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?="));
  EXPECT_EQ("Jörg <j@example.org>", from_of("=?utf-8?Q?J=C3=B6rg?= <j@example.org>"));
}

TEST(EnvelopeTest, ACharacterSplitAcrossTwoEncodedWordsIsDecoded) {
  EXPECT_EQ("ü", subject_of("=?utf-8?Q?=C3?=\r\n =?utf-8?Q?=BC?="));
}

TEST(EnvelopeTest, RawUtf8IsUnchanged) {
  EXPECT_EQ("Grüße", subject_of("Grüße"));
  EXPECT_EQ("Jörg <jörg@example.org>", from_of("Jörg <jörg@example.org>"));
}

TEST(EnvelopeTest, OtherEightBitTextIsReadAsWesternEuropean) {
  EXPECT_EQ("Grüße", subject_of("Gr\xfc\xdf"
                                "e"));
}

TEST(EnvelopeTest, InvalidEncodingsAndCharsetsDoNoHarm) {
  EXPECT_NE("", subject_of("=?no-such-charset?Q?Gr=FC=DFe?="));
  EXPECT_NE("", subject_of("=?utf-8?B?!!!!?= rest"));
  EXPECT_NE("", subject_of("=?utf-8?Q?=C3"));
  EXPECT_NE("", from_of("<<<<@@@>>> \"unended"));
  EXPECT_TRUE(base::is_utf8(subject_of("=?utf-8?Q?=C3=28=A0=FF?=")));
}

TEST(EnvelopeTest, FoldsAndControlCharactersBecomeBlanks) {
  EXPECT_EQ("one two three", subject_of("one\r\n\ttwo \x01\x7f\r\n  three "));
  EXPECT_EQ("one two", envelope_of("subject : one\n two\n\n").subject);
  EXPECT_EQ("ab", subject_of(std::string("a\0b", 3)));
}

TEST(EnvelopeTest, TheFirstOfRecurringFieldsCountsAndRecipientsAddUp) {
  const Envelope envelope = envelope_of(
      "Subject: one\r\nSubject: two\r\n more\r\nTo: a@example.org\r\nTo: b@example.org\r\n\r\n");
  EXPECT_EQ("one", envelope.subject);
  EXPECT_EQ("a@example.org, b@example.org", envelope.to);
}

TEST(EnvelopeTest, AGroupIsReplacedByItsMembers) {
  EXPECT_EQ("a@example.org, B <b@example.org>",
            envelope_of("To: Friends: a@example.org, B <b@example.org>;\r\n\r\n").to);
}

TEST(EnvelopeTest, TextThatIsNotAnAddressIsStillFoundByItsWords) {
  EXPECT_EQ("undisclosed recipients", from_of("undisclosed recipients"));
}

TEST(EnvelopeTest, AnInvalidDateIsNullopt) {
  for (const char* date : {"", "yesterday", "32 Foo 99999 77:88:99", "Mon, 00 Jan 0000 00:00:00"}) {
    EXPECT_FALSE(envelope_of(std::string("Date: ") + date + "\r\n\r\n").date.has_value()) << date;
  }
}

TEST(EnvelopeTest, ControlCharactersAreSpacesAndDirectionMarksAreDropped) {
  EXPECT_EQ(envelope_of("Subject: a\xC2\x9D\xC2\x85"
                        "b\x7F\xE2\x80\xAE"
                        "c\xE2\x81\xA6"
                        "d\r\n\r\n")
                .subject,
            "a b cd");
}

TEST(EnvelopeTest, EndlessFieldsAreCut) {
  std::string recipients;
  for (int i = 0; i < 10'000; ++i) recipients += "user" + std::to_string(i) + "@example.org, ";
  const Envelope envelope =
      envelope_of("To: " + recipients + "\r\nSubject: " + std::string(100'000, 'x') +
                  "\r\nFrom: " + std::string(50'000, '(') + "\r\nCc: " + std::string(50'000, '<') +
                  "\r\nMessage-ID: <" + std::string(50'000, 'i') + "\r\n\r\n");
  EXPECT_LE(envelope.to.size(), kMaxEnvelopeField);
  EXPECT_TRUE(envelope.to.starts_with("user0@example.org, user1@example.org, "));
  EXPECT_TRUE(envelope.to.ends_with("@example.org"));
  EXPECT_LE(envelope.subject.size(), kMaxEnvelopeField);
  EXPECT_LE(envelope.message_id.size(), kMaxEnvelopeField);
}

TEST(EnvelopeTest, DeeplyNestedGroupsTerminate) {
  std::string nested;
  for (int i = 0; i < 5'000; ++i) nested += "a:";
  EXPECT_LE(envelope_of("To: " + nested + "\r\n\r\n").to.size(), kMaxEnvelopeField);
}

void is_well_formed(const std::string& field) {
  RC_ASSERT(field.size() <= kMaxEnvelopeField);
  RC_ASSERT(base::is_utf8(field));
  for (std::string_view left = field; !left.empty();) {
    const auto next = base::first_code_point(left);
    RC_ASSERT(next.has_value());
    RC_ASSERT(!base::is_control(next->value));
    left.remove_prefix(next->length);
  }
}

RC_GTEST_PROP(EnvelopeProperty, AnyHeaderGivesCleanFields, ()) {
  const auto piece = rc::gen::oneOf(
      rc::gen::element<std::string>(
          "From:", "To:", "Cc:", "Subject:", "Date:", "Message-ID:", "=?utf-8?Q?", "=?utf-8?B?",
          "=?iso-2022-jp?B?", "=?x?Q?", "?=", "\r\n", "\r\n ", "\n\t", "<", ">", "@", ",", ";", ":",
          "\"", "(", ")", "\\", " ", "=C3", "Mon, ", " 1 Jan ", "2026 ", "+99"),
      rc::gen::arbitrary<std::string>());
  std::string header;
  for (const std::string& part : *rc::gen::container<std::vector<std::string>>(piece)) {
    header += part;
  }
  const Envelope envelope = envelope_of(header);
  is_well_formed(envelope.from);
  is_well_formed(envelope.to);
  is_well_formed(envelope.cc);
  is_well_formed(envelope.subject);
  is_well_formed(envelope.message_id);
}

}  // namespace
}  // namespace store
