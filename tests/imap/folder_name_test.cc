#include "imap/folder_name.h"

#include <map>

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace imap {
namespace {

std::string shown(std::string_view raw, char delimiter = '/', std::string_view prefix = {}) {
  return shown_folder_name(raw, delimiter, prefix);
}

std::string raw(std::string_view name, char delimiter = '/', std::string_view prefix = {}) {
  return raw_folder_name(name, delimiter, prefix);
}

TEST(FolderNameTest, ShowsDecodedLevels) {
  EXPECT_EQ(shown("INBOX"), "INBOX");
  EXPECT_EQ(shown("Entw&APw-rfe/Gr&APYA3w-e"), "Entwürfe/Größe");
  EXPECT_EQ(shown("Archive.2023", '.'), "Archive/2023");
  EXPECT_EQ(shown("Tom &- Jerry"), "Tom & Jerry");
  EXPECT_EQ(shown("INBOX.Sent", '.', "INBOX."), "Sent");
}

TEST(FolderNameTest, EscapesMisleadingCharacters) {
  EXPECT_EQ(shown("a/b", '.'), "a%2Fb");
  EXPECT_EQ(shown("100%"), "100%25");
  EXPECT_EQ(shown("&AAo-"), "%0A");
  EXPECT_EQ(shown("&IC4-txt"), "%E2%80%AEtxt");  // right-to-left override
  EXPECT_EQ(shown("a/b", 0), "a%2Fb");
}

TEST(FolderNameTest, MarksLevelsThatAreNotModifiedUtf7) {
  EXPECT_EQ(shown("Entw\xC3\xBCrfe"), "Entwürfe%");
  EXPECT_EQ(shown("A&B/c"), "A&B%/c");
  EXPECT_EQ(shown("\xFF\n"), "%FF%0A%");
}

TEST(FolderNameTest, MarksNamesOutsideThePersonalPrefix) {
  EXPECT_EQ(shown("INBOX", '.', "INBOX."), "INBOX");
  EXPECT_EQ(shown("INBOX.INBOX", '.', "INBOX."), "%49NBOX");
  EXPECT_EQ(shown("Public.x", '.', "INBOX."), "%/Public/x");
}

TEST(FolderNameTest, ConvertsNamesOfNewFolders) {
  EXPECT_EQ(raw("RESTORED/20261124T023000", '.', "INBOX."), "INBOX.RESTORED.20261124T023000");
  EXPECT_EQ(raw("Entwürfe/Größe"), "Entw&APw-rfe/Gr&APYA3w-e");
  EXPECT_EQ(raw("inbox", '.', "INBOX."), "inbox");
  EXPECT_EQ(raw("50% off/%C3%A4"), "50% off/&AOQ-");
  EXPECT_EQ(raw("a/b", 0), "a/b");
}

struct Place {
  char delimiter;
  std::string prefix;
};

rc::Gen<Place> places() {
  return rc::gen::element(Place{'/', ""}, Place{'.', ""}, Place{'.', "INBOX."}, Place{'/', "Mail/"},
                          Place{0, ""}, Place{'\\', ""}, Place{'-', ""});
}

// Names made of characters that could be mistaken for escapes or delimiters.
rc::Gen<std::string> raw_names() {
  const auto piece = rc::gen::element<std::string>("INBOX", "inbox", "INBOX.", "Mail/", "/", ".",
                                                   "%", "%2F", "%49", "&", "&-", "&APw-", "&AAo-",
                                                   "\n", "\xC3\xBC", "\xFF", "a", "B", " ", "\"",
                                                   "\\", "-", "&2D3eAA-", "&IC4-", "\xE2\x80\xAE");
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                      [](const std::vector<std::string>& pieces) {
                        std::string name;
                        for (const std::string& one : pieces) name += one;
                        return name;
                      });
}

RC_GTEST_PROP(FolderNameProperty, ShownNamesLeadBackToTheRawOnes, ()) {
  const Place place = *places();
  const std::string name = *raw_names();
  const std::string shown_name = shown(name, place.delimiter, place.prefix);
  RC_ASSERT(raw(shown_name, place.delimiter, place.prefix) == name);
}

RC_GTEST_PROP(FolderNameProperty, AnyBytesLeadBackToThemselves, ()) {
  const Place place = *places();
  const auto name = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  RC_ASSERT(raw(shown(name, place.delimiter, place.prefix), place.delimiter, place.prefix) == name);
}

}  // namespace
}  // namespace imap
