#include "store/copies/copy_records.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "store/format/commit_record.h"
#include "store/format/layout.h"
#include "store/format/owner_record.h"
#include "store/format/sealed_blob.h"
#include "store/keys/key_slot.h"
#include "store/sealed_tree.h"
#include "store/tree_version.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

std::array<BlobName, 2> names_of_slot(const SlotId& id) {
  const std::string key = base::to_hex(id);
  return {BlobName(kKeysArea, key + ".1"), BlobName(kKeysArea, key + ".2")};
}

// Reads a record. One of a newer version of mailstow is copied as it is.
template <typename Work>
void accept_newer(const Work& work) {
  try {
    work();
  } catch (const base::Error& error) {
    if (error.code() != ErrorCode::kConfig) throw;
    base::log_debug("{}", error.what());
  }
}

// Only blobs that are not listed must be looked for by their names.
std::set<std::string> listed_keys(Storage& storage, std::string_view area) {
  const std::vector<std::string> keys = storage.list(area);
  return {keys.begin(), keys.end()};
}

// The store's record of the step's commits, with its name; nullopt: none can be read.
std::optional<std::pair<BlobName, base::Bytes>> find_record(Storage& store,
                                                            const BlockContext& context,
                                                            const CommitStep& step) {
  std::set<BlobName> names{commit_record_name(step.first)};
  for (const std::string& key : store.list(kCommitsArea, numbered_key(step.first))) {
    names.emplace(kCommitsArea, key);
  }
  for (const BlobName& name : names) {
    std::optional<base::Bytes> bytes;
    bool is_it = false;
    const std::string why = base::why_unreadable([&] {
      bytes = store.get(name, kMaxSealedBlob);
      if (!bytes) return;
      const auto record = CommitRecord::open(context, name, *bytes, store.display_name(name));
      is_it = record.commit == step.commit && record.pack == step.pack;
    });
    if (!why.empty()) base::log_debug("{}", why);
    if (is_it) return std::pair(name, *std::move(bytes));
  }
  return std::nullopt;
}

base::Bytes new_record(const BlockContext& context, const CommitStep& step, const BlobName& name) {
  CommitRecord record{.number = step.first,
                      .last = step.last,
                      .commit = step.commit,
                      .previous = step.previous,
                      .pack = step.pack,
                      .epoch = 0,
                      .host = {},
                      .random = {}};
  fill_random(record.random);
  return record.seal(context, name);
}

}  // namespace

CopyRecords::CopyRecords(Storage& store, Storage& copy, const BlockContext& context)
    : store_(store), copy_(copy), context_(context) {
  require_own_copy();
}

void CopyRecords::require_own_copy() {
  const auto refuse = [&](std::string_view what) {
    fail(ErrorCode::kConfig,
         "copy to {}: {}: name a place that is empty, or has a copy of this store",
         copy_.display_name(), what);
  };
  for (const KeySlot& slot : read_slots(copy_).slots) {
    if (slot.store != context_.store) refuse("another store is there");
    has_slots_ = true;
  }
  if (has_slots_ || opens_a_pack()) return;
  for (const std::string_view area :
       {kKeysArea, kPacksArea, kCommitsArea, kOwnerArea, kTreesArea}) {
    if (!copy_.list(area).empty()) refuse("something else is there");
  }
}

// The first run may have ended before the copy became a store.
bool CopyRecords::opens_a_pack() {
  Decompressor decompressor;
  return std::ranges::any_of(copy_.list(kPacksArea), [&](const std::string& key) {
    const std::optional<PackName> name = pack_name(key);
    if (!name) return false;
    bool is_own = false;
    const std::string why = base::why_unreadable([&] {
      std::optional<PackFile> file = PackFile::find(copy_, *name);
      if (!file) return;
      file->read_trailer(context_, *name, decompressor);
      is_own = true;
    });
    if (!why.empty()) base::log_debug("{}", why);
    return is_own;
  });
}

// Returns whether the copy has the bytes now.
bool CopyRecords::put_once(const BlobName& name, base::ByteView bytes) {
  const std::optional<base::Bytes> existing = copy_.get_range(name, 0, bytes.size() + 1);
  if (!existing) {
    copy_.put(name, bytes);
    ++sent_;
    return true;
  }
  return std::ranges::equal(*existing, bytes);
}

