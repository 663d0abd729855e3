#include "base/shell_quote.h"

#include <gtest/gtest.h>

#include "tests/servers/process.h"

namespace base {
namespace {

TEST(ShellQuoteTest, APlainWordStaysAsItIs) {
  EXPECT_EQ(shell_quoted("Archive/2023"), "Archive/2023");
  EXPECT_EQ(shell_quoted(""), "''");
}

TEST(ShellQuoteTest, TheShellReadsTheOriginalText) {
  for (const std::string word : {"", "two words", "it's", "$(date)", "`x`", "a\\b", "~", "Größe",
                                 "a;b", "*?", "\x1b[2J", "tab\t1", "\xff\x31", "nl\n'\\"}) {
    const auto result = servers::run_program({"bash", "-c", "printf %s " + shell_quoted(word)});
    EXPECT_EQ(result.out, word) << shell_quoted(word);
  }
}

TEST(ShellQuoteTest, NothingThatMovesTheCursorIsLeft) {
  EXPECT_EQ(shell_quoted("\x1b[2J"), "$'\\033[2J'");
}

}  // namespace
}  // namespace base
