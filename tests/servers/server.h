// The common base of all test servers: a private mail server on loopback, in its own directory, on
// free ports.
//
// Works as root (the server then runs as nobody) and as an ordinary user. Starts in a fifth of a
// second. A server is terminated when the thread that created it ends.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "tests/servers/certificates.h"
#include "tests/servers/imap_client.h"
#include "tests/servers/ports.h"
#include "tests/servers/server_user.h"

namespace servers {

class Server {
 public:
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  virtual ~Server();

  // No path, no user: imap://127.0.0.1:PORT.
  std::string imap_url() const;      // STARTTLS offered
  std::string imaps_url() const;     // TLS from the first byte
  std::string plain_url() const;     // STARTTLS not offered; accepts plain logins
  std::uint16_t plain_port() const;  // on kPlainHost
  std::string misnamed_url() const;  // imaps:// to a host that the certificate is not for

  base::Path ca_file() const;
  base::Path key_file() const;  // of the server
  ClientCertificate client_certificate(const std::string& name) const;
  base::Path stranger_ca_file() const;  // of an authority that signed nothing here

  static std::string admin();  // "backup": may log in on behalf of every user
  static std::string password(std::string_view name);  // of a user or an admin
  base::Path password_file(std::string_view name) const;

  // A logged-in connection without TLS.
  ImapClient client(std::string_view user) const;

  // The hierarchy separator in folder names.
  virtual char separator() const = 0;

  // The prefix of the names of a user's own folders, except INBOX.
  virtual std::string personal_prefix() const { return {}; }

  // Whether it has LITERAL+, which client() then uses.
  virtual bool takes_literals_at_once() const { return true; }

  // The directory of all the server's files.
  const base::Path& directory() const;

  void stop();
  void start();  // on the same ports, keeping the mail

  // Breaks every connection without notice to the client.
  void break_connections();

  // The log of the server since it was created, for failure messages.
  virtual std::string log() const;

 protected:
  // How to run the server.
  struct Command {
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    std::string session;  // the name of the processes that talk to clients
  };

  Server();

  // Like start(), but chooses other ports if another process takes one meanwhile. For constructors.
  void start_first();

  static std::string read_log(const base::Path& path);  // empty if it does not exist

  const Certificates& certificates() const;
  const Ports& ports() const;
  const ServerUser& user() const;

  // These create files for the server's user. Paths are relative to directory().
  void write(const base::Path& path, std::string_view text) const;
  void make_directory(const base::Path& path) const;
  void write_password(std::string_view name) const;

 private:
  // Writes all files that the server reads at startup.
  virtual void configure() = 0;
  virtual Command command() const = 0;

  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace servers
