// Messages that are too long for memory: rebuilt from their parts into a file.
#include <filesystem>
#include <limits>
#include <map>

#include <gmock/gmock.h>

#include "tests/expect_error.h"
#include "tests/store/change_byte.h"
#include "tests/store/message/mime_generator.h"
#include "tests/store/random_bytes.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::HasSubstr;

class LongMessageTest : public StoreFixture {
 protected:
  LongMessageTest() { make_store(); }

  std::vector<MessageId> store_all(const std::vector<std::string>& texts) {
    std::vector<MessageId> ids;
    Writer writer = open_writer();
    for (const std::string& text : texts) ids.push_back(add_message(writer, text).id);
    writer.commit();
    return ids;
  }

  // A reader that holds only very short messages in memory.
  Reader reader_of_files() {
    Location location = location_;
    location.max_in_memory = 1'000;
    return Reader::open(location, files_);
  }

  // The results for each message: its bytes and digest, or why it can't be read.
  struct Read {
    std::map<std::size_t, std::string> messages;
    std::map<std::size_t, MessageDigest> digests;
    std::map<std::size_t, std::string> damaged;
    std::map<std::size_t, std::string> without_digest;
    std::map<std::size_t, base::ErrorCode> codes;  // of `damaged`
  };
  static Read read_all(Reader& reader, const std::vector<MessageId>& ids) {
    Read read;
    reader.read_messages(
        ids,
        [&](std::size_t position, const MessageBytes& message) {
          read.messages[position] = base::to_text(message.bytes());
        },
        [&](std::size_t position, const base::Error& why) {
          read.damaged[position] = why.what();
          read.codes[position] = why.code();
        });
    reader.check_messages(
        ids,
        [&](std::size_t position, const MessageDigest& found) { read.digests[position] = found; },
        [&](std::size_t position, const base::Error& why) {
          read.without_digest[position] = why.what();
        });
    return read;
  }
};

TEST_F(LongMessageTest, AnyMessageIsRebuiltInAFile) {
  std::vector<std::string> texts = {"", std::string(1'000, 'x'), std::string(1'001, 'x')};
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    texts.push_back(tests::MimeGenerator(seed).message());
  }
  // Several parts, one of which ends amid a group of three bytes.
  constexpr std::size_t kPart = std::size_t{4} << 20;
  texts.push_back(tests::mail_with_attachments(
      {tests::random_bytes(1, kPart + 1), tests::random_bytes(2, 600), std::string(5'000, 'z')}));
  const std::vector<MessageId> ids = store_all(texts);
  Reader reader = reader_of_files();
  const Read read = read_all(reader, ids);
  EXPECT_TRUE(read.damaged.empty());
  EXPECT_TRUE(read.without_digest.empty());
  for (std::size_t at = 0; at < texts.size(); ++at) {
    ASSERT_TRUE(read.messages.at(at) == texts[at]) << at;
    EXPECT_TRUE(reader.read_message(ids[at]).bytes() == base::to_bytes(texts[at])) << at;
    EXPECT_EQ(read.digests.at(at).digest, sha256(base::as_bytes(texts[at]))) << at;
    EXPECT_EQ(read.digests.at(at).size, texts[at].size()) << at;
    EXPECT_EQ(base::to_text(reader.read_beginning(ids[at], 700)), texts[at].substr(0, 700)) << at;
    EXPECT_EQ(reader.read_message(ids[at]).in_memory().has_value(), texts[at].size() <= 1'000);
  }
}

TEST_F(LongMessageTest, ADamagedOneIsNotPassedOnAndTheOthersAre) {
  const std::string bad = "Subject: a\r\n\r\n" + tests::random_bytes(3, 300'000);
  const std::vector<MessageId> ids = store_all({bad});
  const base::Path pack = packs().front();
  const std::vector<MessageId> sound = store_all({sample_message(1), sample_message(2)});
  tests::change_byte(pack, std::filesystem::file_size(pack) / 2);
  Reader reader = reader_of_files();
  const Read read = read_all(reader, {sound[0], ids[0], sound[1]});
  EXPECT_EQ(read.messages,
            (std::map<std::size_t, std::string>{{0, sample_message(1)}, {2, sample_message(2)}}));
  ASSERT_EQ(read.damaged.size(), 1U);
  EXPECT_THAT(read.damaged.at(1), HasSubstr("read message " + ids[0].object.hex()));
  EXPECT_EQ(read.codes.at(1), base::ErrorCode::kDamaged);
  EXPECT_EQ(read.damaged, read.without_digest);
  EXPECT_EQ(read.digests.size(), 2U);
  EXPECT_ERROR(kDamaged, "read message", reader.read_message(ids[0]));
  EXPECT_ERROR(kDamaged, "read message", reader.read_beginning(ids[0], 10));
  EXPECT_ERROR(kDamaged, "read message", reader.digest(ids[0]));
}

TEST_F(LongMessageTest, WithoutRoomForTheFileOnlyShortOnesAreRead) {
  const std::string longer(1'001, 'x');
  const std::vector<MessageId> ids = store_all({"short", longer, "as short"});
  Location location = location_;
  location.max_in_memory = 1'000;
  location.keep_free = std::numeric_limits<std::uint64_t>::max() / 2;
  Reader reader = Reader::open(location, files_);
  const Read read = read_all(reader, ids);
  EXPECT_EQ(read.messages, (std::map<std::size_t, std::string>{{0, "short"}, {2, "as short"}}));
  ASSERT_EQ(read.damaged.size(), 1U);
  EXPECT_THAT(read.damaged.at(1), HasSubstr("must stay free: make room"));
  EXPECT_EQ(read.codes.at(1), base::ErrorCode::kNoSpace);
  EXPECT_EQ(read.digests.size(), 3U) << "a check needs no file";
  EXPECT_EQ(base::to_text(reader.read_beginning(ids[1], 3)), "xxx");
  EXPECT_ERROR(kNoSpace, "make room", reader.read_message(ids[1]));
}

}  // namespace
}  // namespace store
