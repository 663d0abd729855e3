#include "imap/command.h"

#include <gmock/gmock.h>

#include "tests/expect_error.h"

namespace imap {
namespace {

// The command's bytes, including literals.
std::string sent(Command command) {
  std::string text;
  for (const Command::Part& part : std::move(command).take_parts()) {
    text += part.text;
    text += part.borrowed.empty() ? part.owned : base::as_text(part.borrowed);
  }
  return text;
}

Command command(FixedText verb) {
  return {verb, LiteralMode::kPlus};
}

TEST(CommandTest, PutsASpaceBeforeEachArgument) {
  const std::vector<std::string> uses = {"\\Sent"};
  EXPECT_EQ(sent(command("CREATE").string("a").uses(uses)), "CREATE \"a\" (USE (\\Sent))\r\n");
  const std::vector<FixedText> items = {"MESSAGES", "SIZE"};
  EXPECT_EQ(sent(command("LIST").text("\"\"").string("*").return_status(true, items)),
            "LIST \"\" \"*\" RETURN (SPECIAL-USE STATUS (MESSAGES SIZE))\r\n");
  EXPECT_EQ(sent(command("EXAMINE").string("a").resync(7, 12)),
            "EXAMINE \"a\" (QRESYNC (7 12))\r\n");
  EXPECT_EQ(sent(command("UID FETCH").uids(UidSet::all()).list(items).changed_since(5)),
            "UID FETCH 1:* (MESSAGES SIZE) (CHANGEDSINCE 5)\r\n");
}

TEST(CommandTest, PutsASpaceAfterALiteral) {
  EXPECT_EQ(sent(command("STATUS").string("a\nb").text("(SIZE)")), "STATUS {3}\r\na\nb (SIZE)\r\n");
}

TEST(CommandTest, RejectsAQuotaNameThatIsNotAnAtom) {
  const std::vector<QuotaResource> good = {{"STORAGE", 0, 5}};
  EXPECT_EQ(sent(command("SETQUOTA").string("").limits(good)), "SETQUOTA \"\" (STORAGE 5)\r\n");
  EXPECT_EQ(sent(command("SETQUOTA").string("").limits({})), "SETQUOTA \"\" ()\r\n");
  for (const std::string bad : {"", "a b", "a(", "a)", "{3}", "%", "*", "\"a\"", "a\\", "a]",
                                "a\r\nb", "Caf\xC3\xA9", "\x7F", "STORAGE 5) z1"}) {
    const std::vector<QuotaResource> limits = {{bad, 0, 1}};
    EXPECT_ERROR(kRefused, "not a name that IMAP allows", command("SETQUOTA").limits(limits));
  }
}

TEST(CommandTest, AlwaysWaitsForAValueInALiteral) {
  Command creating = command("CREATE");
  creating.string("a\r\nz1 DELETE b");
  const std::vector<Command::Part> parts = std::move(creating).take_parts();
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_TRUE(parts[0].waits);
  EXPECT_EQ(parts[0].text, "CREATE {14}\r\n");
}

TEST(CommandTest, QuotesValuesIfPossible) {
  EXPECT_EQ(sent(command("CREATE").string("a\"b\\c) (d {3}")),
            "CREATE \"a\\\"b\\\\c) (d {3}\"\r\n");
}

TEST(CommandTest, OmitsFlagsThatNoCommandCanCarry) {
  const std::vector<std::string> flags = {"\\Seen", "x)\r\nz1 NOOP", "\\Recent",   "\\*",
                                          "$ok",    "\\Fo o",        "Caf\xC3\xA9"};
  EXPECT_EQ(sent(command("STORE").flags(flags)), "STORE (\\Seen $ok)\r\n");
  EXPECT_EQ(sent(command("STORE").flags({})), "STORE ()\r\n");
}

}  // namespace
}  // namespace imap
