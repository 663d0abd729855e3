#include "base/resolved_path.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace base {
namespace {

namespace fs = std::filesystem;

class ResolvedPathTest : public testing::Test {
 protected:
  ResolvedPathTest() {
    fs::create_directories(top_ / "store/packs");
    fs::create_directories(top_ / "store.index");
  }

  tests::TemporaryDirectory temporary_;
  Path top_ = resolved_path(temporary_.path());
  Path store_ = top_ / "store";
};

TEST_F(ResolvedPathTest, FollowsEveryLink) {
  fs::create_symlink(top_, top_ / "absolute");
  fs::create_symlink("store/packs", top_ / "relative");
  EXPECT_EQ(resolved_path(top_ / "absolute/store/./packs"), store_ / "packs");
  EXPECT_EQ(resolved_path(top_ / "relative/../key"), store_ / "key") << "as the kernel does it";
  EXPECT_EQ(resolved_path(top_ / "absolute/relative"), store_ / "packs");
  EXPECT_EQ(resolved_path("/"), "/");
  EXPECT_EQ(resolved_path("/../.."), "/");
  EXPECT_EQ(resolved_path("x/y"), resolved_path(fs::current_path() / "x/y"));
}

TEST_F(ResolvedPathTest, LeavesMissingPartsUnchanged) {
  fs::create_symlink(store_ / "key", top_ / "key");  // leads nowhere yet
  fs::create_symlink("loop", top_ / "loop");
  EXPECT_EQ(resolved_path(top_ / "key"), store_ / "key");
  EXPECT_EQ(resolved_path(top_ / "no/such/../file"), top_ / "no/file");
  EXPECT_EQ(resolved_path(top_ / "loop/file"), top_ / "loop/file");
}

TEST_F(ResolvedPathTest, AFileLiesInADirectoryHoweverItIsNamed) {
  fs::create_symlink(top_, top_ / "link");
  fs::create_symlink(store_, top_ / "other");
  std::ofstream(store_ / "key") << "key\n";
  for (const Path& inside : {store_, store_ / "key", store_ / "no/such", top_ / "link/store/index",
                             top_ / "other/index", top_ / "store.index/../store/key"}) {
    EXPECT_TRUE(lies_in(inside, store_)) << inside;
    EXPECT_TRUE(lies_in(inside, top_ / "other")) << inside;
  }
  for (const Path& outside : {top_, top_ / "store.index", top_ / "store.index/key", Path("/"),
                              top_ / "link/store.index", store_ / "../key"}) {
    EXPECT_FALSE(lies_in(outside, store_)) << outside;
    EXPECT_FALSE(lies_in(outside, top_ / "link/store")) << outside;
  }
}

// A store in a bucket has no path.
TEST_F(ResolvedPathTest, AnEmptyPathIsNoDirectory) {
  EXPECT_FALSE(lies_in(store_, ""));
  EXPECT_FALSE(lies_in("", store_));
  EXPECT_FALSE(lies_in("", "/"));
}

}  // namespace
}  // namespace base
