// A private Cyrus IMAP 3.6, run from the directory where scripts/fetch_servers unpacked it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/servers/server.h"

namespace servers {

// The form in which users see folder names (unixhierarchysep, altnamespace).
enum class NameStyle {
  kBesideInbox,       // Archive/2023
  kBelowInbox,        // INBOX.Archive.2023
  kBesideInboxByDot,  // Archive.2023
  kBelowInboxBySlash  // INBOX/Archive/2023
};

// How the server treats 8-bit bytes in the headers of an appended message (munge8bit).
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
  // When the constructor returns, the server is ready and its accounts exist.
  explicit Cyrus(CyrusOptions options = {});

  // quota_admin() may set quotas and read every mailbox; it may also log in on behalf of a user,
  // and then has no admin rights. admin() may log in on behalf of every user, and never has admin
  // rights.
  static std::string quota_admin();

  const CyrusOptions& options() const { return options_; }
  // Takes effect at the next start.
  void set_header_bytes(HeaderBytes header_bytes) { options_.header_bytes = header_bytes; }
  char separator() const override;
  std::string personal_prefix() const override;

  // The folder's name as quota_admin() sees it: "user/alice/Archive".
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
