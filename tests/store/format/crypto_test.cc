#include "store/format/crypto.h"

#include <algorithm>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace store {
namespace {

base::Bytes bytes_from(std::byte first, std::size_t count) {
  base::Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<std::byte>(std::to_integer<unsigned>(first) + i);
  }
  return bytes;
}

base::Bytes seal(const Key& key, const Nonce& nonce, base::ByteView associated,
                 base::ByteView plain) {
  base::Bytes box(plain.size() + kTagSize);
  seal_box(key, nonce, associated, plain, box);
  return box;
}

TEST(KeyTest, ACopyIsIndependent) {
  Key key;
  EXPECT_TRUE(std::ranges::all_of(key.view(), [](std::byte byte) { return byte == std::byte{0}; }));
  const Key copy = key;
  key.writable()[0] = std::byte{1};
  EXPECT_EQ(std::byte{0}, copy.view()[0]);
  EXPECT_EQ(std::byte{1}, key.view()[0]);
  key = copy;
  EXPECT_EQ(std::byte{0}, key.view()[0]);
}

// The sanitizers ignore mlock(), so that this test exists in other builds only.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(KeyTest, IsInLockedMemory) {
  rlimit limit{};
  ASSERT_EQ(0, ::getrlimit(RLIMIT_MEMLOCK, &limit));
  const auto locked = [] {
    std::ifstream status("/proc/self/status");
    std::string word;
    unsigned long kilobytes = 0;
    while (status >> word && word != "VmLck:") {
    }
    status >> kilobytes;
    return kilobytes;
  };
  const unsigned long before = locked();
  const Key key = random_key();
  const bool has_room = limit.rlim_cur >= (rlim_t{64} << 10);
  EXPECT_EQ(locked() > before, has_room) << "without room the key works all the same";
}
#endif

class BoxTest : public testing::Test {
 protected:
  base::Bytes seal(base::ByteView plain) const {
    return store::seal(key_, nonce_, associated_, plain);
  }

  Key key_ = random_key();
  Nonce nonce_ = random_nonce();
  base::Bytes associated_ = bytes_from(std::byte{1}, 20);
};

// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
TEST(XChaCha20Poly1305Test, SealsLikeTheDraft) {
  const Key key(bytes_from(std::byte{0x80}, Key::kSize));
  Nonce nonce{};
  std::ranges::copy(bytes_from(std::byte{0x40}, kNonceSize), nonce.begin());
  const auto associated = base::from_hex("50515253c0c1c2c3c4c5c6c7");
  ASSERT_TRUE(associated);
  const base::Bytes box =
      seal(key, nonce, *associated,
           base::as_bytes("Ladies and Gentlemen of the class of '99: If I could offer you only one "
                          "tip for the future, sunscreen would be it."));
  EXPECT_EQ(base::to_hex(box),
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a8"
            "2f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369"
            "488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e"
            "c0875924c1c7987947deafd8780acf49");
}

TEST_F(BoxTest, OpensASealedBox) {
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 63U, 64U, 65U, 1'000'003U}) {
    const base::Bytes plain = bytes_from(std::byte{7}, size);
    EXPECT_EQ(open_box(key_, nonce_, associated_, seal(plain)), plain) << size;
  }
}

TEST_F(BoxTest, OpensWithoutAssociatedData) {
  const base::Bytes plain = bytes_from(std::byte{7}, 30);
  EXPECT_EQ(open_box(key_, nonce_, {}, store::seal(key_, nonce_, {}, plain)), plain);
}

TEST_F(BoxTest, NoBitOfABoxCanBeChanged) {
  const base::Bytes box = seal(bytes_from(std::byte{7}, 70));
  for (std::size_t bit = 0; bit < box.size() * 8; ++bit) {
    base::Bytes changed = box;
    changed[bit / 8] ^= std::byte{1} << (bit % 8);
    ASSERT_FALSE(open_box(key_, nonce_, associated_, changed)) << bit;
  }
}

TEST_F(BoxTest, NoPartOfABoxOpens) {
  const base::Bytes box = seal(bytes_from(std::byte{7}, 70));
  for (std::size_t size = 0; size < box.size(); ++size) {
    ASSERT_FALSE(open_box(key_, nonce_, associated_, base::ByteView(box).first(size))) << size;
  }
}

TEST_F(BoxTest, OpeningNeedsEverythingUsedForSealing) {
  const base::Bytes box = seal(bytes_from(std::byte{7}, 70));
  EXPECT_FALSE(open_box(random_key(), nonce_, associated_, box));
  for (const std::size_t at : {std::size_t{0}, kNonceSize - 1}) {  // the nonce is used in two parts
    Nonce other = nonce_;
    other.at(at) ^= std::byte{1};
    EXPECT_FALSE(open_box(key_, other, associated_, box)) << at;
  }
  EXPECT_FALSE(open_box(key_, nonce_, bytes_from(std::byte{2}, 20), box));
  EXPECT_FALSE(open_box(key_, nonce_, {}, box));
}

}  // namespace
}  // namespace store
