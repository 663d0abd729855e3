// Serves a file to Prometheus over HTTP, on loopback only, on its own thread, so that a slow client
// does not delay the daemon.
#pragma once

#include <memory>
#include <thread>

#include "base/config/config.h"
#include "base/config/reporting_config.h"
#include "base/file_system.h"
#include "base/handle.h"

namespace backupd {

class MetricsServer {
 public:
  // `file` is read for each request; while it does not exist, the answer is 503. Fails with kConfig
  // if the address can't be listened on.
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

// Makes `server` match the configuration: starts, replaces or stops it. A server that already
// matches is left running.
void serve_metrics(std::unique_ptr<MetricsServer>& server, const base::Config& config);

}  // namespace backupd
