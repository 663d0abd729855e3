// A private Cyrus IMAP 3.6, run from the folder that scripts/fetch_cyrus unpacked it to
// ($MAILSTOW_CYRUS if set).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/servers/server.h"

namespace servers {

// How users see their folders (unixhierarchysep, altnamespace).
enum class NameStyle {
  kBesideInbox,       // Archive/2023
  kBelowInbox,        // INBOX.Archive.2023
  kBesideInboxByDot,  // Archive.2023
  kBelowInboxBySlash  // INBOX/Archive/2023
};

// What becomes of 8-bit bytes in the headers of a message that is appended (munge8bit).
enum class HeaderBytes {
  kKept,
  kMunged,  // replaced by X: the default of Cyrus
};

struct CyrusOptions {
  std::vector<std::string> users = {"alice", "bob"};
  NameStyle names = NameStyle::kBesideInbox;
  HeaderBytes header_bytes = HeaderBytes::kMunged;
  std::uint64_t quota_kib = 1'000'000;
  std::string extra;  // further lines of imapd.conf
};

class Cyrus final : public Server {
 public:
  // Ready, with its accounts, when it returns.
  explicit Cyrus(CyrusOptions options = {});

  // Who may set quotas and look into every mailbox; may act as users too, and then is no admin.
  // admin() may act as every user, and is never one.
  static std::string quota_admin();

  const CyrusOptions& options() const { return options_; }
  // From the next start on.
  void set_header_bytes(HeaderBytes header_bytes) { options_.header_bytes = header_bytes; }
  char separator() const override;
  std::string personal_prefix() const override;

  // The folder as quota_admin() calls it: "user/alice/Archive".
  std::string admin_name(std::string_view user, std::string_view folder_below = {}) const;

 private:
  void configure() override;
  Command command() const override;
  std::string imapd_configuration() const;
  std::string services() const;
  void make_accounts();

  CyrusOptions options_;
};

}  // namespace servers
