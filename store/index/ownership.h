// Who writes to a store: the owner records (store/format/owner_record.h).
//
// On a file system the store's lock decides; the records only show that another host wrote before.
// Where there is no lock, the commit records stop a writer that is no longer the owner.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "store/format/block.h"
#include "store/format/owner_record.h"
#include "store/index/host_identity.h"
#include "store/storage/storage.h"

namespace store {

struct StoreOwner {
  std::uint64_t epoch = 0;
  HostId host{};
};

// Makes this host the owner, unless it is: with a new record, and a warning in the log if another
// host was. Fails with kBusy if several hosts do so at once, kConfig if a newer version of mailstow
// wrote the newest record, and like the storage.
StoreOwner claim_store(Storage& storage, const BlockContext& context, const HostIdentity& identity,
                       std::chrono::sys_seconds now);

// The host that has become the owner since then. May miss what a listing does not show yet.
std::optional<StoreOwner> newer_owner(Storage& storage, const BlockContext& context,
                                      const StoreOwner& owner);

// The present owner; nullopt: no record can be read. Fails with kConfig if a newer version of
// mailstow wrote the newest record, and like the storage.
std::optional<StoreOwner> owner_of(Storage& storage, const BlockContext& context);

// The name of the host for messages: its own one if the record can be read, or else its id.
std::string name_of_host(Storage& storage, const BlockContext& context, const StoreOwner& owner);

}  // namespace store
