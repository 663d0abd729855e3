// A real Ceph with its S3 gateway on loopback, from unpacked packages: a monitor, a storage daemon
// with its objects in memory, and a gateway. It creates names once, in buckets without versions.
// Starts in ten seconds: for long runs.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tests/servers/ports.h"
#include "tests/servers/process.h"
#include "tests/servers/storage/object_storage.h"
#include "tests/temporary_directory.h"

namespace servers {

class Ceph {
 public:
  Ceph();
  Ceph(const Ceph&) = delete;
  Ceph& operator=(const Ceph&) = delete;

  // One for the whole test program, started when it is first used.
  static Ceph& shared();

  const ObjectStorage& storage() const { return *storage_; }

  // The gateway's log, which has a line for each request that it has answered.
  base::Path gateway_log() const;

 private:
  void configure();
  void start_monitor();
  void start_storage();
  void start_gateway();
  std::string run(std::vector<std::string> arguments) const;
  void start_daemon(const std::string& program, const std::vector<std::string>& options);
  void wait_until_answered();
  std::string log() const;

  tests::TemporaryDirectory directory_;
  std::string cluster_id_;
  Port monitor_port_;
  Port old_monitor_port_;
  Port gateway_port_;
  std::optional<ObjectStorage> storage_;
  std::deque<Process> daemons_;
};

}  // namespace servers
