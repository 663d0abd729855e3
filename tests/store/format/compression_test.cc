#include "store/format/compression.h"

#include <random>

#include <gtest/gtest.h>

namespace store {
namespace {

base::Bytes noise(std::size_t size) {
  std::mt19937 random(3);
  base::Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

base::Bytes words(std::size_t count) {
  std::mt19937 random(5);
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "word" + std::to_string(random() % 5'000) + ' ';
  const base::ByteView view = base::as_bytes(text);
  return {view.begin(), view.end()};
}

TEST(CompressionTest, EachContentComesBack) {
  Decompressor decompressor;
  for (const BlockContent content : {BlockContent::kText, BlockContent::kBinary}) {
    for (const int level : {1, kProbingLevel, 17}) {
      Compressor compressor(level);
      for (const base::Bytes& plain : {base::Bytes(), noise(1), noise(200'000), words(20'000)}) {
        const base::ByteView frame = compressor.compress(plain, content);
        EXPECT_EQ(decompressor.decompress(frame, plain.size()), plain);
      }
    }
  }
}

// One compressor seals blocks of all streams in turn.
TEST(CompressionTest, AnEarlierBlockDoesNotChangeTheNextOne) {
  const base::Bytes text = words(20'000);
  Compressor fresh(17);
  const base::ByteView expected = fresh.compress(text);
  Compressor used(17);
  used.compress(noise(100'000), BlockContent::kBinary);
  EXPECT_EQ(used.compress(text).size(), expected.size());
}

TEST(CompressionTest, AStrongLevelSearchesOnlyWhatAFastOneMakesSmaller) {
  Compressor strong(17);
  Compressor probing(kProbingLevel);
  const base::Bytes text = words(20'000);
  EXPECT_LT(strong.compress(text, BlockContent::kBinary).size(),
            probing.compress(text, BlockContent::kBinary).size());
  const base::Bytes jpeg_like = noise(200'000);
  EXPECT_EQ(strong.compress(jpeg_like, BlockContent::kBinary).size(),
            probing.compress(jpeg_like, BlockContent::kBinary).size());
}

TEST(CompressionTest, WorthwhileIsASixtyFourthLess) {
  EXPECT_TRUE(is_worthwhile(6'300, 6'400));
  EXPECT_FALSE(is_worthwhile(6'301, 6'400));
  EXPECT_FALSE(is_worthwhile(10, 0)) << "the frame of nothing has a head";
}

}  // namespace
}  // namespace store
