// Servers that harm their client: names, numbers and values of any length, answers without end,
// commands in the guise of flags. A line of the table is a scenario
// (tests/backupd/pass/scenario.h).
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/backupd/pass/scenario.h"
#include "tests/long_run.h"

namespace backupd {
namespace {

using std::chrono::seconds;

std::string repeat(int count, const std::function<std::string(int number)>& one) {
  std::string all;
  for (int number = 1; number <= count; ++number) all += one(number);
  return all;
}

// METADATA of INBOX.
Play inbox_metadata(int entries, std::size_t size) {
  const std::string value = literal(std::string(size, 'v'));
  return all({capabilities("METADATA"),
              answer("GETMETADATA (DEPTH infinity) \"INBOX\"",
                     "* METADATA INBOX (" + repeat(entries, [&](int number) {
                       return " /private/vendor/x/k" + std::to_string(number) + ' ' + value;
                     }) + ")\r\n")});
}

// From the second night on, INBOX claims to hold that many messages.
Play claim_messages(const std::string& messages) {
  return later(all({capabilities("ESEARCH"),
                    rewrite("EXAMINE \"INBOX\"", "* 3 EXISTS", "* " + messages + " EXISTS"),
                    answer("UID SEARCH", "* ESEARCH UID ALL 1:" + messages + "\r\n")}));
}

Play empty_folder(const std::string& raw_name) {
  return folder([](OddFolder&) {}, raw_name);
}

Play many_folders(int count) {
  return [count](OddServer& server, int night) {
    for (int number = 1; night == 0 && number <= count; ++number) {
      server.folder("a" + std::to_string(number)).attributes = "\\HasNoChildren";
    }
  };
}

// Every message of Mid is refused, with a text of that length.
Play refuse_mid(std::size_t length) {
  return folder([length](OddFolder& mid) {
    mid.fetch_result = "NO " + std::string(length, 'r');
    for (OddMessage& message : mid.messages) message.item = [](int) { return std::string(); };
  });
}

class HostileScenarioTest : public testing::TestWithParam<Scenario> {};

TEST_P(HostileScenarioTest, HarmsOnlyItsOwnAccount) {
  play(GetParam());
}

// The table is built whenever a test of this program starts: long texts are made only when they are
// played.
Play when_played(std::function<Play()> make) {
  return [make = std::move(make)](OddServer& server, int night) { make()(server, night); };
}

std::string huge() {
  return std::string(100'000, 'x');
}

int many_items() {
  return tests::is_long_run() ? 20'000 : 5'000;
}

std::string many_namespaces() {
  return repeat(many_items(),
                [](int number) { return "(\"n" + std::to_string(number) + "/\" \"/\")"; });
}

Play acl_identifiers(int count) {
  return all({capabilities("ACL"), answer("GETACL", "* ACL INBOX" + repeat(count, [](int number) {
                                                      return " user" + std::to_string(number) +
                                                             " lrs";
                                                    }) + "\r\n")});
}

Play subscriptions(int count) {
  return answer("LSUB", repeat(count, [](int number) {
                  return "* LSUB () \"/\" s" + std::to_string(number) + "\r\n";
                }));
}

Play keywords(int count) {
  return flags("FLAGS (" +
               repeat(count, [](int number) { return " keyword_" + std::to_string(number); }) +
               ")");
}

std::vector<Scenario> too_much() {
  return {
      {"Prefix", when_played([] {
         return answer("NAMESPACE", "* NAMESPACE ((" + literal(huge()) + " \"/\")) NIL NIL\r\n");
       }),
       "INBOX 3", "the prefix of the personal namespace"},
      {"Keyword", when_played([] { return flags("FLAGS (" + literal(huge()) + ")"); }), kAll,
       "Mid: a flag of a message"},
      {"Keywords", when_played([] { return keywords(20'000); }), kAll,
       "a flag of a message, with those before it"},
      {"LongAtom", when_played([] { return flags("FLAGS (" + std::string(300'000, 'x') + ")"); }),
       kWithoutMid, kAnything},
      {"Metadata", when_played([] { return inbox_metadata(1, 1'048'570); }), kAll,
       "INBOX: a METADATA value"},
      {"MetadataOverTheLiteralLimit", when_played([] { return inbox_metadata(1, 2'000'000); }),
       kAll, kAnything},
      {"MuchMetadata",
       when_played([] { return inbox_metadata(tests::is_long_run() ? 40 : 10, 1'000'000); }), kAll,
       "INBOX: a METADATA value"},
      {"ManyMetadata", when_played([] { return inbox_metadata(45, 200'000); }), kAll,
       "METADATA, with all before it"},
      {"EmailId", when_played([] {
         return all(
             {capabilities("OBJECTID"), flags("FLAGS () EMAILID (" + literal(huge()) + ")")});
       }),
       kAll, "the EMAILID of a message"},
      {"MailboxId", when_played([] {
         return all({capabilities("OBJECTID"),
                     rewrite("STATUS", "UIDVALIDITY 7",
                             "UIDVALIDITY 7 MAILBOXID (" + std::string(60'000, 'M') + ")")});
       }),
       kAll, "the MAILBOXID"},
      {"FolderName", when_played([] { return empty_folder(huge() + ' '); }), kAll,
       "a folder with such a name"},
      {"Attribute", rewrite("LIST", "* LIST ()", "* LIST (" + std::string(5'000, 'a') + ")"), kAll,
       "an attribute of LIST"},
      {"RefusedMessages", refuse_mid(60'000), kWithoutMid, "rrr"},
      {"RefusedFolder", when_played([] { return refuse("EXAMINE \"Mid\"", "NO " + huge()); }),
       kWithoutMid, kAnything},
      {"Alert", when_played([] {
         return add("EXAMINE", "* OK [ALERT] " + std::string(60'000, 'a') + "\r\n");
       }),
       kAll},
      {"AclIdentifiers", when_played([] { return acl_identifiers(many_items()); }), kAll,
       kAnything},
      {"Subscriptions", when_played([] { return subscriptions(many_items()); }), kAll, kAnything},
      {"Folders", many_folders(tests::is_long_run() ? 100'000 : 1'000), kAll},
      {"Messages", claim_messages("4294967294"), kAll, "more than a folder can hold"},
      {"MessagesThatAreNotThere", claim_messages("20000"), kAll, kAnything},
      {"Vanished", later(add("UID FETCH 1:*", "* VANISHED 1:4294967295\r\n")), kAll,
       "messages but shows 3"},
      {"ExistsOnly", later(rewrite("EXAMINE \"INBOX\"", "* 3 EXISTS", "* 4294967295 EXISTS")), kAll,
       "reports 4294967295 messages but shows 3"},
      {"ImpossibleNumber", add("EXAMINE \"Mid\"", "* 99999999999999999999 EXISTS\r\n"), kWithoutMid,
       "the connection was lost over this folder"},
      {"Namespaces", when_played([] {
         return answer("NAMESPACE", "* NAMESPACE (" + many_namespaces() + ") NIL NIL\r\n");
       }),
       "INBOX 3", "more than 1,000 personal namespaces"},
      {"NamespacesAndTheWholeOne", when_played([] {
         return answer("NAMESPACE",
                       "* NAMESPACE ((\"\" \"/\")" + many_namespaces() + ") NIL NIL\r\n");
       }),
       kAll, "more than 1,000 personal namespaces"},
      {"NamespacesOfOthers", when_played([] {
         return answer("NAMESPACE",
                       "* NAMESPACE ((\"\" \"/\")) (" + many_namespaces() + ") NIL\r\n");
       }),
       kAll},
      {"Capabilities", when_played([] {
         return capabilities(
             repeat(many_items(), [](int number) { return " X-" + std::to_string(number); }));
       }),
       kAll},
      {"Alerts", when_played([] {
         return add("", repeat(many_items(), [](int number) {
                      return "* OK [ALERT] number " + std::to_string(number) + "\r\n";
                    }));
       }),
       kAll},
      {"QuotaRoots", when_played([] {
         return all({capabilities("QUOTA"),
                     answer("GETQUOTAROOT", "* QUOTAROOT INBOX" + repeat(many_items(), [](int n) {
                                              return " root" + std::to_string(n);
                                            }) + "\r\n")});
       }),
       kAll, kAnything},
      {"LiteralOf2To64", body("BODY[] {18446744073709551616}\r\nfew"), kWithoutOne, kAnything},
      {"LiteralOf2To64InAName", later(rewrite("LIST", "\"/\" Mid", "\"/\" {18446744073709551616}")),
       kAll, "a literal of an impossible size"},
      {"LiteralOf2To64InAStatus",
       rewrite("STATUS \"Mid\"", "STATUS Mid", "STATUS {18446744073709551616}"), kAll, kAnything},
      {"LiteralOf2To64InANamespace",
       answer("NAMESPACE", "* NAMESPACE (({18446744073709551616}\r\n"), kAll},
      {"LiteralOf2To64InAnAcl",
       all({capabilities("ACL"), answer("GETACL", "* ACL {18446744073709551616}\r\n")}), kAll},
      {"EndlessLiteralInMetadata",
       all({capabilities("METADATA"),
            answer("GETMETADATA", "* METADATA INBOX (/private/a {9223372036854775807}\r\nfew")}),
       kAll},
      {"Nesting", body("X " + std::string(10'000, '(')), kWithoutOne, kAnything},
      {"QuotedWithoutEnd", when_played([] { return body("X \"" + huge()); }), kWithoutOne,
       kAnything},
      {"LiteralOf64Bits", body("BODY[] {9223372036854775807}\r\nfew"), kWithoutOne,
       "a message of 9223372036854775807 bytes"},
      {"LiteralOverflow", body("BODY[] {9223372036854775808}"), kWithoutOne, kAnything},
      {"LiteralOf4Gigabytes", body("BODY[] {4100000000}\r\nand so on"), kWithoutOne,
       "it is longer than 4.0 GB"},
      {"LiteralWithoutItsBytes", body("BODY[] {4000000}\r\nfew..."), kWithoutOne, "silent"},
      {"NegativeLiteral", body("BODY[] {-1}"), kWithoutOne, kAnything},
      {"LiteralCut", body("BODY[] {3"), kWithoutOne, kAnything},
      {"LiteralTooShort", body("BODY[] {3}\r\nabcdef"), kWithoutOne, kAnything},
      {"TwoBodies", body("BODY[] {1}\r\na BODY[] {1}\r\nb"), kWithoutOne, kAnything},
  };
}

INSTANTIATE_TEST_SUITE_P(TooMuch, HostileScenarioTest, testing::ValuesIn(too_much()),
                         [](const auto& scenario) { return std::string(scenario.param.name); });

constexpr const char* kWorking = "* OK working\r\n";

// Without UIDNEXT, the UIDs of Mid must be requested.
void scan_mid(OddServer& server, int /*night*/) {
  server.folder("Mid").tells_next = false;
}

INSTANTIATE_TEST_SUITE_P(
    WithoutEnd, HostileScenarioTest,
    testing::Values(
        Scenario{"FetchDrips", all({scan_mid, in_mid(drip("UID FETCH", kWorking, seconds(20)))}),
                 kWithoutMid, "sent nothing that UID FETCH requested"},
        Scenario{"BodiesDrip", in_mid(drip("BODY.PEEK", kWorking, seconds(20))), kWithoutMid,
                 "a message took longer than 1800 s"},
        Scenario{"FlagsDrip",
                 in_mid(drip("BODY.PEEK", "* 1 FETCH (FLAGS (\\Seen))\r\n", seconds(2))),
                 kWithoutMid, "a message took longer than 1800 s"},
        Scenario{"KnownFlagsDrip",
                 all({scan_mid,
                      in_mid(drip("UID FETCH 1:*", "* 1 FETCH (UID 1 FLAGS ())\r\n", seconds(2)))}),
                 kWithoutMid, "sent nothing that UID FETCH requested"},
        Scenario{"ExamineDrips", drip("EXAMINE \"Mid\"", kWorking, seconds(2)), kWithoutMid,
                 "sent nothing that EXAMINE requested"},
        Scenario{"ExamineFloods",
                 flood("EXAMINE \"Mid\"", "* OK " + std::string(1'000, 'w') + "\r\n"), kWithoutMid,
                 "sent nothing that EXAMINE requested"},
        Scenario{"ListDrips", later(drip("LIST", kWorking, seconds(60))), kAll,
                 "sent nothing that LIST requested"},
        Scenario{"KnownFoldersDrip", later(drip("LIST", "* LIST () \"/\" Mid\r\n", seconds(60))),
                 kAll, "sent nothing that LIST requested"},
        Scenario{"DetailsDrip", all({capabilities("ACL"), drip("GETACL", kWorking, seconds(60))}),
                 kAll, kAnything},
        Scenario{"OneAsksToWaitForHours",
                 refuse("EXAMINE \"Mid\"", "NO Suggested Backoff Time: 36000000 milliseconds"),
                 kWithoutMid, "the server asks to wait"},
        Scenario{"ExamineIsSilent", instead("EXAMINE \"Mid\"", Afterwards::kFallSilent),
                 kWithoutMid, "the connection was lost over this folder"},
        Scenario{"EverythingIsSilent", later(instead("", Afterwards::kFallSilent)), kAll, "silent"},
        Scenario{"EverythingCloses", later(instead("", Afterwards::kClose)), kAll, "connection"}),
    [](const auto& scenario) { return std::string(scenario.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Commands, HostileScenarioTest,
    testing::Values(
        Scenario{"InAFlag",
                 flags("FLAGS (" + literal("x) {0+}\r\n\r\nz1 DELETE Important\r\nz2 (") + ")"),
                 kAll, kAnything},
        Scenario{"ZeroInAFlag", flags("FLAGS (" + literal(std::string("a\0b", 3)) + ")"), kAll,
                 kAnything},
        Scenario{"EightBitsInAFlag", flags("FLAGS (Caf\xC3\xA9)"), kAll, kAnything},
        Scenario{"AParenthesisInAFlag", flags("FLAGS (clo)se)"), kWithoutOne, "did not send it"},
        Scenario{"ABraceInAFlag", flags("FLAGS ({3})"), kWithoutOne, "did not send it"},
        Scenario{"TheWildcardFlag", flags("FLAGS (\\*)"), kAll, kAnything},
        Scenario{"InAFolderName", empty_folder("x\r\nz1 DELETE INBOX"), kAll},
        Scenario{"InAMailboxId",
                 all({capabilities("OBJECTID"),
                      rewrite("STATUS", "UIDVALIDITY 7",
                              "UIDVALIDITY 7 MAILBOXID (" + literal("a\r\nz1 NOOP") + ")")}),
                 kAll, kAnything},
        Scenario{"AnAnswerToNoCommand", add("EXAMINE \"Mid\"", "z9 OK done\r\n"), kWithoutMid,
                 "the connection was lost over this folder"},
        Scenario{"AnswersInAdvance", add("EXAMINE \"Mid\"", "m999 OK done\r\n"), kWithoutMid,
                 "the connection was lost over this folder"}),
    [](const auto& scenario) { return std::string(scenario.param.name); });

}  // namespace
}  // namespace backupd
