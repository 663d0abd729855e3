#include "base/terminal.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(TerminalTest, EscapesTextThatCouldMoveTheCursor) {
  EXPECT_EQ(escape_for_terminal("\x1b[2J\r\n\x7f"), "\\x1B[2J\\x0D\\x0A\\x7F");
  EXPECT_EQ(escape_for_terminal("\xc2\x9b"), "\\xC2\\x9B") << "C1 controls";
  EXPECT_EQ(escape_for_terminal("a\xe2\x80\xae"
                                "b"),
            "a\\xE2\\x80\\xAE"
            "b")
      << "right-to-left override";
  EXPECT_EQ(escape_for_terminal("\xff\xc3"), "\\xFF\\xC3") << "not UTF-8";
}

TEST(TerminalTest, LeavesOtherTextUnchanged) {
  EXPECT_EQ(escape_for_terminal("Entwürfe/日本語 100%"), "Entwürfe/日本語 100%");
}

TEST(TerminalTest, ATableIsAlignedByCharacters) {
  EXPECT_EQ(format_table({{"FOLDER"}, {"MESSAGES", Align::kRight}, {"NOTE"}},
                         {{"Müll", "12", "x"}, {"Archive/2023", "1,204", ""}}),
            "FOLDER        MESSAGES  NOTE\n"
            "Müll                12  x\n"
            "Archive/2023     1,204  \n");
}

TEST(TerminalTest, CutsATableToTheTerminalWhereAllowed) {
  const std::vector<Column> columns = {{"DATE"},
                                       {"SUBJECT", Align::kLeft, Width::kCut},
                                       {"FROM", Align::kLeft, Width::kCut},
                                       {"ID"}};
  const std::vector<std::vector<std::string>> rows = {
      {"2026-11-24", "Überraschung für Größe und alle", "Anna", "1234"}};
  EXPECT_EQ(format_table(columns, rows, 40),
            "DATE        SUBJECT           FROM  ID\n"
            "2026-11-24  Überraschung fü…  Anna  1234\n");
  EXPECT_EQ(format_table(columns, rows, 20),
            "DATE        SUBJECT     FROM  ID\n"
            "2026-11-24  Überrasch…  Anna  1234\n")
      << "never narrower than the minimum";
  EXPECT_EQ(format_table(columns, rows, 200), format_table(columns, rows));
}

TEST(TerminalTest, FormatsNumbersForPeople) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1204), "1,204");
  EXPECT_EQ(format_count(1234567), "1,234,567");
  EXPECT_EQ(format_size(999), "999 B");
  EXPECT_EQ(format_size(43'200'000), "43.2 MB");
  EXPECT_EQ(format_size(999'999), "1.0 MB");
}

}  // namespace
}  // namespace base
