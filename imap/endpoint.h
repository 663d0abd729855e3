// Where a server is, how to get there, and as whom.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "base/secret.h"

namespace imap {

enum class TlsMode {
  kRequired,  // imaps://: TLS from the first byte; imap://: STARTTLS, or no login at all
  kNone,      // plain text: only where the configuration says so in so many words
};

struct Endpoint {
  std::string url;  // imap://host[:port] or imaps://host[:port]
  TlsMode tls = TlsMode::kRequired;
  std::filesystem::path ca_file;  // empty: the system's
  std::chrono::milliseconds connect_timeout{30'000};
};

struct Login {
  std::string user;  // who authenticates
  base::Secret password;
  std::string acting_as;  // SASL PLAIN's authorization identity (RFC 4616); empty: the user's own
};

}  // namespace imap
