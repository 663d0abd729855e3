// A private Dovecot on loopback, in a folder of its own: the real server of the end-to-end tests.
//
//   servers::Dovecot server;                      // alice and bob, and the admin who may be both
//   servers::ImapClient alice = server.client("alice");
//   alice.command("CREATE Archive/2023");
//
// Works as root (the server then runs as nobody) and as an ordinary user. Starts in a fifth of a
// second. A server ends with the thread that made it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "tests/servers/dovecot_configuration.h"
#include "tests/servers/imap_client.h"
#include "tests/servers/maildir.h"

namespace servers {

class Dovecot {
 public:
  // Ready to be talked to when it returns. Fails with Dovecot's log.
  explicit Dovecot(DovecotOptions options = {});
  Dovecot(const Dovecot&) = delete;
  Dovecot& operator=(const Dovecot&) = delete;
  ~Dovecot();

  // No path, no user: imap://127.0.0.1:PORT.
  std::string imap_url() const;      // STARTTLS offered
  std::string imaps_url() const;     // TLS from the first byte
  std::string plain_url() const;     // STARTTLS not offered; logs in all the same
  std::string misnamed_url() const;  // imaps:// to a host that the certificate is not for

  base::Path ca_file() const;
  base::Path stranger_ca_file() const;  // of an authority that did not sign the certificate

  const DovecotOptions& options() const;
  static std::string admin();                          // "backup": may act as every user
  static std::string password(std::string_view name);  // of a user or the admin
  base::Path password_file(std::string_view name) const;

  // A connection without TLS that is logged in.
  ImapClient client(std::string_view user) const;

  // Direct access to a user's mail, past the server: for what APPEND would refuse or change.
  Maildir maildir(std::string_view user) const;

  // Everything that belongs to the server.
  const base::Path& folder() const;

  void stop();
  void start();  // on the same ports
  void restart();
  void restart(DovecotOptions options);  // with the mail it has

  // Breaks every logged-in connection, without a word to its client.
  void break_connections();

  // As if the disk had lost them: UIDVALIDITY and UIDs stay, HIGHESTMODSEQ falls.
  void lose_index_files(std::string_view user);

  // The list of UIDs too: every folder gets a new UIDVALIDITY.
  void lose_uids(std::string_view user);

  // What Dovecot wrote since it was made: for failure messages.
  std::string log() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace servers
