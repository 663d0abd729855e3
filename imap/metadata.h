// What clients attach to folders and accounts (RFC 5464).
#pragma once

#include <string>
#include <string_view>

namespace imap {

struct MetadataEntry {
  std::string name;   // "/private/comment"
  std::string value;  // any bytes
  bool operator==(const MetadataEntry&) const = default;
};

// Whether the entry is what the server tells of itself or of the moment (sizes, times, places),
// which nobody set.
bool is_of_the_moment(std::string_view entry_name);

}  // namespace imap
