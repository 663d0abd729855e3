// The identity of a host, which distinguishes it from others that write to the same store. The
// records of trees name the machine alone (store/host_id.h).
//
// A host's id is a hash over the machine's id (/etc/machine-id) and a random number, which is
// beside the index together with the machine's start: when it was, and its id, which a confined
// program may be unable to read (ProcSubset=pid in a systemd unit). After each start there is a new
// random number, and with it a new id: a machine that was cloned with all its files has started
// once more, so it never has the id that its original has now. Two machines have one id only if a
// running one was duplicated with its memory.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "store/format/location.h"
#include "store/format/owner_record.h"

namespace store {

struct Machine {
  std::string id;                      // empty: unknown
  std::string start;                   // differs after each start; empty: unknown
  std::chrono::sys_seconds started{};  // by a clock that may be set
  std::string name;
};
Machine this_machine(base::FileSystem& files, const base::Clock& clock);

struct HostIdentity {
  HostId id{};
  std::string name;
  std::optional<HostId> earlier;  // what it had before the machine's last start, if it is a new one
  bool is_first = false;          // there was nothing beside the index
};

// Reads the identity beside the index, or makes one, durably. Fails with kIo and kNoSpace.
HostIdentity identify_host(base::FileSystem& files, const Location& location,
                           const Machine& machine);

// The id that this host had when it wrote to the store last; nullopt: it has not, with this index.
// Changes nothing.
std::optional<HostId> noted_host(base::FileSystem& files, const Location& location,
                                 const Machine& machine);

}  // namespace store
