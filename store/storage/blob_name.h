// The name of a blob in the storage of a store: `AREA/KEY`, for instance packs/ and 64 hex digits.
//
// One separator, and few characters: such a name is the same in a directory of any file system and
// in object storage, never leads out of the store, and is never the beginning of another name's
// directory. AREA and KEY consist of a-z, 0-9, '.' and '-', and begin and end with a letter or a
// digit, so that a key is never a hidden file, and a share of another system removes no dot at the
// end.
#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace store {

class BlobName {
 public:
  static constexpr std::size_t kMaxArea = 32;
  static constexpr std::size_t kMaxKey = 200;  // file systems end at 255, with temporary names

  // Both fail with kInternal if a part has another form: what comes from outside goes through
  // is_key() first.
  BlobName(std::string_view area, std::string_view key);
  static void require_area(std::string_view area);

  // Whether `text` may be a key. A listing contains no other ones.
  static bool is_key(std::string_view text);

  const std::string& area() const { return area_; }
  const std::string& key() const { return key_; }
  std::string text() const { return area_ + '/' + key_; }

  auto operator<=>(const BlobName&) const = default;

 private:
  std::string area_;
  std::string key_;
};

}  // namespace store
