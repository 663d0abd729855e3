// Serves a file to Prometheus over HTTP, on loopback only, on its own thread, so that a slow client
// does not delay the daemon.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <nlohmann/json_fwd.hpp>

#include "base/config/config.h"
#include "base/config/reporting_config.h"
#include "base/file_system.h"
#include "base/handle.h"

namespace backupd {

class MetricsServer {
 public:
  // `file` is read for each request; while it does not exist, the answer is 503. Fails with kIo if
  // the address can't be listened on now.
  MetricsServer(const base::ListenAddress& address, base::Path file);
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;
  ~MetricsServer();

  std::uint16_t port() const { return port_; }  // the assigned port if 0 was requested
  const base::ListenAddress& address() const { return address_; }

 private:
  void serve();
  void answer(int connection) const;

  base::ListenAddress address_;
  base::Path file_;
  base::Fd socket_;
  base::Fd stop_;  // an eventfd
  std::uint16_t port_ = 0;
  std::thread thread_;
};

// Serves metrics at the address of the configuration. An address that can't be listened on is
// logged, and tried again until it can: at the start of the machine another program may have it, or
// its network may not be up yet. No backup depends on metrics.
class MetricsService {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Between two attempts.
  static constexpr std::chrono::minutes kRetry{1};

  // Starts, replaces or stops the server. One that already matches is left running.
  void follow(const base::Config& config, Time now);

  // To be called often: tries again if the last attempt is long enough ago.
  void try_again_if_due(Time now);

  // {"listen": "127.0.0.1:9810", "error": why nothing is served there, or null}; null if the
  // configuration has no address.
  nlohmann::ordered_json describe() const;

 private:
  void start(Time now);

  std::optional<base::ListenAddress> wanted_;
  base::Path file_;
  std::unique_ptr<MetricsServer> server_;
  std::string trouble_;  // why there is no server
  Time last_attempt_{};
};

}  // namespace backupd
