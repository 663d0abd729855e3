// Annotations that clients attach to folders and accounts (RFC 5464).
#pragma once

#include <string>
#include <string_view>

namespace imap {

struct MetadataEntry {
  std::string name;   // "/private/comment"
  std::string value;  // any bytes
  bool operator==(const MetadataEntry&) const = default;
};

// Returns true if the entry is computed by the server (sizes, times, locations) rather than set by
// a client.
bool is_computed_by_server(std::string_view entry_name);

}  // namespace imap
