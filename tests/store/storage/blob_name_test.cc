#include "store/storage/blob_name.h"

#include <gtest/gtest.h>

#include "tests/expect_error.h"

namespace store {
namespace {

TEST(BlobNameTest, ConsistsOfAreaAndKey) {
  const BlobName name("commits", "00000000000000000007.3.ab-cd");
  EXPECT_EQ("commits", name.area());
  EXPECT_EQ("00000000000000000007.3.ab-cd", name.key());
  EXPECT_EQ("commits/00000000000000000007.3.ab-cd", name.text());
  EXPECT_LT(name, BlobName("commits", "00000000000000000008"));
  EXPECT_LT(name, BlobName("keys", "0"));
}

TEST(BlobNameTest, AKeyThatAFileSystemCouldMisreadIsRefused) {
  for (const std::string_view key : {"a", "0", "a.b-c", "a..b"}) {
    EXPECT_TRUE(BlobName::is_key(key)) << key;
  }
  for (const std::string_view key : {"", ".", "..", ".a", "a.", "-a", "a-", "a/b", "/a", "A", "a b",
                                     "a_b", "\xC3\xA4", "a\n", ".mailstow-1-1.tmp"}) {
    EXPECT_FALSE(BlobName::is_key(key)) << key;
    EXPECT_ERROR(kInternal, "not a key", BlobName("packs", key));
    EXPECT_ERROR(kInternal, "not an area", BlobName(key, "a"));
  }
  const std::string_view with_zero("a\0b", 3);
  EXPECT_FALSE(BlobName::is_key(with_zero));
}

TEST(BlobNameTest, AKeyFitsIntoAnyFileSystem) {
  EXPECT_TRUE(BlobName::is_key(std::string(BlobName::kMaxKey, 'a')));
  EXPECT_FALSE(BlobName::is_key(std::string(BlobName::kMaxKey + 1, 'a')));
  EXPECT_NO_THROW(BlobName::require_area(std::string(BlobName::kMaxArea, 'a')));
  EXPECT_ERROR(kInternal, "not an area",
               BlobName::require_area(std::string(BlobName::kMaxArea + 1, 'a')));
}

}  // namespace
}  // namespace store
