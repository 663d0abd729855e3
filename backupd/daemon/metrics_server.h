// Serves a file to Prometheus over HTTP, on loopback alone, on a thread of its own: whoever asks,
// and however slowly, keeps nobody else waiting.
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
  // `file` is read anew for each request; while there is none the answer is 503. Fails with kConfig
  // if nobody can listen there.
  MetricsServer(const base::ListenAddress& address, base::Path file);
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;
  ~MetricsServer();

  std::uint16_t port() const { return port_; }  // the one it was given where 0 was asked for
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

// Lets `server` be the one that the configuration wants, if any: untouched where it is already.
void serve_metrics(std::unique_ptr<MetricsServer>& server, const base::Config& config);

}  // namespace backupd
