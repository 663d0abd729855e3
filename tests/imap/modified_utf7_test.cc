#include "imap/modified_utf7.h"

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/utf8.h"

namespace imap {
namespace {

struct Pair {
  const char* raw;
  const char* utf8;
};

constexpr Pair kPairs[] = {
    {"INBOX", "INBOX"},
    {"", ""},
    {"Tom &- Jerry", "Tom & Jerry"},
    {"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"},  // RFC 3501, section 5.1.3
    {"Entw&APw-rfe", "Entwürfe"},
    {"&2D3eAA-", "😀"},
    {"&APwA9g-", "üö"},
    {"&APw-&-", "ü&"},
    {"&AAo-", "\n"},
};

TEST(ModifiedUtf7Test, DecodesAndEncodes) {
  for (const auto& [raw, utf8] : kPairs) {
    EXPECT_EQ(decode_modified_utf7(raw), utf8);
    EXPECT_EQ(encode_modified_utf7(utf8), raw);
  }
}

TEST(ModifiedUtf7Test, AcceptsOnlyTheCanonicalSpelling) {
  const std::string_view others[] = {
      "A&B",              // never shifted back
      "&",                //
      "&AGE-",            // a letter in base64
      "&APw-&APY-",       // two runs instead of one
      "&APx-",            // padding bits that are not zero
      "&AP-",             // half a character
      "&2D0-",            // half a pair
      "&3gA-",            // the other half
      "&A/w-",            // base64's own alphabet
      "Entw\xC3\xBCrfe",  // 8-bit
      "\n",
      "&A P w-",
  };
  for (const std::string_view raw : others) EXPECT_FALSE(decode_modified_utf7(raw)) << raw;
}

rc::Gen<std::string> utf8_text() {
  const auto character = rc::gen::weightedOneOf<std::uint32_t>(
      {{6, rc::gen::inRange<std::uint32_t>(0, 0x80)},
       {3, rc::gen::inRange<std::uint32_t>(0x80, 0xD800)},
       {1, rc::gen::inRange<std::uint32_t>(0xE000, 0x110000)}});
  return rc::gen::map(rc::gen::container<std::vector<std::uint32_t>>(character),
                      [](const std::vector<std::uint32_t>& code_points) {
                        std::string text;
                        for (const std::uint32_t value : code_points) {
                          base::append_utf8(text, value);
                        }
                        return text;
                      });
}

RC_GTEST_PROP(ModifiedUtf7Property, EncodedTextDecodesBack, ()) {
  const std::string utf8 = *utf8_text();
  const std::string raw = encode_modified_utf7(utf8);
  for (const char byte : raw) RC_ASSERT(byte >= 0x20 && byte < 0x7F);
  RC_ASSERT(decode_modified_utf7(raw) == utf8);
}

}  // namespace
}  // namespace imap
