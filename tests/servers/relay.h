// Stands between a client and a test server, on a loopback port of its own, without TLS: hides what
// the server can do, and breaks connections. Or is a proxy.
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
  kEverything,  // what the server has
  kImap4rev1,   // RFC 3501 and nothing else: what goes beyond it is hidden, and refused if used
};

enum class Way {
  kToPlainPort,  // of the server, at once
  kSocks,        // to the port of kHost that the client asks for by SOCKS, which must log in
};

// After how many bytes from the server a connection is broken; nothing: never. `connection` counts
// from 0.
using Cut = std::function<std::optional<std::uint64_t>(unsigned connection)>;

enum class From { kClient, kServer };

// Sees what is about to pass, as it came off the wire; false: it does not arrive, and the
// connection is broken. Called on the connections' threads.
using Watch = std::function<bool(From from, std::string_view bytes)>;

struct RelayOptions {
  Offer offer = Offer::kEverything;
  Cut cut = {};
  Watch watch = {};
  Way way = Way::kToPlainPort;
};

class Relay {
 public:
  // `server` must outlive it.
  explicit Relay(const Server& server, RelayOptions options = {});
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  std::string url() const;        // imap://127.0.0.1:PORT
  std::string proxy_url() const;  // socks5h://127.0.0.1:PORT

  // The lines by which clients used what was hidden from them.
  std::vector<std::string> breaches() const;

  // The hosts that clients asked for by SOCKS.
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
  base::Fd stop_;  // readable when it is time to end
  std::uint16_t port_ = 0;
  std::atomic<unsigned> connections_ = 0;
  std::atomic<unsigned> most_connections_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> breaches_;
  std::vector<std::string> requests_;
  std::set<int> clients_;             // connected ones
  std::vector<std::thread> threads_;  // of connections; accept_all()'s alone
  std::thread acceptor_;
};

}  // namespace servers
