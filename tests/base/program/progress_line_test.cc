#include "base/program/progress_line.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(ProgressLineTest, ALineIsCutByTheColumnsThatItsCharactersTake) {
  EXPECT_EQ(cut_to_line("12 MB, alice", 13), "12 MB, alice");
  EXPECT_EQ(cut_to_line("12 MB, alice", 12), "12 MB, alic");
  EXPECT_EQ(cut_to_line("日本語日本語", 13), "日本語日本語");
  EXPECT_EQ(cut_to_line("日本語日本語", 12), "日本語日本");
  EXPECT_EQ(cut_to_line("📬📬", 4), "📬");
  EXPECT_EQ(cut_to_line("Mu\xcc\x88ll", 5), "Mu\xcc\x88ll") << "a mark takes no column";
  EXPECT_EQ(cut_to_line("\xff\xff", 2), "\xff");
}

}  // namespace
}  // namespace base
