#include "store/index/ownership.h"

#include <algorithm>
#include <optional>
#include <ranges>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/format/crypto.h"
#include "store/format/layout.h"
#include "store/format/right_version.h"
#include "store/format/sealed_blob.h"

namespace store {

namespace {

// Hosts that take a store over at the same time are few, and so is rubbish under the names.
constexpr int kMaxClaims = 16;

BlobName name_for(const Storage& storage, const StoreOwner& owner) {
  return storage.traits().creates_once ? owner_record_name(owner.epoch)
                                       : owner_record_name(owner.epoch, owner.host);
}

std::optional<OwnerRecord> read_chosen_owner(Storage& storage, const BlockContext& context,
                                             const BlobName& name) {
  const std::optional<base::Bytes> bytes = storage.get(name, kMaxSealedBlob);
  if (!bytes) return std::nullopt;
  return OwnerRecord::open(context, name, *bytes, storage.display_name(name));
}

// Where what has the name is no record, the newest version that is one.
std::optional<OwnerRecord> read_kept_owner(Storage& storage, const BlockContext& context,
                                           const BlobName& name) {
  try {
    return read_chosen_owner(storage, context, name);
  } catch (const base::Error& error) {
    const bool may_be_replaced =
        error.code() == base::ErrorCode::kDamaged || error.code() == base::ErrorCode::kConfig;
    const auto opens = [&](base::ByteView bytes) {
      return OwnerRecord::is_one(context, name, bytes);
    };
    if (!may_be_replaced || !choose_newest_version(storage, name, kMaxSealedBlob, opens)) throw;
  }
  return read_chosen_owner(storage, context, name);
}

// Nullopt: it is absent, or not a record. What can't be read decides nothing: the next record gets
// a higher epoch than any that can.
std::optional<OwnerRecord> read_owner(Storage& storage, const BlockContext& context,
                                      const BlobName& name) {
  std::optional<OwnerRecord> record;
  const std::string trouble =
      base::why_unreadable([&] { record = read_kept_owner(storage, context, name); });
  if (!trouble.empty()) base::log_debug("{}", trouble);
  return record;
}

std::optional<OwnerRecord> newest_owner(Storage& storage, const BlockContext& context) {
  std::optional<OwnerRecord> newest;
  const std::vector<std::string> keys = storage.list(kOwnerArea);
  for (const std::string& key : std::views::reverse(keys)) {
    if (!number_in_key(key)) continue;
    newest = read_owner(storage, context, {kOwnerArea, key});
    if (newest) break;
  }
  // A listing may lack the newest ones.
  while (storage.traits().creates_once) {
    const std::uint64_t next = (newest ? newest->epoch : 0) + 1;
    const auto record = read_owner(storage, context, owner_record_name(next));
    if (!record) break;
    newest = record;
  }
  return newest;
}

enum class Written { kYes, kTaken };

Written write_owner(Storage& storage, const BlockContext& context, const OwnerRecord& record) {
  const BlobName name = name_for(storage, {.epoch = record.epoch, .host = record.host});
  const base::Bytes bytes = record.seal(context, name);
  if (!storage.traits().creates_once) {
    storage.replace(name, bytes);
    return Written::kYes;
  }
  try {
    return storage.create(name, bytes) == Created::kYes ? Written::kYes : Written::kTaken;
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
    base::log_debug("{}", error.what());  // a link, a FIFO
    return Written::kTaken;
  }
}

void warn_of(const Storage& storage, const OwnerRecord& newest, const HostIdentity& identity) {
  if (newest.host == identity.earlier) return;  // this host, before the machine's last start
  if (identity.is_first && newest.host_name == identity.name) return;  // it lost its index
  base::log_warning(
      "store {}: host {} wrote to it since {}; from now on this host does: let only one write to "
      "it",
      storage.display_name(), base::escape_for_terminal(newest.host_name),
      base::shown_time(newest.since));
}

}  // namespace

StoreOwner claim_store(Storage& storage, const BlockContext& context, const HostIdentity& identity,
                       std::chrono::sys_seconds now) {
  std::uint64_t taken = 0;  // the highest epoch whose name has something else
  for (int attempt = 0; attempt < kMaxClaims; ++attempt) {
    const std::optional<OwnerRecord> newest = newest_owner(storage, context);
    const std::uint64_t highest = newest ? newest->epoch : 0;
    if (newest && newest->host == identity.id) return {.epoch = highest, .host = identity.id};
    OwnerRecord record{.epoch = std::max(highest, taken) + 1,
                       .host = identity.id,
                       .host_name = identity.name,
                       .since = now,
                       .random = {}};
    fill_random(record.random);
    if (write_owner(storage, context, record) == Written::kYes) {
      if (newest) warn_of(storage, *newest, identity);
      return {.epoch = record.epoch, .host = record.host};
    }
    taken = record.epoch;
  }
  base::fail(base::ErrorCode::kBusy,
             "open store {}: other hosts take it over at the same time: let only one write to it",
             storage.display_name());
}

std::optional<StoreOwner> newer_owner(Storage& storage, const BlockContext& context,
                                      const StoreOwner& owner) {
  const std::optional<OwnerRecord> newest = newest_owner(storage, context);
  if (!newest || newest->epoch < owner.epoch || newest->host == owner.host) return std::nullopt;
  return StoreOwner{.epoch = newest->epoch, .host = newest->host};
}

std::optional<StoreOwner> owner_of(Storage& storage, const BlockContext& context) {
  const std::optional<OwnerRecord> newest = newest_owner(storage, context);
  if (!newest) return std::nullopt;
  return StoreOwner{.epoch = newest->epoch, .host = newest->host};
}

std::string name_of_host(Storage& storage, const BlockContext& context, const StoreOwner& owner) {
  const auto record = read_owner(storage, context, name_for(storage, owner));
  return record && !record->host_name.empty() ? base::escape_for_terminal(record->host_name)
                                              : base::to_hex(owner.host);
}

}  // namespace store
