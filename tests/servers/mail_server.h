// A mail server that accepts what mailstow sends: Debian's aiosmtpd, on loopback.
//
//   servers::MailServer server;
//   ...
//   EXPECT_EQ(server.mail()[0]["to"], json({"admin@example.org"}));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/file_system.h"
#include "tests/servers/certificates.h"
#include "tests/servers/process.h"
#include "tests/temporary_directory.h"

namespace servers {

enum class MailTls { kStartTls, kFromTheFirstByte, kNone };

struct MailServerOptions {
  MailTls tls = MailTls::kStartTls;
  std::string password = {};  // of the user "mailstow"; empty: no login required
};

// Addresses that begin with "unknown" are refused, with "full" always for now, with "later" once;
// with "closing" the server refuses them because it closes the session. It stores mail for those
// that begin with "mute", and ends the connection without an answer.
class MailServer {
 public:
  // When the constructor returns, the server accepts mail.
  explicit MailServer(const MailServerOptions& options = {});

  // "mail" of a configuration: url, ca_file or tls, from, hello_name, login.
  nlohmann::json config() const;

  std::string url() const;
  base::Path ca_file() const { return certificates_.ca; }
  base::Path stranger_ca_file() const { return certificates_.stranger_ca; }

  // The messages received so far, in order: {hello, from, to, tls, user, headers, body, raw,
  // wrong}; `wrong` lists the errors found by a strict parser.
  std::vector<nlohmann::json> mail() const;

 private:
  std::vector<std::string> command() const;

  MailServerOptions options_;
  tests::TemporaryDirectory directory_;
  Certificates certificates_;
  Process process_;
  std::uint16_t port_ = 0;
};

}  // namespace servers
