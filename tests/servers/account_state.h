// The content of an account, as read by an independent client (account_state.py).
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/servers/server.h"

namespace servers {

struct MessageState {
  std::uint32_t uid = 0;
  std::vector<std::string> flags;  // sorted, without \Recent
  std::int64_t internal_date = 0;  // seconds since 1970
  std::uint64_t size = 0;          // of the bytes received
  std::string sha256;              // of these bytes, hex

  bool operator==(const MessageState&) const = default;

  // Compares everything but the UID, which differs between a folder and its restored copy.
  bool is_same_mail(const MessageState& other) const;
};

struct FolderState {
  std::string raw_name;
  std::string name;  // as mailstow shows it
  bool is_selectable = true;
  std::uint32_t uid_validity = 0;
  std::uint32_t uid_next = 0;
  std::uint64_t highest_modseq = 0;
  std::vector<MessageState> messages;  // by UID
  std::string digest;                  // as in the receipt of `once --json`

  bool operator==(const FolderState&) const = default;
};

// For failure messages of GoogleTest.
void PrintTo(const MessageState& message, std::ostream* out);
void PrintTo(const FolderState& folder, std::ostream* out);

struct AccountState {
  std::map<std::string, FolderState> folders;  // by raw name
  std::map<std::string, std::uint64_t> usage;  // of the quota resources: STORAGE in KiB
  std::vector<std::string> subscriptions;

  bool operator==(const AccountState&) const = default;

  // The folders whose raw name is `name` or below it; all others.
  std::map<std::string, FolderState> below(std::string_view name, char separator) const;
  std::map<std::string, FolderState> not_below(std::string_view name, char separator) const;

  std::size_t message_count() const;
};

// Restricted to the folder `below` and those below it, if given. Fails with the client's error
// message.
AccountState account_state(const Server& server, std::string_view user,
                           std::string_view below = {});

// One line per difference, at most ten, for failure messages; empty if the states are equal.
std::string describe_difference(const std::map<std::string, FolderState>& expected,
                                const std::map<std::string, FolderState>& actual);

}  // namespace servers
