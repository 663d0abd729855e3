#include "store/keys/key_export.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/keys/key_ring.h"
#include "tests/expect_error.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

class KeyExportTest : public StoreFixture {
 protected:
  KeyExportTest() { make_store(); }

  void back_up() {
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", {sample_message(1)})});
    writer.commit();
  }

  std::string exported() { return export_key(location_, files_).reveal(); }

  std::string use_export(const std::string& text) {
    return replace_key_file_from_export(location_, files_, clock_, base::as_bytes(text));
  }
};

TEST_F(KeyExportTest, ReplacesALostKeyFile) {
  back_up();
  const std::string text = exported();
  std::filesystem::remove(location_.key_file);
  use_export(text);
  Reader reader = open_reader();
  EXPECT_THAT(restore(reader, "alice", "INBOX"), testing::ElementsAre(sample_message(1)));
}

TEST_F(KeyExportTest, ReplacesLostKeySlots) {
  back_up();
  const std::string text = exported();
  std::filesystem::remove_all(keys_directory(location_));
  EXPECT_ERROR(kNotFound, "not found", open_reader());
  use_export(text);
  Reader reader = open_reader();
  EXPECT_THAT(restore(reader, "alice", "INBOX"), testing::ElementsAre(sample_message(1)));
}

TEST_F(KeyExportTest, CanBeTypedByHand) {
  back_up();
  std::string text = exported();
  std::erase(text, ' ');
  std::ranges::transform(text, text.begin(), [](char each) {
    return each >= 'a' && each <= 'f' ? static_cast<char>(each - 'a' + 'A') : each;
  });
  for (const char* label : {"store", "key-1", "key-2"}) {
    std::string upper = label;
    std::ranges::transform(upper, upper.begin(), [](char each) {
      return each >= 'a' && each <= 'f' ? static_cast<char>(each - 'a' + 'A') : each;
    });
    text.replace(text.rfind(upper), upper.size(), label);
  }
  EXPECT_NO_THROW(use_export(text));
}

// A line's checksum has two bytes: now and then, a random key has a typing error that it does not
// show.
std::string export_of_a_known_key() {
  std::array<std::byte, Key::kSize> bytes{};
  for (std::size_t at = 0; at < bytes.size(); ++at) bytes[at] = static_cast<std::byte>(at);
  OpenedStore opened;
  opened.master = Key(bytes);
  return format_key_export(opened).reveal();
}

TEST_F(KeyExportTest, EveryTypingErrorIsReportedWithItsLine) {
  const std::string text = export_of_a_known_key();
  const std::size_t begin = text.find("\nkey-1") + 7;
  for (std::size_t at = begin; at < text.find('\n', begin); ++at) {
    if (text[at] == ' ') continue;
    for (const char digit : std::string_view("0123456789abcdef")) {
      if (digit == text[at]) continue;
      std::string mistyped = text;
      mistyped[at] = digit;
      EXPECT_ERROR(kKey, "\"key-1\" is mistyped", parse_key_export(base::as_bytes(mistyped)));
    }
  }
  EXPECT_ERROR(kKey, "\"key-2\" is missing",
               parse_key_export(base::as_bytes(text.substr(0, text.find("key-2")))));
}

TEST_F(KeyExportTest, AKeyOfAnotherStoreIsRejected) {
  back_up();
  const std::string text = exported();
  std::filesystem::remove_all(location_.store);
  std::filesystem::remove_all(location_.index);
  make_store();
  back_up();
  EXPECT_ERROR(kKey, "is not the key of this store", use_export(text));
}

}  // namespace
}  // namespace store
