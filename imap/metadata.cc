#include "imap/metadata.h"

#include <algorithm>
#include <array>

namespace imap {

bool is_computed_by_server(std::string_view entry_name) {
  constexpr std::string_view kCyrus = "/vendor/cmu/cyrus-imapd/";
  static constexpr std::array<std::string_view, 14> kEntries = {
      "annotsize",  "foldermodseq", "freespace",    "hasalarms", "lastpop",
      "lastupdate", "partition",    "server",       "shutdown",  "size",
      "synccrcs",   "uniqueid",     "usercounters", "usermodseq"};
  const std::size_t at = entry_name.find(kCyrus);
  if (at == std::string_view::npos) return false;
  std::string_view name = entry_name.substr(at + kCyrus.size());
  name = name.substr(0, name.find('/'));
  return std::find(kEntries.begin(), kEntries.end(), name) != kEntries.end();
}

}  // namespace imap
