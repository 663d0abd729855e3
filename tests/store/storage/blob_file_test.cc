#include "store/storage/blob_file.h"

#include <gtest/gtest.h>

#include "tests/expect_error.h"
#include "tests/store/storage/model_storage.h"

namespace store {
namespace {

class BlobFileTest : public testing::Test {
 protected:
  base::Bytes read(base::File& file, std::uint64_t offset, std::size_t size) {
    base::Bytes bytes(size);
    bytes.resize(file.read_at(offset, bytes));
    return bytes;
  }

  tests::ModelStorage storage_;
  BlobName name_{"packs", "a"};
};

TEST_F(BlobFileTest, ReadsAtOffsetsWithOneRequestEach) {
  EXPECT_EQ(nullptr, open_blob(storage_, name_));
  storage_.put(name_, base::as_bytes("0123456789"));
  const std::unique_ptr<base::File> file = open_blob(storage_, name_);
  ASSERT_NE(nullptr, file);
  EXPECT_EQ(10U, file->size());
  EXPECT_EQ(base::to_bytes("234"), read(*file, 2, 3));
  EXPECT_EQ(base::to_bytes("9"), read(*file, 9, 5));
  EXPECT_EQ(base::Bytes(), read(*file, 10, 5));
  EXPECT_EQ(3U, storage_.operations("get"));
  EXPECT_EQ(2U, storage_.operations("size"));
}

TEST_F(BlobFileTest, ABlobThatIsRemovedMeanwhileIsMissing) {
  storage_.put(name_, base::as_bytes("0123456789"));
  const std::unique_ptr<base::File> file = open_blob(storage_, name_);
  ASSERT_TRUE(storage_.remove(std::vector{name_}).empty());
  EXPECT_ERROR(kDamaged, "packs/a: it is missing", read(*file, 0, 1));
}

TEST_F(BlobFileTest, IsNeverWritten) {
  storage_.put(name_, base::as_bytes("0123456789"));
  const std::unique_ptr<base::File> file = open_blob(storage_, name_);
  EXPECT_ERROR(kInternal, "never changed", file->write(base::as_bytes("x")));
  EXPECT_ERROR(kInternal, "never changed", file->sync());
}

}  // namespace
}  // namespace store
