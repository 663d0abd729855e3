#include "store/maintenance/storage_probe.h"

#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "store/format/crypto.h"
#include "store/storage/storage.h"

namespace store {

namespace {

constexpr std::string_view kProbeArea = "probe";
constexpr std::size_t kProbeBytes = 1'000;

BlobName random_name() {
  std::array<std::byte, 16> random{};
  fill_random(random);
  return {kProbeArea, base::to_hex(random)};
}

// Returns what is wrong with what it answers.
std::string try_out(Storage& storage, const BlobName& name) {
  base::Bytes bytes(kProbeBytes);
  fill_random(bytes);
  storage.put(name, bytes);
  const std::optional<base::Bytes> read = storage.get(name, kProbeBytes);
  if (!read) return storage.display_name(name) + ": it was written, but it is not there";
  if (*read != bytes)
    return storage.display_name(name) + ": other bytes are read than were written";
  static_cast<void>(storage.list(kProbeArea));  // it may be late, but it must be allowed
  return "";
}

void note_failure(const StorageError& error, StorageProbe& probe) {
  probe.failure = error.what();
  probe.remedy = remedy_for(error.trouble());
}

}  // namespace

std::string remedy_for(Trouble trouble) {
  switch (trouble) {
    case Trouble::kUnanswered:
      return "check the network, store.s3.url and store.s3.ca_file";
    case Trouble::kThrottled:
      return "try again later, or with fewer store.s3.connections";
    case Trouble::kRefused:
      return "check the access key, its secret and its rights: docs/object-storage.md lists those "
             "that a store needs";
    case Trouble::kGone:
      return "create the bucket, or correct store.s3";
  }
  return "";
}

StorageProbe probe_storage(const Location& location, base::FileSystem& files) {
  const std::shared_ptr<Storage> storage = storage_of(location, files);
  const BlobName name = random_name();
  StorageProbe probe;
  probe.creates_once = storage->traits().creates_once;
  try {
    probe.failure = try_out(*storage, name);
  } catch (const StorageError& error) {
    note_failure(error, probe);
    if (error.is_worth_repeating()) return probe;  // to remove the blob would take as long again
  } catch (const base::Error& error) {
    using base::ErrorCode;
    if (error.code() != ErrorCode::kNoSpace && error.code() != ErrorCode::kDamaged) throw;
    probe.failure = error.what();
  }
  try {
    for (const NotRemoved& left : storage->remove(std::array{name})) probe.not_removed = left.why;
  } catch (const StorageError& error) {
    if (probe.failure.empty()) note_failure(error, probe);
  }
  return probe;
}

}  // namespace store
