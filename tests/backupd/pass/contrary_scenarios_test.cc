// Servers that contradict themselves or the protocol: numbers that can't be, messages that were not
// requested, extensions that are announced and refused. A line of the table is a scenario
// (tests/backupd/pass/scenario.h).
#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "tests/backupd/pass/scenario.h"

namespace backupd {
namespace {

constexpr const char* kSecond = "Subject: Mid 2\r\n\r\ntext\r\n";

// Its answers to UID SEARCH are needed, because a scan does not show the second message of Mid.
Play search_result(const std::string& lines) {
  return all({message([](OddMessage& second) { second.is_scanned = false; }),
              in_mid(answer("UID SEARCH", lines))});
}

Play scan_adds(const std::string& lines) {
  return in_mid(add("UID FETCH 1:*", lines));
}

// Without UIDNEXT, the UIDs of Mid must be requested.
Play requested_uids() {
  return folder([](OddFolder& mid) { mid.tells_next = false; });
}

// A scan of Mid ends with NO after so many messages.
Play refused_after(int messages) {
  return in_mid(change("UID FETCH 1:*", [messages](std::string& answer) {
    std::size_t end = 0;
    for (int shown = 0; shown < messages; ++shown) end = answer.find('\n', end) + 1;
    const std::size_t result = answer.rfind('\n', answer.size() - 2) + 1;
    answer.erase(end, result - end);
    answer.replace(answer.rfind("OK"), 2, "NO [LIMIT] enough");
  }));
}

Play bodies_add(const std::string& lines) {
  return in_mid(add("BODY.PEEK", lines));
}

Play modseq(const std::string& code) {
  return all({capabilities("CONDSTORE"), add("EXAMINE", "* OK [" + code + "] it\r\n")});
}

Play email_ids_of_the_night() {
  return all({capabilities("OBJECTID"), [](OddServer& server, int night) {
                for (const char* name : {"INBOX", "Mid", "Zlast"}) {
                  for (OddMessage& one : server.folder(name).messages) {
                    one.flags = fmt::format("FLAGS () EMAILID ({}-{}-{})", name, one.uid, night);
                  }
                }
              }});
}

Play mailbox_id(const std::string& raw_name, const std::string& id) {
  return rewrite("STATUS \"" + raw_name + "\"", "UIDVALIDITY 7",
                 "UIDVALIDITY 7 MAILBOXID (" + id + ")");
}

// The table is built whenever a test of this program starts: long texts are made only when they are
// played.
Play long_line(const std::string& beginning, std::size_t size) {
  return [beginning, size](OddServer& server, int night) {
    add("EXAMINE \"Mid\"", beginning + std::string(size, 'x') + "\r\n")(server, night);
  };
}

Play everywhere_but_in_bodies(const std::string& from, const std::string& to) {
  return all({rewrite("CAPABILITY", from, to), rewrite("NAMESPACE", from, to),
              rewrite("LIST", from, to), rewrite("STATUS", from, to), rewrite("EXAMINE", from, to),
              rewrite("UID FETCH 1:*", from, to)});
}

// All but the messages.
void to_lower_case(std::string& answer) {
  for (std::size_t at = 0; at < answer.size();) {
    const std::size_t literal = std::min(answer.find('{', at), answer.size());
    std::transform(answer.begin() + static_cast<std::ptrdiff_t>(at),
                   answer.begin() + static_cast<std::ptrdiff_t>(literal),
                   answer.begin() + static_cast<std::ptrdiff_t>(at),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    if (literal == answer.size()) return;
    const std::size_t length = std::stoul(answer.substr(literal + 1));
    at = std::min(answer.find('\n', literal) + 1 + length, answer.size());
  }
}

// The tagged line comes before the untagged ones.
void end_first(std::string& answer) {
  const std::size_t end = answer.rfind("\r\n", answer.size() - 3);
  if (end != std::string::npos) answer = answer.substr(end + 2) + answer.substr(0, end + 2);
}

Play lower_case() {
  return all({change("EXAMINE", to_lower_case), change("UID FETCH 1:*", to_lower_case),
              rewrite("BODY.PEEK", "FETCH (UID", "fetch (uid"),
              rewrite("BODY.PEEK", "FLAGS", "flags"),
              rewrite("BODY.PEEK", "RFC822.SIZE", "rfc822.size"),
              rewrite("BODY.PEEK", "BODY[]", "body[]")});
}

class ContraryScenarioTest : public testing::TestWithParam<Scenario> {};

TEST_P(ContraryScenarioTest, LosesNothing) {
  play(GetParam());
}

std::string name_of_contrary(const testing::TestParamInfo<Scenario>& scenario) {
  return scenario.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    Searches, ContraryScenarioTest,
    testing::Values(
        Scenario{"Duplicates", search_result("* SEARCH 3 1 2 2 3\r\n"), kAll},
        Scenario{"Zero", search_result("* SEARCH 0 1 2 3\r\n"), kAll},
        Scenario{"EmptyAndWhole", search_result("* SEARCH\r\n* SEARCH 1 2 3\r\n"), kAll},
        Scenario{"Numbers33Bits", search_result("* SEARCH 1 2 3 4294967296\r\n"), kAll, "Mid"},
        Scenario{"UidsThatAreNotThere", search_result("* SEARCH 1 2 3 77\r\n"), kAll,
                 "reports 3 messages but shows 4"},
        Scenario{"LowerCase", search_result("* search 1 2 3\r\n"), kAll},
        Scenario{"Range", search_result("* SEARCH 1:3\r\n"), kAll, "Mid"},
        Scenario{"NumbersAndModseq", search_result("* SEARCH 1 2 3 (MODSEQ 9)\r\n"), kAll},
        Scenario{"CountOnly",
                 all({capabilities("ESEARCH"), search_result("* ESEARCH UID COUNT 3\r\n")}), kAll,
                 "reports 3 messages but shows 2"},
        Scenario{
            "OfAnotherCommand",
            all({capabilities("ESEARCH"), search_result("* ESEARCH (TAG \"z9\") UID ALL 1:2\r\n")}),
            kAll, "no result for a search"},
        Scenario{"Reversed",
                 all({capabilities("ESEARCH"), search_result("* ESEARCH UID ALL 3:1\r\n")}), kAll},
        Scenario{"Overlapping",
                 all({capabilities("ESEARCH"), search_result("* ESEARCH UID ALL 1:2,2:3,3\r\n")}),
                 kAll},
        Scenario{"OldForm", all({capabilities("ESEARCH"), search_result("* SEARCH 1 2 3\r\n")}),
                 kAll},
        Scenario{"SequenceNumbers",
                 all({capabilities("ESEARCH"), search_result("* SEARCH 1 2 3\r\n"),
                      answer("RETURN (ALL)", "* ESEARCH ALL 1:2\r\n")}),
                 kAll},
        Scenario{"EsearchRefused",
                 all({capabilities("ESEARCH"), search_result("* SEARCH 1 2 3\r\n"),
                      refuse("RETURN (ALL)", "BAD what?")}),
                 kAll}),
    name_of_contrary);

INSTANTIATE_TEST_SUITE_P(
    Scans, ContraryScenarioTest,
    testing::Values(
        Scenario{"AUidThatIsNotThere", scan_adds("* 9 FETCH (UID 99 FLAGS ())\r\n"), kAll},
        Scenario{"AnotherUid", in_mid(rewrite("UID FETCH 1:*", "UID 2 ", "UID 99 ")), kAll},
        Scenario{"AnotherUidWithoutStatus",
                 all({in_mid(rewrite("UID FETCH 1:*", "UID 2 ", "UID 99 ")),
                      refuse("STATUS", "NO not here")}),
                 kAll},
        Scenario{"LargestUid", folder([](OddFolder& mid) {
                   if (mid.messages.size() == 3)
                     mid.message(4'294'967'295, "Subject: last\r\n\r\n");
                 }),
                 "INBOX 3, Mid 4, Zlast 1"},
        Scenario{"TwoFlagsOfOne",
                 scan_adds("* 1 FETCH (UID 1 FLAGS (a))\r\n* 1 FETCH (UID 1 FLAGS (b))\r\n"), kAll},
        Scenario{"NoUids", in_mid(rewrite("UID FETCH 1:*", "FETCH (UID", "FETCH (X-UID")), kAll},
        Scenario{"SequenceNumbersThatDoNotFit", rewrite("UID FETCH", "* 1 FETCH", "* 77 FETCH"),
                 kAll},
        Scenario{"HighestFirst", folder([](OddFolder& mid) {
                   if (mid.messages.front().uid == 1) std::ranges::reverse(mid.messages);
                 }),
                 kAll},
        Scenario{"RefusedInTheEnd", all({requested_uids(), refused_after(3)}), kAll},
        Scenario{"RefusedInTheMidst", all({requested_uids(), refused_after(1)}), kAll,
                 "the server refused UID FETCH: enough done: recorded messages are kept"},
        Scenario{"TwoOfOneUid",
                 all({requested_uids(), rewrite("EXAMINE \"Mid\"", "* 3 EXISTS", "* 4 EXISTS"),
                      scan_adds("* 4 FETCH (UID 2 FLAGS ())\r\n")}),
                 kAll, "reports 4 messages but shows 3"},
        Scenario{"ExistsShrinks", scan_adds("* 1 EXISTS\r\n"), kAll},
        Scenario{"ExistsShrinksLater",
                 later(all({in_mid(answer("UID FETCH 1:*",
                                          "* 1 EXISTS\r\n* 1 FETCH (UID 1 FLAGS ())\r\n")),
                            in_mid(answer("UID SEARCH", "* SEARCH 1\r\n"))})),
                 kAll, "reports 3 messages but shows 1"},
        Scenario{"ExistsGrows", scan_adds("* 5 EXISTS\r\n"), kAll,
                 "reports 5 messages but shows 3"},
        Scenario{"ExpungedWhileBodiesCome", bodies_add("* 3 EXPUNGE\r\n"), kAll},
        Scenario{"AllVanishedEarlier", later(scan_adds("* VANISHED (EARLIER) 1:4294967295\r\n")),
                 kAll},
        Scenario{"ASequenceNumberBeyondExists",
                 scan_adds("* 4294967295 FETCH (UID 3 FLAGS ())\r\n* 0 FETCH (UID 2 FLAGS ())\r\n"),
                 kAll},
        Scenario{"UnknownUidsVanished", scan_adds("* VANISHED 500:600\r\n"), kAll,
                 "reports 0 messages but shows 3"}),
    name_of_contrary);

INSTANTIATE_TEST_SUITE_P(
    Numbers, ContraryScenarioTest,
    testing::Values(
        Scenario{"AnotherUidvalidityEachTime",
                 meanwhile("EXAMINE \"Mid\"",
                           [](OddServer& server) {
                             std::string& validity = server.folder("Mid").uid_validity;
                             validity = std::to_string(std::stoul(validity) + 1);
                           }),
                 kAll},
        Scenario{"ExamineHasAnotherUidvalidity",
                 rewrite("EXAMINE \"Mid\"", "UIDVALIDITY 7", "UIDVALIDITY 8"), kAll,
                 "UIDVALIDITY was 8, then 7"},
        Scenario{"TwoUidvalidities",
                 rewrite("EXAMINE \"Mid\"", "* OK [UIDVALIDITY 7]",
                         "* OK [UIDVALIDITY 8] it\r\n* OK [UIDVALIDITY 7]"),
                 kAll},
        Scenario{"ExistsFallsAndRises",
                 rewrite("EXAMINE", "* 3 EXISTS", "* 0 EXISTS\r\n* 3 EXISTS"), kAll},
        Scenario{"ExamineOfNothing", answer("EXAMINE \"Mid\"", ""), kAll},
        Scenario{"StatusOfMinusOne", rewrite("STATUS \"Mid\"", "MESSAGES 3", "MESSAGES -1"), kAll},
        Scenario{"StatusOfNil",
                 change("STATUS \"Mid\"",
                        [](std::string& answer) {
                          const std::size_t open = answer.find('(');
                          answer.replace(open, answer.find(')') + 1 - open, "NIL");
                        }),
                 kAll},
        Scenario{"Uidvalidity33Bits",
                 folder([](OddFolder& mid) { mid.uid_validity = "4294967296"; }), kAll},
        Scenario{"UidnextBelowTheLast", rewrite("", "UIDNEXT 4", "UIDNEXT 2"), kAll},
        Scenario{"UidnextOfZero", rewrite("", "UIDNEXT 4", "UIDNEXT 0"), kAll},
        Scenario{"StatusOfAnotherFolder", rewrite("STATUS \"Mid\"", "STATUS Mid", "STATUS INBOX"),
                 kAll},
        Scenario{"AnotherUidvalidityAfterReconnecting",
                 all({message([](OddMessage& second) {
                        second.item = [](int time) {
                          return time == 0 ? std::string(kHangUp) : "BODY[] " + literal(kSecond);
                        };
                      }),
                      in_mid(meanwhile("BODY.PEEK",
                                       [](OddServer& server) {
                                         if (server.connections() > 1) return;
                                         server.folder("Mid").uid_validity = "8";
                                       }))}),
                 kAll},
        Scenario{"NoExistsAndNoStatus",
                 all({rewrite("EXAMINE", "* 3 EXISTS\r\n", ""), refuse("STATUS", "NO not here")}),
                 kAll},
        Scenario{
            "AllVanishWhileItIsOpened",
            all({rewrite("EXAMINE", "* 3 EXISTS\r\n", "* 3 EXISTS\r\n* VANISHED 1:4294967295\r\n"),
                 refuse("STATUS", "NO not here")}),
            kAll},
        Scenario{"AllExpungedWhileItIsOpened",
                 all({rewrite("EXAMINE", "* 3 EXISTS\r\n",
                              "* 3 EXISTS\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n"),
                      refuse("STATUS", "NO not here")}),
                 kAll},
        Scenario{"StatusOfMoreMessages", rewrite("STATUS \"Mid\"", "MESSAGES 3", "MESSAGES 9"),
                 kAll, "the number of messages was 3, then 9"},
        Scenario{"StatusOfOtherItems", rewrite("STATUS", "MESSAGES", "RECENT 0 UNSEEN"), kAll}),
    name_of_contrary);

INSTANTIATE_TEST_SUITE_P(
    Extensions, ContraryScenarioTest,
    testing::Values(
        Scenario{"NoModseq", modseq("NOMODSEQ"), kAll},
        Scenario{"ModseqOf64Bits", modseq("HIGHESTMODSEQ 9223372036854775808"), kAll},
        Scenario{"LargestModseq", modseq("HIGHESTMODSEQ 9223372036854775807"), kAll},
        Scenario{"ModseqRefused", all({modseq("HIGHESTMODSEQ 5"), refuse("MODSEQ", "BAD what?")}),
                 kAll},
        Scenario{"CondstoreUnknown",
                 all({capabilities("CONDSTORE"), refuse("(CONDSTORE)", "BAD what?")}), kAll},
        Scenario{"CondstoreRefused",
                 all({capabilities("CONDSTORE"), refuse("(CONDSTORE)", "NO not here")}), kAll},
        Scenario{"EnableRefused", capabilities("ENABLE CONDSTORE QRESYNC"), kAll},
        Scenario{"EnabledIsNotSent",
                 all({modseq("HIGHESTMODSEQ 5"), capabilities("ENABLE CONDSTORE QRESYNC"),
                      refuse("ENABLE", "OK done")}),
                 kAll},
        Scenario{"EnableCloses",
                 all({capabilities("ENABLE CONDSTORE"), refuse("ENABLE", std::string(kHangUp))}),
                 kAll},
        Scenario{"CapabilityIsSilent", instead("CAPABILITY", Afterwards::kFallSilent), kAll},
        Scenario{"CapabilityCloses", refuse("CAPABILITY", std::string(kHangUp)), kAll},
        Scenario{"ByeAtCapability", add("CAPABILITY", "* BYE not you\r\n"), kAll},
        Scenario{"NamespaceCloses", refuse("NAMESPACE", std::string(kHangUp)), kAll},
        Scenario{"OutsideIsSilent",
                 all({answer("NAMESPACE", "* NAMESPACE ((\"Mail/\" \"/\")) NIL NIL\r\n"),
                      instead("LIST \"\" \"*\"", Afterwards::kFallSilent)}),
                 "INBOX 3"},
        Scenario{"SubscribedIsSilent",
                 all({capabilities("LIST-EXTENDED"),
                      instead("LIST (SUBSCRIBED)", Afterwards::kFallSilent)}),
                 kAll},
        Scenario{"SubscribedAndLsubAreSilent",
                 all({capabilities("LIST-EXTENDED"),
                      instead("LIST (SUBSCRIBED)", Afterwards::kFallSilent),
                      instead("LSUB", Afterwards::kFallSilent)}),
                 kAll},
        Scenario{"SubscribedRefused",
                 all({capabilities("LIST-EXTENDED"), refuse("LIST (SUBSCRIBED)", "BAD what?")}),
                 kAll},
        Scenario{"DetailsClose",
                 all({capabilities("ACL QUOTA METADATA"), refuse("GETACL", std::string(kHangUp)),
                      refuse("GETQUOTAROOT", std::string(kHangUp)),
                      refuse("GETMETADATA", std::string(kHangUp))}),
                 kAll},
        Scenario{"EnableIsSilentLater",
                 all({later(capabilities("ENABLE CONDSTORE")),
                      instead("ENABLE", Afterwards::kFallSilent)}),
                 kAll},
        Scenario{"NamespaceIsSilent", instead("NAMESPACE", Afterwards::kFallSilent), kAll},
        Scenario{"NamespaceDrips", drip("NAMESPACE", "* OK working\r\n", std::chrono::seconds(20)),
                 kAll},
        Scenario{"SubscriptionsAreSilent", instead("LSUB", Afterwards::kFallSilent), kAll},
        Scenario{
            "DetailsAreSilent",
            all({capabilities("ACL QUOTA METADATA"), instead("GETACL", Afterwards::kFallSilent),
                 instead("GETQUOTAROOT", Afterwards::kFallSilent),
                 instead("GETMETADATA", Afterwards::kFallSilent)}),
            kAll},
        Scenario{"RightsAreSilent",
                 all({capabilities("ACL"), answer("NAMESPACE", "* NAMESPACE NIL NIL NIL\r\n"),
                      instead("MYRIGHTS", Afterwards::kFallSilent)}),
                 kAll},
        Scenario{"ListStatusUnknown",
                 all({capabilities("LIST-STATUS"), refuse("RETURN (STATUS", "BAD what?")}), kAll},
        Scenario{"ListStatusRefused",
                 all({capabilities("LIST-STATUS"), refuse("RETURN (STATUS", "NO not here")}), kAll},
        Scenario{"ListStatusWithoutStatus", capabilities("LIST-STATUS"), kAll},
        Scenario{"EmailIdUnknown", all({capabilities("OBJECTID"), refuse("EMAILID", "BAD what?")}),
                 kAll},
        Scenario{"MailboxIdRefused",
                 all({capabilities("OBJECTID"), refuse("MAILBOXID", "NO not here")}), kAll},
        Scenario{"MailboxIdOfOne", all({capabilities("OBJECTID"), mailbox_id("Mid", "F2")}), kAll},
        Scenario{"AnotherMailboxIdLater",
                 all({capabilities("OBJECTID"), mailbox_id("Mid", "F2"),
                      later(mailbox_id("Mid", "F3"))}),
                 kAll, kAnything},
        Scenario{"OtherEmailIdsEachNight", email_ids_of_the_night(), kAll},
        Scenario{"CapabilitiesInTheMidst",
                 add("EXAMINE", "* CAPABILITY IMAP4rev1 CONDSTORE OBJECTID LIST-STATUS\r\n"), kAll},
        Scenario{"AnnouncedLater", later(capabilities("CONDSTORE OBJECTID ESEARCH LIST-STATUS")),
                 kAll},
        Scenario{"NoLongerAnnounced",
                 all({capabilities("CONDSTORE OBJECTID ESEARCH"), later(capabilities(""))}), kAll}),
    name_of_contrary);

INSTANTIATE_TEST_SUITE_P(
    Bodies, ContraryScenarioTest,
    testing::Values(
        Scenario{"AsRfc822", body("RFC822 " + literal(kSecond)), kWithoutOne, "no body"},
        Scenario{"TextOnly", body("BODY[TEXT] " + literal("text\r\n")), kWithoutOne, "no body"},
        Scenario{"WithAnOrigin", body("BODY[]<0> " + literal(kSecond)), kWithoutOne, "no body"},
        Scenario{"PeekIsEchoed", body("BODY.PEEK[] " + literal(kSecond)), kWithoutOne, "no body"},
        Scenario{"NilOnlyOnce", message([](OddMessage& second) {
                   second.item = [](int time) {
                     return time == 0 ? "BODY[] NIL" : "BODY[] " + literal(kSecond);
                   };
                 }),
                 kAll},
        Scenario{"NonSynchronisingLiteral", body("BODY[] {4+}\r\na: b"), kAll},
        Scenario{"LeadingZeros", body("BODY[] {00000000000000000004}\r\na: b"), kAll},
        Scenario{"ThenBad",
                 in_mid(change("BODY.PEEK",
                               [](std::string& answer) {
                                 answer.replace(answer.rfind("OK"), 2, "BAD");
                               })),
                 kAll},
        Scenario{"Literal8", body("BODY[] ~" + literal(kSecond)), kAll},
        Scenario{"QuotedWithEightBits", body("BODY[] \"Subject: Caf\xC3\xA9\""), kAll},
        Scenario{"EmptyOnlyOnce", message([](OddMessage& second) {
                   second.item = [](int time) {
                     return "BODY[] " + literal(time == 0 ? "" : kSecond);
                   };
                 }),
                 kAll},
        Scenario{"LongerThanItsSize", body("BODY[] " + literal(std::string(200, 'x'))), kAll},
        Scenario{"ShorterThanItsSize", body("BODY[] " + literal("a: b\r\n")), kAll},
        Scenario{"TwiceAndDifferent",
                 all({body("BODY[] " + literal(kSecond)),
                      bodies_add("* 2 FETCH (UID 2 FLAGS () BODY[] {5}\r\nother)\r\n")}),
                 kAll},
        Scenario{"OfAnotherMessage", bodies_add("* 9 FETCH (UID 99 BODY[] {2}\r\nno)\r\n"), kAll},
        Scenario{"UnderUidZero", in_mid(rewrite("BODY.PEEK", "FETCH (UID 2 ", "FETCH (UID 0 ")),
                 kAll},
        Scenario{"UidBehindTheBody",
                 all({body("BODY[] " + literal(kSecond) + " UID 2"),
                      in_mid(rewrite("BODY.PEEK", "FETCH (UID 2 ", "FETCH ("))}),
                 kAll},
        Scenario{"TwoUids", flags("FLAGS () UID 99"), kWithoutOne, "did not send it"},
        Scenario{"TwoSizes", flags("FLAGS () RFC822.SIZE 1"), kAll},
        Scenario{"SizeOfZero", message([](OddMessage& second) { second.size = "0"; }), kAll},
        Scenario{"HeaderOnly", body("BODY[HEADER] " + literal(kSecond)), kWithoutOne, "no body"},
        Scenario{"Binary", body("BINARY[] ~" + literal(kSecond)), kWithoutOne, "no body"},
        Scenario{"BehindTheEnd", in_mid(change("BODY.PEEK", end_first)), kWithoutMid, kAnything},
        Scenario{"ByeEachTime", bodies_add("* BYE for now\r\n"), kWithoutMid, kAnything},
        Scenario{"FlagsRepeated", flags("FLAGS (\\Seen \\Seen \\seen a a)"), kAll},
        Scenario{"FlagsTwice", flags("FLAGS (a) FLAGS (b)"), kAll},
        Scenario{"FlagNamedNil", flags("FLAGS (NIL)"), kAll},
        Scenario{"RecentOnly", flags("FLAGS (\\Recent)"), kAll},
        Scenario{"YearZero", date("01-Jan-0000 00:00:00 +0000"), kAll},
        Scenario{"Year9999", date("31-Dec-9999 23:59:59 -1200"), kAll},
        Scenario{"NoDates",
                 rewrite("UID FETCH", " INTERNALDATE \"17-Jul-1996 02:44:25 -0700\"", ""), kAll}),
    name_of_contrary);

INSTANTIATE_TEST_SUITE_P(
    Lines, ContraryScenarioTest,
    testing::Values(
        Scenario{"TaggedTwice",
                 change("EXAMINE \"Mid\"",
                        [](std::string& answer) {
                          const std::size_t end = answer.rfind("\r\n", answer.size() - 3);
                          answer += answer.substr(end + 2);
                        }),
                 kAll},
        Scenario{"GoAheadsEverywhere", add("", "+ go on\r\n"), kAll},
        Scenario{"PreauthInTheMidst", add("EXAMINE", "* PREAUTH hello\r\n"), kAll},
        Scenario{"ByeThenOk", add("EXAMINE \"Mid\"", "* BYE for now\r\n"), kWithoutMid,
                 "the connection was lost over this folder"},
        Scenario{"ByeWithinTheListLater",
                 later(rewrite("LIST", "* LIST () \"/\" Mid\r\n", "* BYE going down\r\n")), kAll,
                 "going down"},
        Scenario{"ListBehindItsEndLater", later(change("LIST", end_first)), kAll, kAnything},
        Scenario{"OthersAnswers",
                 add("EXAMINE",
                     "* OK [APPENDUID 7 1:99999] x\r\n* OK [COPYUID 7 1 2] y\r\n* 0 RECENT\r\n"
                     "* SORT 3 2\r\n* THREAD (1)(2 (3))\r\n"),
                 kAll},
        Scenario{"LongAlert", long_line("* OK [ALERT] ", 1'000'000), kAll},
        Scenario{"VeryLongLine", long_line("* OK ", 10'000'000), kAll},
        Scenario{"SingleBytes", [](OddServer& server, int) { server.max_piece = 1; }, kAll},
        Scenario{"WithoutCarriageReturns", everywhere_but_in_bodies("\r\n", "\n"), kAll},
        Scenario{"TrailingSpaces", everywhere_but_in_bodies("\r\n", "  \r\n"), kAll},
        Scenario{"LowerCase", lower_case(), kAll}),
    name_of_contrary);

}  // namespace
}  // namespace backupd
