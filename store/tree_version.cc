#include "store/tree_version.h"

#include <charconv>

#include <fmt/core.h>

#include "store/format/layout.h"

namespace store {

namespace {

constexpr std::size_t kTreeIdDigits = 32;

}  // namespace

std::string TreeVersion::key() const {
  return number == 0 ? tree : fmt::format("{}.{:020}", tree, number);
}

BlobName TreeVersion::name() const {
  return {kTreesArea, key()};
}

std::optional<TreeVersion> TreeVersion::parse(std::string_view key) {
  TreeVersion version{.tree = std::string(key.substr(0, kTreeIdDigits)), .number = 0};
  if (!is_tree_id(version.tree)) return std::nullopt;
  if (key.size() > kTreeIdDigits + 1) {
    const std::string_view digits = key.substr(kTreeIdDigits + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), version.number);
  }
  if (version.number > kMaxNumber || version.key() != key) return std::nullopt;
  return version;
}

bool TreeVersion::is_tree_id(std::string_view text) {
  return text.size() == kTreeIdDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace store
