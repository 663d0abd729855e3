#include "imap/fetch_response.h"

#include "tests/imap/read_answer.h"

namespace imap {
namespace {

using testing::ElementsAre;
using testing::Optional;

TEST(FetchResponseTest, WithItemsInAnyOrder) {
  Bodies bodies;
  const auto fetch = answer<FetchResponse>(
      "* 12 FETCH (BODY[] {7}\r\nabc\r\nd) FLAGS (\\SEEN \\Recent $x) MODSEQ (917) UID 4827313 "
      "RFC822.SIZE 44827 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\")\r\n",
      bodies);
  EXPECT_EQ(fetch.sequence_number, 12U);
  EXPECT_EQ(bodies.bytes, "abc\r\nd)");
  EXPECT_EQ(bodies.known_uid, std::nullopt);
  EXPECT_EQ(fetch.body, BodyKind::kLiteral);
  EXPECT_THAT(fetch.items.uid, Optional(base::Uid{4827313}));
  EXPECT_THAT(fetch.items.flags, Optional(ElementsAre("\\Seen", "$x")));
  EXPECT_THAT(fetch.items.modseq, Optional(917U));
  EXPECT_THAT(fetch.items.size, Optional(44827U));
  EXPECT_THAT(fetch.items.internal_date,
              Optional(testing::Field(&base::ZonedTime::zone_minutes, -420)));
}

TEST(FetchResponseTest, ReportsTheFormOfTheBody) {
  Bodies bodies;
  EXPECT_EQ(answer<FetchResponse>("* 1 FETCH (UID 1 BODY[] NIL)\r\n", bodies).body, BodyKind::kNil);
  EXPECT_EQ(answer<FetchResponse>("* 1 FETCH (UID 1)\r\n", bodies).body, BodyKind::kMissing);
  EXPECT_EQ(answer<FetchResponse>("* 1 FETCH (UID 1 BODY[] {0}\r\n)\r\n", bodies).body,
            BodyKind::kLiteral);
  EXPECT_EQ(bodies.bytes, "");
  EXPECT_EQ(answer<FetchResponse>("* 1 FETCH (UID 1 BODY[] \"a\\\"b\")\r\n", bodies).body,
            BodyKind::kString);
  EXPECT_EQ(bodies.bytes, "a\"b");
}

TEST(FetchResponseTest, SkipsAnUnwantedBody) {
  Bodies bodies;
  bodies.is_wanted = false;
  const Response response = read("* 1 FETCH (UID 8 BODY[] {3}\r\nabc)\r\n", bodies, 1);
  EXPECT_EQ(std::get<FetchResponse>(response).body, BodyKind::kLiteral);
  EXPECT_THAT(bodies.known_uid, Optional(base::Uid{8}));
  EXPECT_EQ(bodies.bytes, "");
}

TEST(FetchResponseTest, SkipsOtherItems) {
  const auto fetch = answer<FetchResponse>(
      "* 1 FETCH (ENVELOPE (NIL \"a)\" ((NIL NIL {1}\r\n\" \"x\"))) BODY[HEADER.FIELDS (From)] "
      "{2}\r\n"
      "ab BODY[]<0> \"x\" X-GM-LABELS (\"\\\\Sent\") UID 5)\r\n");
  EXPECT_THAT(fetch.items.uid, Optional(base::Uid{5}));
  EXPECT_EQ(fetch.body, BodyKind::kMissing);
}

TEST(FetchResponseTest, ReadsADateInAnyFormOfString) {
  for (const char* date : {"\"17-Jul-1996 02:44:25 -0700\"", "{26}\r\n17-Jul-1996 02:44:25 -0700",
                           "17-Jul-1996 02:44:25 -0700", "17-Jul-1996 09:44:25"}) {
    for (const char* rest : {" UID 5)", ")"}) {
      const auto items =
          answer<FetchResponse>(std::string("* 1 FETCH (RFC822.SIZE 9 INTERNALDATE ") + date +
                                rest + "\r\n")
              .items;
      EXPECT_THAT(
          items.internal_date,
          Optional(testing::Field(&base::ZonedTime::instant,
                                  std::chrono::sys_seconds(std::chrono::seconds(837596665)))))
          << date << rest;
      EXPECT_THAT(items.size, Optional(9U));
      EXPECT_EQ(items.uid.has_value(), rest[0] == ' ');
    }
  }
}

TEST(FetchResponseTest, ReportsContradictoryValuesAsUnknown) {
  const auto items =
      answer<FetchResponse>(
          "* 1 FETCH (UID 5 RFC822.SIZE 3 RFC822.SIZE 4 EMAILID (M1) EMAILID (M2) INTERNALDATE "
          "\"17-Jul-1996 02:44:25 -0700\" INTERNALDATE \"17-Jul-1996 02:44:26 -0700\")\r\n")
          .items;
  EXPECT_FALSE(items.internal_date || items.size);
  EXPECT_EQ(items.server_id, "");
  const auto same =
      answer<FetchResponse>("* 1 FETCH (UID 5 RFC822.SIZE 3 RFC822.SIZE 3 EMAILID (M1))\r\n").items;
  EXPECT_THAT(same.size, Optional(3U));
  EXPECT_EQ(same.server_id, "M1");
}

TEST(FetchResponseTest, ReportsInvalidValuesAsUnknown) {
  const auto items = answer<FetchResponse>(
                         "* 1 FETCH (UID 5 INTERNALDATE \"00-Jan-0000 00:00:00 +0000\" RFC822.SIZE "
                         "NIL MODSEQ NIL FLAGS NIL)\r\n")
                         .items;
  EXPECT_FALSE(items.internal_date || items.size || items.modseq || items.flags);
}

}  // namespace
}  // namespace imap
