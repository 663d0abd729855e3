// The configuration of a web server of the restore page: a file of its own, because its user must
// not read that of mailstow, which names all accounts.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/config/reporting_config.h"
#include "base/file_system.h"

namespace web {

inline constexpr const char* kDefaultSettings = "/etc/mailstow-web/self.json";

// The people that the page is for differ in how they are identified.
enum class Instance {
  kSelf,   // users, who log in with the password of their mailbox
  kProxy,  // users whom a single sign-on proxy has identified
  kStaff,  // staff whom a single sign-on proxy has identified
};

struct Settings {
  Instance instance = Instance::kSelf;
  base::Path desk;    // the desk's socket
  base::Path socket;  // the Unix socket to listen on; empty: the one that systemd hands over
  std::optional<base::ListenAddress> listen;  // a loopback address in place of a socket
  std::string url;          // of the page, without a slash at the end: https://restore.example.org
  std::string user_header;  // in which the proxy names the person; empty for kSelf

  // Whether a proxy with TLS stands before it.
  bool is_behind_proxy() const { return !listen.has_value(); }
  // "restore.example.org": the Host of every request.
  std::string host() const;
  bool has_owners() const { return instance != Instance::kStaff; }
};

// Fails with kConfig.
Settings load_settings(base::FileSystem& files, const base::Path& file);
Settings parse_settings(std::string_view text);

std::string_view word_of(Instance instance);  // "self", "proxy", "staff"

}  // namespace web
