// A real OpenStack Swift with its S3 API on loopback, from unpacked packages, in one process. It
// knows no conditional writes. Starts in two seconds.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "tests/servers/ports.h"
#include "tests/servers/process.h"
#include "tests/servers/storage/object_storage.h"
#include "tests/temporary_directory.h"

namespace servers {

class Swift {
 public:
  Swift();
  Swift(const Swift&) = delete;
  Swift& operator=(const Swift&) = delete;

  // One for the whole test program, started when it is first used.
  static Swift& shared();

  const ObjectStorage& storage() const { return *storage_; }
  std::string log() const;  // for failure messages

 private:
  void start();
  bool is_healthy() const;

  tests::TemporaryDirectory directory_;
  std::array<Port, 4> ports_;  // the first one is that of the requests
  std::optional<Process> process_;
  std::optional<ObjectStorage> storage_;
};

}  // namespace servers
