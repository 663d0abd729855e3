#include "base/terminal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/utf8.h"

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

TEST(TerminalTest, ATableWithoutRowsIsEmpty) {
  EXPECT_EQ(format_table({{"FOLDER"}, {"MESSAGES", Align::kRight}}, {}), "");
}

TEST(TerminalTest, CutsATableToTheTerminalWhereAllowed) {
  const std::vector<Column> columns = {{"DATE"},
                                       {"SUBJECT", Align::kLeft, Width::kCut},
                                       {"FROM", Align::kLeft, Width::kCut},
                                       {"ID"}};
  const std::vector<std::vector<std::string>> rows = {
      {"2026-11-24", "Überraschung für Größe und alle", "Anna", "1234"}};
  EXPECT_EQ(format_table(columns, rows, {.table = 40}),
            "DATE        SUBJECT           FROM  ID\n"
            "2026-11-24  Überraschung fü…  Anna  1234\n");
  EXPECT_EQ(format_table(columns, rows, {.table = 20}),
            "DATE\n"
            "    SUBJECT     FROM\n"
            "    ID\n"
            "2026-11-24\n"
            "    Überrasch…  Anna\n"
            "    1234\n")
      << "never narrower than the minimum, nor wider than the room";
  EXPECT_EQ(format_table(columns, rows, {.table = 200}), format_table(columns, rows));
}

// The columns of a search.
TEST(TerminalTest, ATableOfWholeColumnsFitsANarrowTerminal) {
  const std::vector<Column> columns = {{"DATE"},
                                       {"FROM", Align::kLeft, Width::kCut},
                                       {"SUBJECT", Align::kLeft, Width::kCut},
                                       {"FOLDER", Align::kLeft, Width::kCut},
                                       {"SIZE", Align::kRight},
                                       {"LAST SEEN"},
                                       {"SNAPSHOT"},
                                       {"ID"}};
  const std::string time = "2026-11-24 02:30:00 +01:00";
  const std::string id(16, 'a');
  const std::string text(50, 'x');
  const std::vector<std::vector<std::string>> rows(
      2, {time, text, text, text, "43.2 MB", time, id, id});
  for (const std::size_t room : {200U, 80U, 40U, 32U}) {
    const std::string table = format_table(columns, rows, {.table = room});
    std::size_t widest = 0;
    for (std::size_t begin = 0; begin < table.size();) {
      const std::size_t end = table.find('\n', begin);
      widest = std::max(widest, display_width(table.substr(begin, end - begin)));
      begin = end + 1;
    }
    EXPECT_LE(widest, room) << table;
    EXPECT_NE(table.find(time), std::string::npos) << "it can be typed back";
    EXPECT_NE(table.find(id), std::string::npos);
  }
}

TEST(TerminalTest, ATableIsAlignedByDisplayColumns) {
  // Wide characters take two columns, combining marks take no column.
  const std::vector<Column> columns = {{"FOLDER", Align::kLeft, Width::kCut},
                                       {"MESSAGES", Align::kRight}};
  const std::vector<std::vector<std::string>> rows = {
      {"日本語", "12"}, {"Mu\xcc\x88ll", "3"}, {"📬 Post", "4"}, {"Archive", "1,204"}};
  EXPECT_EQ(format_table(columns, rows),
            "FOLDER   MESSAGES\n"
            "日本語         12\n"
            "Mu\xcc\x88ll            3\n"
            "📬 Post         4\n"
            "Archive     1,204\n");
}

TEST(TerminalTest, ACutNeverExceedsTheRoomNorSplitsACharacter) {
  const std::vector<Column> columns = {{"NAME", Align::kLeft, Width::kCut}, {"ID"}};
  EXPECT_EQ(format_table(columns, {{"日本語日本語日本語", "1"}}, {.cell = 10}),
            "NAME        ID\n"
            "日本語日…   1\n");
  EXPECT_EQ(format_table(columns, {{"日本語日本語日本語", "1"}}, {.cell = 11}),
            "NAME         ID\n"
            "日本語日本…  1\n");
  EXPECT_EQ(format_table(columns,
                         {{"e\xcc\x81"
                           "e\xcc\x81"
                           "e\xcc\x81"
                           "e\xcc\x81"
                           "e",
                           "1"}},
                         {.cell = 4}),
            "NAME  ID\n"
            "e\xcc\x81"
            "e\xcc\x81"
            "e\xcc\x81…  1\n");
}

TEST(TerminalTest, WithoutATerminalLongCellsAreCutUnlessAllIsWanted) {
  const TableRoom room = output_room();
  if (::isatty(STDOUT_FILENO) == 0) {
    EXPECT_EQ(room.table, 0U);
    EXPECT_EQ(room.cell, kMaxCell);
  } else {
    EXPECT_GT(room.table, 0U);
  }
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