void CopyRecords::send_slots() {
  const SlotListing listing = read_slots(store_, &context_.store);
  for (const KeySlot& slot : listing.slots) {
    const base::Bytes bytes = slot.encode();
    for (const BlobName& name : names_of_slot(slot.id)) has_slots_ |= send_slot(name, bytes);
  }
  if (!listing.newer.empty()) send_newer_slots();
}

bool CopyRecords::send_slot(const BlobName& name, base::ByteView bytes) {
  if (put_once(name, bytes)) return true;
  damage_.push_back(
      fmt::format("{}: it differs from the store's key slot: remove it there, and copy again",
                  copy_.display_name(name)));
  return false;
}

// Those of a newer version of mailstow, which may be the only ones that a key opens.
void CopyRecords::send_newer_slots() {
  for (const std::string& key : store_.list(kKeysArea)) {
    const BlobName name(kKeysArea, key);
    std::optional<base::Bytes> bytes;
    const std::string why = base::why_unreadable([&] { bytes = store_.get(name, kMaxSealedBlob); });
    if (!why.empty()) base::log_debug("{}", why);
    if (bytes && KeySlot::is_newer(*bytes)) send_slot(name, *bytes);
  }
}

std::set<std::string> CopyRecords::vanished_slots() {
  std::set<std::string> vanished;
  for (const KeySlot& slot : read_slots(copy_, &context_.store).slots) {
    const auto names = names_of_slot(slot.id);
    const bool is_in_store = std::ranges::any_of(
        names, [&](const BlobName& name) { return store_.size(name).has_value(); });
    if (!is_in_store) vanished.insert(base::to_hex(slot.id));
  }
  return vanished;
}

void CopyRecords::send_commit_record(const CommitStep& step) {
  const auto record = find_record(store_, context_, step);
  const BlobName name = record ? record->first : commit_record_name(step.first);
  if (put_once(name, record ? record->second : new_record(context_, step, name))) return;
  // A new record has other bytes each time.
  bool is_same = false;
  const std::string why = base::why_unreadable([&] {
    const std::optional<base::Bytes> bytes = copy_.get(name, kMaxSealedBlob);
    if (!bytes) return;
    const auto existing = CommitRecord::open(context_, name, *bytes, copy_.display_name(name));
    is_same = existing.commit == step.commit && existing.pack == step.pack;
  });
  if (is_same) return;
  damage_.push_back(
      fmt::format("{}: it is not the record of commit {}: remove it there, and copy again",
                  copy_.display_name(name), step.last));
}

void CopyRecords::send_owner_records() {
  const std::set<std::string> known = listed_keys(copy_, kOwnerArea);
  for (const std::string& key : store_.list(kOwnerArea)) {
    if (!number_in_key(key) || known.contains(key)) continue;
    const BlobName name(kOwnerArea, key);
    std::optional<base::Bytes> bytes;
    const std::string why = base::why_unreadable([&] {
      bytes = store_.get(name, kMaxSealedBlob);
      if (!bytes) return;
      accept_newer([&] { OwnerRecord::open(context_, name, *bytes, store_.display_name(name)); });
    });
    // A record that can't be read decides nothing.
    if (!why.empty()) base::log_debug("{}", why);
    if (bytes && why.empty()) put_once(name, *bytes);
  }
}

void CopyRecords::send_tree_records() {
  const std::set<std::string> known = listed_keys(copy_, kTreesArea);
  for (const std::string& key : store_.list(kTreesArea)) {
    const std::optional<TreeVersion> version = TreeVersion::parse(key);
    if (!version || known.contains(key)) continue;
    std::optional<base::Bytes> bytes;  // absent: a newer version has taken its place
    const std::string why = base::why_unreadable([&] {
      bytes = store_.get(version->name(), kMaxSealedTree);
      if (bytes) accept_newer([&] { open_tree(context_, *version, *bytes); });
    });
    if (!why.empty()) {
      damage_.push_back(fmt::format("{}: {}", store_.display_name(version->name()), why));
    } else if (bytes) {
      put_once(version->name(), *bytes);
    }
  }
}

}  // namespace store
