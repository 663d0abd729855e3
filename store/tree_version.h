// The versions of a tree's record: each state is a blob of its own, and the highest number counts.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/storage/blob_name.h"

namespace store {

struct TreeVersion {
  static constexpr std::uint64_t kMaxNumber = INT64_MAX;

  std::string tree;          // its id
  std::uint64_t number = 0;  // 0: the record of an earlier mailstow, whose key is the tree's id

  auto operator<=>(const TreeVersion&) const = default;

  // Keys sort as the versions do.
  std::string key() const;
  BlobName name() const;

  // Nullopt if key() does not write it so.
  static std::optional<TreeVersion> parse(std::string_view key);

  static bool is_tree_id(std::string_view text);
};

}  // namespace store
