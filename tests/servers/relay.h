// Relays between a client and a test server, on its own loopback port, without TLS: hides the
// server's capabilities, and breaks connections. Can also act as a SOCKS proxy.
//
//   servers::Relay relay(dovecot, {.offer = servers::Offer::kImap4rev1});
//   mailstow.config()["servers"]["main"]["url"] = relay.url();      // and "tls": "none"
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/handle.h"
#include "tests/servers/server.h"

namespace servers {

enum class Offer {
  kEverything,  // all capabilities of the server
  kImap4rev1,   // only RFC 3501: extensions are hidden, and refused if used
};

enum class Way {
  kToPlainPort,  // connects to the server's plain port
  kSocks,        // to the port of kHost requested by SOCKS; requires a login
};

// Returns the number of bytes from the server after which a connection is broken; nullopt: never.
// `connection` counts from 0.
using Cut = std::function<std::optional<std::uint64_t>(unsigned connection)>;

enum class From { kClient, kServer };

// Inspects the bytes before they are relayed, as received; if it returns false, they are dropped
// and the connection is broken. Called on the connections' threads.
using Watch = std::function<bool(From from, std::string_view bytes)>;

struct RelayOptions {
  Offer offer = Offer::kEverything;
  Cut cut = {};
  Watch watch = {};
  Way way = Way::kToPlainPort;
};

class Relay {
 public:
  // `server` must outlive the relay.
  explicit Relay(const Server& server, RelayOptions options = {});
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  std::string url() const;        // imap://127.0.0.1:PORT
  std::string proxy_url() const;  // socks5h://127.0.0.1:PORT

  // The lines in which clients used hidden capabilities.
  std::vector<std::string> breaches() const;

  // The hosts that clients requested by SOCKS.
  std::vector<std::string> requests() const;

  unsigned connections() const { return connections_; }            // so far
  unsigned most_connections() const { return most_connections_; }  // at a time, so far

 private:
  class Connection;
  void accept_all();
  void count(int client);

  std::uint16_t server_port_;
  RelayOptions options_;
  base::Fd listener_;
  base::Fd stop_;  // readable once the relay must stop
  std::uint16_t port_ = 0;
  std::atomic<unsigned> connections_ = 0;
  std::atomic<unsigned> most_connections_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> breaches_;
  std::vector<std::string> requests_;
  std::set<int> clients_;             // the connected ones
  std::vector<std::thread> threads_;  // of connections; used by accept_all() only
  std::thread acceptor_;
};

}  // namespace servers
