// A private Dovecot: the real server of most end-to-end tests.
//
//   servers::Dovecot server;                      // alice, bob, an admin for both
//   servers::ImapClient alice = server.client("alice");
//   alice.command("CREATE Archive/2023");
#pragma once

#include <string>
#include <string_view>

#include "tests/servers/dovecot_configuration.h"
#include "tests/servers/maildir.h"
#include "tests/servers/server.h"

namespace servers {

class Dovecot final : public Server {
 public:
  // When the constructor returns, the server accepts connections. Fails with Dovecot's log.
  explicit Dovecot(DovecotOptions options = {});

  const DovecotOptions& options() const { return options_; }
  char separator() const override { return options_.separator; }
  std::string personal_prefix() const override { return options_.prefix; }
  std::string log() const override;

  // Direct access to a user's mail, bypassing the server: for messages that APPEND would refuse or
  // change.
  Maildir maildir(std::string_view user) const;

  void restart();
  void restart(DovecotOptions options);  // keeps the mail

  // Simulates the loss of the index files on disk: UIDVALIDITY and UIDs stay the same,
  // HIGHESTMODSEQ decreases.
  void lose_index_files(std::string_view user);

  // Also deletes the list of UIDs: every folder gets a new UIDVALIDITY.
  void lose_uids(std::string_view user);

 private:
  void configure() override;
  Command command() const override;
  void remove_files(std::string_view user, bool (*choose)(std::string_view name));

  DovecotOptions options_;
};

}  // namespace servers
