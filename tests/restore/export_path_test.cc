#include "restore/export_path.h"

#include <rapidcheck/gtest.h>

namespace restore {
namespace {

TEST(ExportPathTest, OrdinaryNamesStayAsTheyAre) {
  EXPECT_EQ(file_name_of("Archive 2023"), "Archive 2023");
  EXPECT_EQ(file_name_of("Entwürfe"), "Entwürfe");
  EXPECT_EQ(file_name_of("a.b_c-d"), "a.b_c-d");
}

TEST(ExportPathTest, NothingLeavesTheFolderOrHides) {
  EXPECT_EQ(file_name_of(".."), "%2E%2E");
  EXPECT_EQ(file_name_of("."), "%2E");
  EXPECT_EQ(file_name_of(""), "%");
  EXPECT_EQ(file_name_of(".ssh"), "%2Essh");
  EXPECT_EQ(file_name_of("-rf"), "%2Drf");
  EXPECT_EQ(file_name_of("a/b"), "a%2Fb");
  EXPECT_EQ(file_name_of(std::string_view("a\0b", 3)), "a%00b");
  EXPECT_EQ(file_name_of("a\nb\x1b[2J"), "a%0Ab%1B[2J");
  EXPECT_EQ(file_name_of("x\xff"), "x%FF");
  EXPECT_EQ(file_name_of("ends. "), "ends.%20");
  EXPECT_EQ(file_name_of("a:b*c?\"<>|\\"), "a%3Ab%2Ac%3F%22%3C%3E%7C%5C");
}

TEST(ExportPathTest, NoFolderHasTheNameOfAFileOfTheExport) {
  EXPECT_EQ(file_name_of("manifest.jsonl"), "manifest.json%6C");
  EXPECT_EQ(file_name_of("Manifest-Incomplete.jsonl"), "Manifest-Incomplete.json%6C");
  EXPECT_EQ(file_name_of("Cur"), "Cu%72");
  EXPECT_EQ(file_name_of("dovecot-keywords"), "dovecot-keyword%73");
  EXPECT_EQ(file_name_of("0000000001.eml"), "0000000001.em%6C");
  EXPECT_EQ(file_name_of("A.MBOX"), "A.MBO%58");
  EXPECT_EQ(file_name_of("curtains"), "curtains");
}

TEST(ExportPathTest, NoFolderHasTheNameOfAWindowsDevice) {
  EXPECT_EQ(file_name_of("CON"), "%43ON");
  EXPECT_EQ(file_name_of("nul"), "%6Eul");
  EXPECT_EQ(file_name_of("aux.2023"), "%61ux.2023");
  EXPECT_EQ(file_name_of("prn .x"), "%70rn .x");
  EXPECT_EQ(file_name_of("Com1"), "%43om1");
  EXPECT_EQ(file_name_of("LPT\u00b2"), "%4CPT\u00b2");
  EXPECT_EQ(file_name_of("CONIN$"), "CONIN%24");
  EXPECT_EQ(file_name_of("Contacts"), "Contacts");
  EXPECT_EQ(file_name_of("com"), "com");
  EXPECT_EQ(file_name_of("com10"), "com10");
}

TEST(ExportPathTest, FlattensAPathThatIsTooDeep) {
  std::string deep = "a";
  for (int level = 0; level < 2000; ++level) deep += "/a";
  EXPECT_LE(ExportPaths().path_of(deep).native().size(), 200U);
  EXPECT_NE(ExportPaths().path_of(deep), ExportPaths().path_of(deep + "b"));
}

TEST(ExportPathTest, LongNamesAreCutBetweenCharactersAndStayDistinct) {
  std::string name;
  for (int part = 0; part < 200; ++part) name += "ü";
  const std::string first = file_name_of(name + "1");
  const std::string second = file_name_of(name + "2");
  EXPECT_LE(first.size(), 200U);
  EXPECT_NE(first, second);
  EXPECT_TRUE(first.starts_with("üü"));
}

TEST(ExportPathTest, FoldersThatDifferOnlyInCaseGetDifferentNames) {
  ExportPaths paths;
  EXPECT_EQ(paths.path_of("Work/Old"), "Work/Old");
  EXPECT_EQ(paths.path_of("work/old"), "work/old~2");
  EXPECT_EQ(paths.path_of("WORK/OLD"), "WORK/OLD~3");
  EXPECT_EQ(paths.path_of("\u00c4rger"), "\u00c4rger");
  EXPECT_EQ(paths.path_of("\u00e4rger"), "\u00e4rger~2");
}

TEST(ExportPathTest, FoldersThatLookTheSameGetDifferentNames) {
  ExportPaths paths;
  EXPECT_EQ(paths.path_of("M\u00fcll"), "M\u00fcll");
  EXPECT_EQ(paths.path_of("Mu\u0308ll"), "Mu\u0308ll~2") << "NFD";
  EXPECT_EQ(paths.path_of("Mull"), "Mull");
}

TEST(ExportPathTest, NoFolderHasAReservedNameInOtherLetters) {
  EXPECT_EQ(file_name_of("manife\u017ft.jsonl"), "manife\u017ft.json%6C") << "the long s";
  EXPECT_EQ(file_name_of("cu\uff52"), "cu%EF%BD%92") << "a whole character";
}

RC_GTEST_PROP(ExportPathTest, AnyNameStaysBelowTheFolderAndInOnePlace, (const std::string& name)) {
  const base::Path path = ExportPaths().path_of(name);
  RC_ASSERT(path.is_relative());
  for (const base::Path& part : path) {
    RC_ASSERT(!part.empty());
    RC_ASSERT(part != "." && part != "..");
    RC_ASSERT(part.string().size() <= 210U);
  }
  RC_ASSERT(ExportPaths().path_of(name) == path);
}

}  // namespace
}  // namespace restore
