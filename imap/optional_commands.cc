#include "imap/optional_commands.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/ascii.h"

namespace imap {

namespace {

struct OptionalCommand {
  std::string_view command;
  std::array<std::string_view, 2> capabilities = {};  // that lead to nothing else; empty: it needs
                                                      // none, or they lead to other commands too
};

constexpr std::array<OptionalCommand, 13> kOptional = {{
    {"ENABLE", {"ENABLE", ""}},
    {"COMPRESS", {"COMPRESS=DEFLATE", ""}},
    {"NAMESPACE", {"NAMESPACE", ""}},
    {"CAPABILITY", {"", ""}},
    {"LIST (SUBSCRIBED)", {"", ""}},
    {"LIST \"\" \"*\"", {"", ""}},  // for the folders outside the account's namespaces
    {"LIST \"\" \"\"", {"", ""}},   // for the delimiter, without NAMESPACE
    {"LSUB", {"", ""}},
    {"GETQUOTAROOT", {"QUOTA", ""}},
    {"GETMETADATA", {"METADATA", "METADATA-SERVER"}},
    {"GETACL", {"ACL", ""}},
    {"MYRIGHTS", {"ACL", ""}},
    {"ID", {"ID", ""}},
}};

}  // namespace

bool is_optional(std::string_view command) {
  return std::ranges::find(kOptional, command, &OptionalCommand::command) != kOptional.end();
}

Capabilities without(const Capabilities& announced, const CommandNames& commands) {
  std::vector<std::string> names = announced.names();
  for (const OptionalCommand& optional : kOptional) {
    if (!commands.contains(optional.command)) continue;
    for (const std::string_view capability : optional.capabilities) {
      std::erase_if(names, [&](const std::string& name) {
        return base::equal_ignoring_case(name, capability);
      });
    }
  }
  return Capabilities(std::move(names));
}

}  // namespace imap
