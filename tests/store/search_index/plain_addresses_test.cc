#include "store/search_index/plain_addresses.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "store/search_index/envelope.h"

namespace store {
namespace {

TEST(PlainAddressesTest, CommonAddressListsAreRead) {
  EXPECT_EQ("a@example.org", plain_addresses("a@example.org"));
  EXPECT_EQ("Jane Doe <j.doe+x@mail.example.org>",
            plain_addresses(" Jane\n  Doe <j.doe+x@mail.example.org>"));
  EXPECT_EQ("Doe, John <john@example.org>, b@example.org",
            plain_addresses("\"Doe, John\" <john@example.org>,b@example.org "));
  EXPECT_EQ("b@example.org", plain_addresses("<b@example.org>"));
}

TEST(PlainAddressesTest, EverythingElseIsLeftToTheFullParser) {
  for (const char* other : {"",
                            "a",
                            "a@",
                            "@b",
                            "a..b@c",
                            "a@b.",
                            "a@b c@d",
                            "a@b (comment)",
                            "Friends: a@b;",
                            "=?utf-8?Q?a?= <a@b>",
                            "\"=?utf-8?Q?a?=\" <a@b>",
                            "\"a\\\"b\" <a@b>",
                            "<@x:a@b>",
                            "<a@b",
                            "\"unended <a@b>",
                            "J\xc3\xb6rg <a@b>",
                            "a@b,",
                            ",a@b",
                            "a@[127.0.0.1]",
                            "a b"}) {
    EXPECT_EQ(std::nullopt, plain_addresses(other)) << other;
  }
}

std::string some(const std::vector<std::string>& pieces) {
  std::string text;
  for (const std::string& piece :
       *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces))) {
    text += piece;
  }
  return text;
}

std::string any_address() {
  static const std::vector<std::string> pieces = {"a", "B", "7", "-", "_", "+", ".c"};
  return "x" + some(pieces) + "@y" + some(pieces) + ".org";
}

std::string any_entry() {
  static const std::vector<std::string> phrase = {"a",  "B",   "7",  "-",  "'",  "&", " ",
                                                  "  ", "\n ", "\t", "=?", "?=", "!", "#"};
  static const std::vector<std::string> quoted = {"a", "B", ", ", ".", "@", " ", "  ", "=?", "'"};
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      return any_address();
    case 1:
      return some(phrase) + "<" + any_address() + ">";
    case 2:
      return "\"" + some(quoted) + "\" <" + any_address() + ">";
    default:
      return some({"a", "@", "<", ">", "\"", " ", "."});  // most often none
  }
}

// Inside a group, the full parser reads the same list.
RC_GTEST_PROP(PlainAddressesProperty, ReadsLikeTheFullParser, ()) {
  std::string list = any_entry();
  for (int more = *rc::gen::inRange(0, 3); more > 0; --more) list += ", " + any_entry();
  const auto plain = plain_addresses(list);
  RC_CLASSIFY(plain.has_value(), "read at once");
  if (!plain) return;
  const std::string group = "To: g:" + list + ";\n\n";
  RC_ASSERT(*plain == read_envelope(base::as_bytes(group)).to);
}

}  // namespace
}  // namespace store
