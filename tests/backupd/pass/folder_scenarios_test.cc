// Servers whose folders have odd names, or change their shape, name or place. A line of the table
// is a scenario (tests/backupd/pass/scenario.h).
#include <string>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/terminal.h"
#include "tests/backupd/pass/scenario.h"

namespace backupd {
namespace {

Play folder_of_one(const std::string& raw_name) {
  return folder(
      [](OddFolder& one) {
        if (one.messages.empty()) one.message(1, "Subject: one\r\n\r\n");
      },
      raw_name);
}

Play listed_as(const std::string& attributes) {
  return rewrite("LIST", "() \"/\" Mid", "(" + attributes + ") \"/\" Mid");
}

Play move_meanwhile(const std::string& to) {
  return meanwhile("EXAMINE \"Mid\"", [to](OddServer& server) {
    const OddFolder* const mid = server.find("Mid");
    if (mid == nullptr) return;
    if (!to.empty()) server.folder(to).messages = mid->messages;
    server.remove("Mid");
  });
}

class FolderScenarioTest : public testing::TestWithParam<Scenario> {};

TEST_P(FolderScenarioTest, LosesNothing) {
  play(GetParam());
}

std::string name_of_folder_scenario(const testing::TestParamInfo<Scenario>& scenario) {
  return scenario.param.name;
}

std::string many_levels() {
  std::string name = "a";
  for (int level = 1; level < 100; ++level) name += "/a";
  return name;
}

// "b" and one byte: each but NUL.
std::string name_with(int byte) {
  return std::string("b") + static_cast<char>(byte);
}

Play all_of_each_byte() {
  return [](OddServer& server, int night) {
    for (int byte = 1; byte < 256; ++byte) folder_of_one(name_with(byte))(server, night);
  };
}

std::string names_with_each_byte() {
  std::string names = kAll;
  for (int byte = 1; byte < 256; ++byte) {
    names += ", " + base::escape_for_terminal(name_with(byte)) + " 1";
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(
    Names, FolderScenarioTest,
    testing::Values(
        Scenario{"LongDelimiter", rewrite("LIST", "\"/\" Mid", "\"//\" Mid"), kAll},
        Scenario{"LongDelimiterOfTheNamespace", rewrite("NAMESPACE", "\"/\"", "\"//\""), kAll},
        Scenario{"AnotherDelimiter", rewrite("LIST", "\"/\" Mid", "\".\" Mid"), kAll},
        Scenario{"AnotherDelimiterLater", later(rewrite("LIST", "\"/\"", "NIL")), kAll},
        Scenario{"ListedThreeTimes",
                 add("LIST", "* LIST (\\Marked) \".\" Mid\r\n* LIST () NIL Mid\r\n"), kAll},
        Scenario{"NoselectLater", later(listed_as("\\Noselect")), kAll},
        Scenario{"NonExistentLater", later(listed_as("\\NonExistent \\HasChildren")), kAll},
        Scenario{"InboxInLowerCase", rewrite("LIST", "INBOX", "inbox"), kAll},
        Scenario{"InboxTwice", add("LIST", "* LIST () \"/\" inbox\r\n"), kAll},
        Scenario{"InboxInAnotherCaseLater", later(rewrite("LIST", "INBOX", "Inbox")), kAll},
        Scenario{"InboxInLowerCaseIsGone",
                 all({rewrite("LIST", "INBOX", "inbox"),
                      later(all({folder([](OddFolder& inbox) { inbox.is_listed = false; }, "INBOX"),
                                 refuse("STATUS \"INBOX", "NO [NONEXISTENT] gone")}))}),
                 kAll, "INBOX, which held 3 messages, no longer exists"},
        Scenario{"Empty", add("LIST", "* LIST () \"/\" \"\"\r\n"), kAll},
        Scenario{"ListedWithTheStatus",
                 add("STATUS", "* LIST () \"/\" Ghost\r\n* LIST () \"/\" \"Bob/private\"\r\n"),
                 kAll},
        Scenario{"ManyListedWithTheStatusOfOne",
                 all({refuse("STATUS \"Zlast\"", std::string(kHangUp)),
                      [](OddServer& server, int night) {
                        std::string lines;
                        for (int number = 0; number < 1'000; ++number) {
                          lines += fmt::format("* LIST () \"/\" ghost{}\r\n", number);
                        }
                        add("STATUS", lines)(server, night);
                      }}),
                 kAll, kAnything},
        Scenario{"DelimitersOnly", folder_of_one("//"), "// 1, INBOX 3, Mid 3, Zlast 1"},
        Scenario{"ManyLevels", folder_of_one(many_levels()),
                 "INBOX 3, Mid 3, Zlast 1, " + many_levels() + " 1"},
        Scenario{"InvalidUtf7", all({folder_of_one("&"), folder_of_one("&Jjo!")}),
                 "& 1, &Jjo! 1, INBOX 3, Mid 3, Zlast 1"},
        Scenario{"BrokenUtf7",
                 all({folder_of_one("&AGE"), folder_of_one("a&-b"), folder_of_one("&2D0-"),
                      folder_of_one("&AGE-&AGI-")}),
                 "&2D0- 1, &AGE 1, &AGE-&AGI- 1, INBOX 3, Mid 3, Zlast 1, a&-b 1"},
        Scenario{"EightBits", all({folder_of_one("Caf\xC3\xA9"), folder_of_one("Caf\xE9")}),
                 "Caf\xC3\xA9 1, Caf\\xE9 1, INBOX 3, Mid 3, Zlast 1"},
        Scenario{"EightBitsWithoutALiteral",
                 all({folder_of_one("Caf\xE9"), rewrite("LIST", literal("Caf\xE9"), "Caf\xE9")}),
                 "Caf\\xE9 1, INBOX 3, Mid 3, Zlast 1"},
        Scenario{"EachByte", all_of_each_byte(), names_with_each_byte()},
        Scenario{"NamedNil", folder_of_one("NIL"), "INBOX 3, Mid 3, NIL 1, Zlast 1"},
        Scenario{"Wildcards", all({folder_of_one("a*b"), folder_of_one("%")}),
                 "% 1, INBOX 3, Mid 3, Zlast 1, a*b 1"},
        Scenario{"BothNormalForms", all({folder_of_one("Caf&AOk-"), folder_of_one("Cafe&AwE-")}),
                 "Caf&AOk- 1, Cafe&AwE- 1, INBOX 3, Mid 3, Zlast 1"},
        Scenario{"LineEnds",
                 all({folder_of_one("a\rb"), folder_of_one("a\nb"), folder_of_one("a\r\nb")}),
                 "INBOX 3, Mid 3, Zlast 1, a\\x0Ab 1, a\\x0D\\x0Ab 1, a\\x0Db 1"},
        Scenario{"LineEndInQuotes",
                 add("LIST", "* LIST () \"/\" \"a\r\n* LIST () \"/\" \"b\rc\"\r\n"), kAll,
                 "a line of LIST is not understood"},
        Scenario{"Zero", add("LIST", "* LIST () \"/\" " + literal(std::string("a\0b", 3)) + "\r\n"),
                 kAll, "which IMAP does not allow"},
        Scenario{"DeletedMeanwhile", move_meanwhile(""), kWithoutMid},
        Scenario{"DeletedMeanwhileLater", later(move_meanwhile("")), kWithoutMid},
        Scenario{"RenamedMeanwhile", move_meanwhile("Moved"), "INBOX 3, Moved 3, Zlast 1"},
        Scenario{"RenamedMeanwhileLater", later(move_meanwhile("Moved")),
                 "INBOX 3, Moved 3, Zlast 1"}),
    name_of_folder_scenario);

}  // namespace
}  // namespace backupd
