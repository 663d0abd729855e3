#include "tests/servers/mail_generator.h"

#include <algorithm>

#include <gmock/gmock.h>

namespace servers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

bool is_seven_bit(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

TEST(MailGenerator, GivesTheSameMailForTheSameSeed) {
  MailGenerator one(7);
  MailGenerator other(7);
  for (int i = 0; i < 200; ++i) {
    const Delivery expected = one.delivery();
    const Delivery actual = other.delivery();
    ASSERT_EQ(expected.bytes, actual.bytes);
    ASSERT_EQ(expected.flags, actual.flags);
    ASSERT_EQ(expected.internal_date, actual.internal_date);
  }
}

TEST(MailGenerator, GivesDifferentMailForAnotherSeedAndNoDuplicates) {
  MailGenerator one(1);
  MailGenerator other(2);
  EXPECT_NE(one.plain(), other.plain());
  EXPECT_NE(one.plain(), one.plain());
  EXPECT_NE(one.tiny(), one.tiny());
}

TEST(MailGenerator, EncodesAttachmentsOfTheRequestedSizeAsBase64) {
  MailGenerator generator(3);
  for (const std::size_t size : {0U, 1U, 2U, 3U, 57U, 58U, 1000U}) {
    const std::string message = generator.attachment(size);
    const std::size_t begin = message.find("Content-Disposition: attachment\r\n\r\n") + 35;
    const std::string encoded = message.substr(begin, message.find("--=_", begin) - begin);
    const auto digits = static_cast<std::size_t>(std::count_if(
        encoded.begin(), encoded.end(), [](char c) { return c != '\r' && c != '\n'; }));
    EXPECT_EQ((size + 2) / 3 * 4, digits) << size;
    EXPECT_EQ((3 - size % 3) % 3,
              static_cast<std::size_t>(std::count(encoded.begin(), encoded.end(), '=')));
    EXPECT_TRUE(is_seven_bit(message));
  }
}

TEST(MailGenerator, GeneratesMailAccordingToTheNames) {
  MailGenerator generator(4);
  EXPECT_FALSE(is_seven_bit(generator.non_ascii()));
  const std::string odd_header = generator.eight_bit_header();
  EXPECT_FALSE(is_seven_bit(odd_header.substr(0, odd_header.find("\r\n\r\n"))));
  EXPECT_EQ(0U, generator.without_header().find("\r\n"));
  EXPECT_THAT(generator.without_body(), Not(HasSubstr("\r\n\r\n")));
  EXPECT_NE(std::string::npos, generator.with_nul().find('\0'));
  EXPECT_THAT(generator.with_bare_cr(), HasSubstr("e\rt"));
  EXPECT_THAT(generator.with_bare_lf(), HasSubstr("e\nt"));
  EXPECT_GE(generator.text(100'000).size(), 100'000U);
}

}  // namespace
}  // namespace servers
