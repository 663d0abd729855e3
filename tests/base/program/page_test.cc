#include "base/program/page.h"

#include <gmock/gmock.h>

#include "tests/expect_error.h"

namespace base {
namespace {

using testing::ElementsAre;

using Names = std::vector<std::string>;

std::optional<std::string> cut(Names& names, const Page& page) {
  return cut_to_page(names, page, [](const std::string& name) { return name; });
}

TEST(PageTest, TheNextOneBeginsAfterTheCursor) {
  Names names = {"a", "b", "c", "d", "e"};
  EXPECT_EQ(cut(names, {.limit = 2, .after = "b"}), "d");
  EXPECT_THAT(names, ElementsAre("c", "d"));
  names = {"a", "b"};
  EXPECT_EQ(cut(names, {.limit = 2, .after = ""}), std::nullopt);
  EXPECT_THAT(names, ElementsAre("a", "b"));
  EXPECT_EQ(cut(names, {.limit = 0, .after = "a"}), std::nullopt);
  EXPECT_THAT(names, ElementsAre("b"));
  EXPECT_EQ(cut(names, {.limit = 1, .after = "b"}), std::nullopt);
  EXPECT_THAT(names, ElementsAre());
  EXPECT_ERROR(kNotFound, "the list has no such entry", cut(names, {.limit = 1, .after = "b"}));
}

TEST(PageTest, EqualNamesComeToAnEnd) {
  const Names whole = {"a", "b", "a", "a~2", "a", "b"};
  for (const std::size_t limit : {1U, 2U, 3U, 6U}) {
    Names all;
    Page page{.limit = limit, .after = ""};
    while (all.size() <= whole.size()) {
      Names names = whole;
      const auto next = cut(names, page);
      all.insert(all.end(), names.begin(), names.end());
      if (!next) break;
      page.after = *next;
    }
    EXPECT_EQ(all, whole) << limit;
  }
}

TEST(PageTest, TheHintOfTheNextOneCanBePasted) {
  EXPECT_EQ(next_page_text(std::nullopt), "");
  EXPECT_EQ(next_page_text("it's"), "There are more: --after='it'\\''s' shows them.\n");
}

}  // namespace
}  // namespace base
