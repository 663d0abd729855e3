#include "store/message/message_bytes.h"

#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "store/format/crypto.h"
#include "tests/expect_error.h"
#include "tests/store/random_bytes.h"
#include "tests/temporary_directory.h"

namespace {

using store::MessageBuffer;
using store::MessageBytes;
using store::SpoolPlace;

class MessageBytesTest : public testing::Test {
 protected:
  SpoolPlace place(std::size_t max_in_memory) const {
    return {.directory = directory_.path(), .max_in_memory = max_in_memory, .keep_free = 0};
  }

  static MessageBytes collect(const SpoolPlace& place, std::string_view text) {
    MessageBuffer buffer(place);
    buffer.begin(text.size());
    buffer.add(base::as_bytes(text));
    return buffer.take();
  }

  static std::string in_pieces(const MessageBytes& message) {
    std::string text;
    message.for_each_piece([&](base::ByteView piece) {
      EXPECT_GE(piece.size(), 1U);
      EXPECT_LE(piece.size(), MessageBytes::kMaxPiece);
      text += base::as_text(piece);
    });
    return text;
  }

  tests::TemporaryDirectory directory_;
};

RC_GTEST_FIXTURE_PROP(MessageBytesTest, AreTheSameInMemoryAndInAFile,
                      (const std::vector<std::string>& pieces)) {
  const auto max_in_memory = *rc::gen::inRange<std::size_t>(0, 20);
  const SpoolPlace place = this->place(max_in_memory);
  MessageBuffer buffer(place);
  // The size that begin() gets is no promise.
  buffer.begin(*rc::gen::inRange<std::uint64_t>(0, max_in_memory + 1));
  std::string text;
  for (const std::string& piece : pieces) {
    buffer.add(base::as_bytes(piece));
    text += piece;
  }
  const MessageBytes message = buffer.take();
  RC_ASSERT(message.size() == text.size());
  RC_ASSERT(message.in_memory().has_value() == (text.size() <= max_in_memory));
  RC_ASSERT(base::to_text(message.bytes()) == text);
  RC_ASSERT(in_pieces(message) == text);
  RC_ASSERT(sha256(message) == store::sha256(base::as_bytes(text)));
  const auto offset = *rc::gen::inRange<std::size_t>(0, text.size() + 3);
  const auto length = *rc::gen::inRange<std::size_t>(0, text.size() + 3);
  base::Bytes part(length);
  part.resize(message.read_at(offset, part));
  RC_ASSERT(base::to_text(part) == (offset > text.size() ? "" : text.substr(offset, length)));
  RC_ASSERT(buffer.take().size() == 0U);
}

TEST_F(MessageBytesTest, AFileIsPassedOnInPieces) {
  const std::string text = tests::random_bytes(1, 2 * MessageBytes::kMaxPiece + 1);
  const MessageBytes message = collect(place(1'000), text);
  EXPECT_FALSE(message.in_memory());
  EXPECT_TRUE(in_pieces(message) == text);
  EXPECT_TRUE(in_pieces(MessageBytes(base::to_bytes(text))) == text);
}

TEST_F(MessageBytesTest, CopiesOutliveTheBufferAndTheNextMessage) {
  MessageBytes first;
  MessageBytes copy;
  {
    const SpoolPlace place = this->place(4);
    MessageBuffer buffer(place);
    buffer.add(base::as_bytes("the first one"));
    first = buffer.take();
    copy = first;
    buffer.add(base::as_bytes("another"));
    EXPECT_EQ("another", base::to_text(buffer.take().bytes()));
  }
  first = {};
  EXPECT_EQ("the first one", base::to_text(copy.bytes()));
  EXPECT_EQ("", in_pieces(first));
}

TEST_F(MessageBytesTest, TheFileHasNoName) {
  const MessageBytes message = collect(place(0), "bytes");
  EXPECT_FALSE(message.in_memory());
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(MessageBytesTest, AMissingDirectoryOnlyStopsLongMessages) {
  SpoolPlace place = this->place(5);
  place.directory = directory_.path() / "gone";
  EXPECT_EQ("short", base::to_text(collect(place, "short").bytes()));
  EXPECT_ERROR(kIo, "gone: the directory does not exist: create it", collect(place, "longer"));
}

TEST_F(MessageBytesTest, RoomThatMustStayFreeIsNotUsed) {
  SpoolPlace place = this->place(5);
  place.keep_free = std::numeric_limits<std::uint64_t>::max() / 2;
  EXPECT_EQ("short", base::to_text(collect(place, "short").bytes()));
  EXPECT_ERROR(kNoSpace, "must stay free: make room", collect(place, "longer"));
}

}  // namespace
