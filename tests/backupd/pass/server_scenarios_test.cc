// Servers that are merely odd, as real ones are: they omit what exists, refuse single commands, or
// write lines in their own way. A line of the table is a scenario (tests/backupd/pass/scenario.h).
#include <gtest/gtest.h>

#include "tests/backupd/pass/scenario.h"

namespace backupd {
namespace {

constexpr const char* kNoFolder = "NO Mailbox does not exist";

Play hide(const std::string& raw_name) {
  return folder([](OddFolder& hidden) { hidden.is_listed = false; }, raw_name);
}

Play hide_all() {
  return all({hide("INBOX"), hide("Mid"), hide("Zlast")});
}

Play each_folder(const std::function<void(OddFolder& folder)>& change) {
  return all({folder(change, "INBOX"), folder(change), folder(change, "Zlast")});
}

Play refuse_to_open(const std::string& raw_name, const std::string& answer) {
  return all({refuse("STATUS \"" + raw_name, answer), refuse("EXAMINE \"" + raw_name, answer)});
}

Play without_scan() {
  return message([](OddMessage& second) { second.is_scanned = false; });
}

Play without_search() {
  return folder([](OddFolder& mid) { mid.is_searched = false; });
}

Play quota(const std::string& lines) {
  return all({capabilities("QUOTA"), answer("GETQUOTAROOT", lines)});
}

// A folder whose messages are as long as those of Mid.
Play twin_of_mid() {
  return folder(
      [](OddFolder& twin) {
        for (std::uint32_t uid = 1; twin.messages.size() < 3; ++uid) {
          twin.message(uid, "Subject: Mad " + std::to_string(uid) + "\r\n\r\ntext\r\n");
        }
      },
      "Mad");
}

// A further folder with one message.
Play further_folder(const std::string& raw_name) {
  return folder(
      [](OddFolder& further) {
        if (further.messages.empty()) further.message(1, "Subject: further\r\n\r\n");
      },
      raw_name);
}

class ServerScenarioTest : public testing::TestWithParam<Scenario> {};

TEST_P(ServerScenarioTest, LosesNothing) {
  play(GetParam());
}

std::string name_of_scenario(const testing::TestParamInfo<Scenario>& scenario) {
  return scenario.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    Lists, ServerScenarioTest,
    testing::Values(
        Scenario{"Ordinary", all({}), kAll}, Scenario{"InboxIsNotListed", hide("INBOX"), kAll},
        Scenario{"NothingIsListedLater", later(hide_all()), kAll, "listed no folder at all"},
        Scenario{"NoMailbox", all({hide_all(), refuse_to_open("INBOX", kNoFolder)}), "",
                 "lists no folder and refuses INBOX"},
        Scenario{"InboxIsLocked",
                 later(all({hide("INBOX"), refuse_to_open("INBOX", "NO [INUSE] locked")})), kAll,
                 "locked"},
        Scenario{"InboxIsGone",
                 later(all({hide("INBOX"), refuse_to_open("INBOX", "NO [NONEXISTENT] gone")})),
                 kAll, "INBOX, which held 3 messages, no longer exists"},
        Scenario{"OneIsNotListedLater", later(hide("Mid")), kAll},
        Scenario{"OneIsForbiddenLater",
                 later(all({hide("Mid"), refuse_to_open("Mid", "NO [NOPERM] not now")})), kAll,
                 "not now"},
        Scenario{"OneIsDeletedLater",
                 later(all({hide("Mid"), refuse_to_open("Mid", "NO [NONEXISTENT] gone")})),
                 kWithoutMid},
        Scenario{"NothingIsListed", hide_all(), "INBOX 3", "lists no folder at all"},
        Scenario{"NamespaceOfNils", answer("NAMESPACE", "* NAMESPACE NIL NIL NIL\r\n"), kAll},
        Scenario{"NamespaceWithoutAnswer", answer("NAMESPACE", ""), kAll},
        Scenario{"NamespaceTwiceWholeFirst",
                 answer("NAMESPACE",
                        "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n"
                        "* NAMESPACE ((\"Mail/\" \"/\")) NIL NIL\r\n"),
                 kAll},
        Scenario{"NamespaceTwiceWholeLast",
                 answer("NAMESPACE",
                        "* NAMESPACE ((\"Mail/\" \"/\")) NIL NIL\r\n"
                        "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n"),
                 kAll},
        Scenario{"NamespaceTwicePersonalAndOthers",
                 all({further_folder("Bob/private"),
                      answer("NAMESPACE",
                             "* NAMESPACE ((\"\" \"/\")) ((\"Bob/\" \"/\")) NIL\r\n"
                             "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n")}),
                 kAll},
        Scenario{"NamespaceThenNils",
                 answer("NAMESPACE",
                        "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n"
                        "* NAMESPACE NIL NIL NIL\r\n"),
                 kAll},
        Scenario{"NamespacePrefixOfNil",
                 answer("NAMESPACE", "* NAMESPACE ((NIL \"/\")) NIL NIL\r\n"), kAll},
        Scenario{"NamespacesOfOthersOnly",
                 all({further_folder("user/bob"),
                      answer("NAMESPACE", "* NAMESPACE NIL ((\"user/\" \"/\")) NIL\r\n")}),
                 kAll},
        Scenario{"NamespaceOfOthersWithAPrefixOfNil",
                 answer("NAMESPACE", "* NAMESPACE NIL ((NIL \"/\")) NIL\r\n"), kAll},
        Scenario{"NamespaceOfOthersHasAllFolders",
                 answer("NAMESPACE", "* NAMESPACE NIL ((\"\" \"/\")) NIL\r\n"), "INBOX 3",
                 "gives all folders to others: not backed up, because they are in none of the "
                 "account's namespaces: Mid, Zlast"},
        Scenario{"NamespaceWithANul",
                 answer("NAMESPACE", "* NAMESPACE ((" + literal(std::string("a\0b", 3)) +
                                         " \"/\")) NIL NIL\r\n"),
                 kAll, "one whose prefix has a NUL"},
        Scenario{"NamespaceRefused", refuse("NAMESPACE", "NO not here"), kAll},
        Scenario{"NamespaceAndDelimiterRefused",
                 all({refuse("NAMESPACE", "NO not here"), refuse("LIST \"\" \"\"", "NO not here")}),
                 kAll},
        Scenario{"DelimiterIsSilent",
                 all({refuse("NAMESPACE", "NO not here"),
                      instead("LIST \"\" \"\"", Afterwards::kFallSilent)}),
                 kAll},
        Scenario{"NamespaceUnknown", refuse("NAMESPACE", "BAD what?"), kAll},
        Scenario{"NamespaceElsewhere",
                 answer("NAMESPACE", "* NAMESPACE ((\"Mail/\" \"/\")) NIL NIL\r\n"), "INBOX 3",
                 kAnything},
        Scenario{"CapabilityUnknown", refuse("CAPABILITY", "BAD what?"), kAll},
        Scenario{"AttributesOfNil", rewrite("LIST", "() \"/\" Mid", "NIL \"/\" Mid"), kAll},
        Scenario{"NoAttributes", rewrite("LIST", "() \"/\" Mid", "\"/\" Mid"), kWithoutMid,
                 "a line of LIST is not understood"},
        Scenario{"ListedAsXlist", rewrite("LIST", "* LIST", "* XLIST"), kAll},
        Scenario{"OddLineOfXlist",
                 all({rewrite("LIST", "* LIST", "* XLIST"),
                      rewrite("LIST", "\"/\" Mid", "\"/\" \"Mid")}),
                 kWithoutMid, "a line of LIST is not understood"},
        Scenario{"ListEndsWithNoLater",
                 later(change("LIST",
                              [](std::string& answer) {
                                answer.replace(answer.rfind("OK"), 2, "NO [LIMIT]");
                              })),
                 kAll, "the server refused LIST"},
        Scenario{"UnquotedNames",
                 all({further_folder("Old mail"), further_folder("Old stuff"),
                      rewrite("LIST", literal("Old mail"), "Old mail"),
                      rewrite("LIST", literal("Old stuff"), "Old stuff")}),
                 "INBOX 3, Mid 3, Old mail 1, Old stuff 1, Zlast 1"},
        Scenario{"OddLine", rewrite("LIST", "\"/\" Mid", "\"/\" \"Mid"), kWithoutMid,
                 "a line of LIST is not understood"},
        Scenario{"OddLineLater", later(rewrite("LIST", "\"/\" Mid", "\"/\" \"Mid")), kAll,
                 "* LIST () \"/\" \"Mid"},
        Scenario{"OddLiteralLater", later(rewrite("LIST", "\"/\" Mid", ") \"/\" {3}\r\nMid")), kAll,
                 "a line of LIST is not understood"},
        Scenario{"OddLineForEachLater", later(rewrite("LIST", "() \"/\"", "(() \"/\"")), kAll,
                 "a line of LIST is not understood"},
        Scenario{"EndlessLiteralLater",
                 later(rewrite("LIST", "\"/\" Mid", "\"/\" {9223372036854775807}")), kAll,
                 "a value too long"},
        Scenario{"OddNamespace", answer("NAMESPACE", "* NAMESPACE ((\"\" \"/\"\r\n"), kAll},
        Scenario{"OddStatus", rewrite("STATUS \"Mid\"", "(MESSAGES", "MESSAGES"), kAll},
        Scenario{"OddSubscriptions", answer("LSUB", "* LSUB ((\r\n"), kAll},
        Scenario{"ListedTwice", add("LIST", "* LIST (\\Noselect) \"/\" Mid\r\n"), kAll},
        Scenario{"Backslash", rewrite("LIST", "\"/\"", "\"\\\""), kAll},
        Scenario{"BackslashInNamespace", rewrite("NAMESPACE", "\"/\"", "\"\\\""), kAll},
        Scenario{"NoDelimiter", rewrite("LIST", "\"/\"", "NIL"), kAll},
        Scenario{"NamesOfAllKinds",
                 all({further_folder("say \"hi\""), further_folder("tail "), further_folder("..")}),
                 ".. 1, INBOX 3, Mid 3, Zlast 1, say \"hi\" 1, tail  1"},
        Scenario{"OneMailboxIdForAll",
                 all({capabilities("OBJECTID"), twin_of_mid(),
                      rewrite("STATUS", "UIDVALIDITY 7", "UIDVALIDITY 7 MAILBOXID (F1)"),
                      rewrite("EXAMINE", "* OK [UIDVALIDITY",
                              "* OK [MAILBOXID (F1)] it\r\n* OK [UIDVALIDITY")}),
                 "INBOX 3, Mad 3, Mid 3, Zlast 1"}),
    name_of_scenario);

INSTANTIATE_TEST_SUITE_P(
    Folders, ServerScenarioTest,
    testing::Values(
        Scenario{"OneClosesTheConnection", refuse("EXAMINE \"Mid\"", std::string(kHangUp)),
                 kWithoutMid, "the connection was lost over this folder"},
        Scenario{"OneWithABlankClosesIt",
                 all({further_folder("EOM Reports "),
                      refuse("EXAMINE \"EOM Reports \"", std::string(kHangUp))}),
                 kAll, "EOM Reports"},
        Scenario{"OneIsRefused", refuse("EXAMINE \"Mid\"", "NO it is on fire"), kWithoutMid,
                 "on fire"},
        Scenario{"OneIsUnknown", refuse("EXAMINE \"Mid\"", "BAD it is on fire"), kWithoutMid,
                 "on fire"},
        Scenario{"OneHasAnOddFlag", add("EXAMINE \"Mid\"", "* FLAGS (\\Seen foo(bar \\Draft)\r\n"),
                 kAll},
        Scenario{"OneClosesItInStatus", later(refuse("STATUS \"Mid\"", std::string(kHangUp))), kAll,
                 kAnything},
        Scenario{"StatusRefused", refuse("STATUS", "NO not here"), kAll},
        Scenario{"StatusUnknown", refuse("STATUS", "BAD one at a time"), kAll},
        Scenario{"StatusWithoutUidnext", rewrite("STATUS", "UIDNEXT", "X-UIDNEXT"), kAll},
        Scenario{"StatusOfNothing", answer("STATUS", ""), kAll},
        Scenario{"ExamineWithoutUidnext",
                 each_folder([](OddFolder& each) { each.tells_next = false; }), kAll},
        Scenario{"UidvalidityOfZero", each_folder([](OddFolder& each) { each.uid_validity = "0"; }),
                 kAll},
        Scenario{"NoExists", rewrite("EXAMINE \"Mid\"", "* 3 EXISTS\r\n", ""), kAll},
        Scenario{"EmptyLater",
                 later(all({rewrite("EXAMINE \"Mid\"", "* 3 EXISTS", "* 0 EXISTS"),
                            in_mid(answer("UID FETCH", "")),
                            in_mid(answer("UID SEARCH", "* SEARCH\r\n"))})),
                 kAll, "STATUS reports 3 messages but EXAMINE none"},
        Scenario{"BlankLines", add("EXAMINE", "\r\n"), kAll},
        Scenario{"AlertsEverywhere", add("", "* OK [ALERT] the server moves on Sunday\r\n"), kAll},
        Scenario{"ClosedInTheEnd", refuse("LOGOUT", std::string(kHangUp)), kAll},
        Scenario{"OneCommandAtATime",
                 [](OddServer& server, int) { server.drops_early_commands = true; }, kAll}),
    name_of_scenario);

INSTANTIATE_TEST_SUITE_P(
    Messages, ServerScenarioTest,
    testing::Values(
        Scenario{"OneIsNotScanned", without_scan(), kAll},
        Scenario{"OneIsNotScannedLater", later(without_scan()), kAll},
        Scenario{"OneIsNotShownLater", later(all({without_scan(), without_search()})), kAll,
                 "reports 3 messages but shows 2"},
        Scenario{
            "OneEmailIdForAll",
            all({capabilities("OBJECTID"), twin_of_mid(),
                 rewrite("UID FETCH", "FLAGS ()", "FLAGS () EMAILID (M1)"),
                 later(folder(
                     [](OddFolder& twin) { twin.message(4, "Subject: Mad 4\r\n\r\ntext\r\n"); },
                     "Mad"))}),
            "INBOX 3, Mad 4, Mid 3, Zlast 1"},
        Scenario{"NoFlags", flags(""), kAll}, Scenario{"FlagsOfNil", flags("FLAGS NIL"), kAll},
        Scenario{"UidOfZero", message([](OddMessage& second) { second.uid = 0; }), kWithoutOne,
                 "reports 3 messages but shows 2"},
        Scenario{"NoUidsBesideBodies",
                 all({in_mid(rewrite("BODY.PEEK", "FETCH (UID 1 ", "FETCH (")),
                      in_mid(rewrite("BODY.PEEK", "FETCH (UID 2 ", "FETCH (")),
                      in_mid(rewrite("BODY.PEEK", "FETCH (UID 3 ", "FETCH ("))}),
                 kAll},
        Scenario{"SearchRefused", all({without_scan(), refuse("UID SEARCH", "NO not here")}),
                 kWithoutMid, kAnything},
        Scenario{"Expunged", add("UID FETCH 1:*", "* 1 EXPUNGE\r\n"), kAll, kAnything},
        Scenario{"UnknownAnswers", add("UID FETCH", "* X-ODD (a (b) \"c\") {1}\r\nd\r\n"), kAll},
        Scenario{"FlagsOfOthers", add("BODY.PEEK", "* 1 FETCH (FLAGS (\\Seen))\r\n"), kAll},
        Scenario{"BodyOfNil", body("BODY[] NIL"), kWithoutOne, "NIL"},
        Scenario{"EmptyBody", body("BODY[] \"\""), kWithoutOne, "an empty body"},
        Scenario{"BodyIsMissing", body("X-NOTHING 1"), kWithoutOne, "no body"},
        Scenario{"NotSent", body(""), kWithoutOne, "did not send it"},
        Scenario{"ClosesTheConnection", body(std::string(kHangUp)), kWithoutOne, kAnything},
        Scenario{"FallsSilent", body(std::string(kSendNothing)), kWithoutOne, "silent"},
        Scenario{"SizeIsWrong", message([](OddMessage& second) { second.size = "99999999999"; }),
                 kAll},
        Scenario{"DatesAreOthersLater", later(rewrite("UID FETCH", "17-Jul-1996", "18-Jul-1996")),
                 kAll},
        Scenario{"SizeIsNegative", message([](OddMessage& second) { second.size = "-1"; }), kAll,
                 kAnything}),
    name_of_scenario);

INSTANTIATE_TEST_SUITE_P(
    Details, ServerScenarioTest,
    testing::Values(
        Scenario{"QuotaWithoutLimits",
                 quota("* QUOTAROOT \"INBOX\" \"ROOT\"\r\n* QUOTA \"ROOT\"\r\n"), kAll},
        Scenario{"QuotaOfMinusOne",
                 quota("* QUOTAROOT INBOX \"\"\r\n* QUOTA \"\" (STORAGE 12 -1)\r\n"), kAll},
        Scenario{"QuotaOf2To64",
                 quota("* QUOTAROOT INBOX a\r\n* QUOTA a (STORAGE 18446744073709551616 1)\r\n"),
                 kAll},
        Scenario{"QuotaRootWithParentheses",
                 quota("* QUOTAROOT INBOX Quota (of all)\r\n* QUOTA Quota ()\r\n"), kAll},
        Scenario{"QuotaThatIsNotQuota", quota("* QUOTA (((\r\n"), kAll},
        Scenario{"QuotaRefused", all({capabilities("QUOTA"), refuse("GETQUOTAROOT", "NO no")}),
                 kAll},
        Scenario{"OddRights", all({capabilities("ACL"), answer("GETACL", "* ACL INBOX (odd\r\n")}),
                 kAll},
        Scenario{"IdentifierWithoutRights",
                 all({capabilities("ACL"), answer("GETACL", "* ACL INBOX bob\r\n")}), kAll},
        Scenario{"OddMetadata",
                 all({capabilities("METADATA"),
                      answer("GETMETADATA", "* METADATA INBOX (/private/a (b))\r\n")}),
                 kAll},
        Scenario{"SubscriptionsRefused", refuse("LSUB", "NO not here"), kAll},
        Scenario{"SubscriptionsAskToWait",
                 refuse("LSUB", "NO Suggested Backoff Time: 36000000 milliseconds"), kAll},
        Scenario{"SubscriptionsClose", refuse("LSUB", std::string(kHangUp)), kAll}),
    name_of_scenario);

// INTERNALDATE in forms that servers were seen to send; the message is stored with each.
std::vector<Scenario> odd_dates() {
  const auto quoted = [](const char* name, const char* text) {
    return Scenario{name, date(text), kAll, kAnything};
  };
  const auto raw = [](const char* name, const char* text) {
    return Scenario{name, rewrite("UID FETCH", "\"17-Jul-1996 02:44:25 -0700\"", text), kAll,
                    kAnything};
  };
  return {quoted("Blank", " 1-Jan-2020 00:00:00 +0000"),
          quoted("OneDigit", "1-Jan-2020 00:00:00 +0000"),
          quoted("Zero", "00-Jan-0000 00:00:00 +0000"),
          quoted("Mail", "Wed, 17 Jul 1996 02:44:25 -0700"),
          quoted("NoZone", "17-Jul-1996 02:44:25"),
          quoted("ZoneByName", "17-Jul-1996 02:44:25 GMT"),
          quoted("Comment", "17-Jul-1996 02:44:25 +0200 (CEST)"),
          quoted("TwoDigitYear", "17-Jul-96 02:44:25 -0700"),
          quoted("Hour24", "17-Jul-1996 24:20:00 -0700"),
          quoted("NoSuchDay", "31-Feb-1996 02:44:25 -0700"),
          quoted("GermanMonth", "17-Mai-1996 02:44:25 -0700"),
          quoted("Empty", ""),
          quoted("Word", "today"),
          raw("Nil", "NIL"),
          raw("Literal", "{26}\r\n17-Jul-1996 02:44:25 -0700"),
          raw("Unquoted", "17-Jul-1996")};
}

INSTANTIATE_TEST_SUITE_P(Dates, ServerScenarioTest, testing::ValuesIn(odd_dates()),
                         name_of_scenario);

// No time passes while the server floods: its bytes count.
INSTANTIATE_TEST_SUITE_P(
    Floods, ServerScenarioTest,
    testing::Values(
        Scenario{"UnwantedBodies",
                 later(flood_at_once("LIST", "* 1 FETCH (BODY[] " +
                                                 literal(std::string(65'000, 'b')) + ")\r\n")),
                 kAll, "without anything that the backup requested", std::chrono::minutes(1)},
        Scenario{"OddLines",
                 later(flood_at_once("LIST", "* LIST (((" + std::string(65'000, 'l') + "\r\n")),
                 kAll, "without anything that the backup requested", std::chrono::minutes(1)}),
    name_of_scenario);

}  // namespace
}  // namespace backupd
