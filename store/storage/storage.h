// The seam between a store and what holds it: a directory or, with another implementation, object
// storage. The store names blobs, and does not open, rename or lock files.
//
// Every storage promises exactly this:
// - A blob is whole or absent, whatever crashes or breaks off. When a call that writes it returns,
//   it is durable, and reading it by its name gives its bytes.
// - Every change can be repeated after an error, with the same result.
// - A listing may lack what was written lately, and show what was removed lately. A blob that was
//   replaced or removed may be read as it was for a while. Neither proves anything: to conclude
//   that a blob is absent, read it by its name.
// Traits name what some storages promise besides.
//
// Expected outcomes are values: a blob that is absent, one that exists already, one that can't be
// removed. Errors are
// - kStorage: a StorageError, with its Trouble;
// - kNoSpace: the disk is full, or a quota is used up;
// - kIo: this machine's file system failed;
// - kDamaged: what has the name is not a blob (a link, a directory, a FIFO), has more bytes than
//   the caller accepts, or, where the storage notices it, other bytes than the name is to get.
// After kNoSpace, kIo and Trouble::kUnanswered, it is unknown whether a change was made.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "store/storage/blob_name.h"
#include "store/storage/bucket_facts.h"
#include "store/storage/storage_error.h"

namespace store {

struct StorageTraits {
  bool creates_once = false;      // create() works: of several writers, one wins
  bool lists_at_once = false;     // a listing shows the state of its moment
  bool replaces_at_once = false;  // after replace() and remove(), the old bytes are never read
};

enum class Created { kYes, kExists };

// What was requested over the network since the storage was opened; repetitions count, headers do
// not.
struct StorageTraffic {
  std::uint64_t requests = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t received_bytes = 0;
};

// The end of a blob.
struct BlobTail {
  std::uint64_t blob_size = 0;
  base::Bytes bytes;
};

struct NotRemoved {
  BlobName name;
  std::string why;  // a full message
};

// The first version of a blob in a storage that keeps versions: the one that was written by the
// store, whatever was done to its name later.
struct BlobVersion {
  BlobName name;
  std::string id;
  bool is_removed = false;   // the name is deleted, and this version is below the marker
  bool is_replaced = false;  // the newest version has other bytes
};

// One of the versions of a blob in such a storage.
struct KeptVersion {
  std::string id;
  bool is_newest = false;    // reading the blob by its name gives it
  bool was_removed = false;  // the blob was removed after it, and may have been written again
};

// Whether listings show a blob whose older version is read, although it was removed.
enum class InListings { kIfPresent, kAlways };

struct LockExtension {
  enum class Outcome { kExtended, kLastsLongEnough, kRefused };
  Outcome outcome = Outcome::kExtended;
  std::string why;  // it was refused; a full message
};

// A blob that is too large for memory, on its way: it stays on this machine, and is discarded with
// this object, until publish(). One thread at a time.
class Upload {
 public:
  Upload() = default;
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;
  virtual ~Upload() = default;

  // Appends. After an error the upload is unusable: every later call fails.
  virtual void write(base::ByteView bytes) = 0;

  // Storage::put() of all that was written. Once it has succeeded, nothing else may be called;
  // after a StorageError it may be repeated.
  virtual void publish(std::string_view key) = 0;
};

// Thread-safe.
class Storage {
 public:
  Storage() = default;
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  virtual ~Storage() = default;

  // For names that always get the same bytes, such as digests. A blob that has them is left alone
  // or written again.
  virtual void put(const BlobName& name, base::ByteView bytes) = 0;
  virtual std::unique_ptr<Upload> upload(std::string_view area) = 0;

  // Puts the blob unless the name exists. kYes: the blob has these bytes; kExists: it has others,
  // and is unchanged. After a lost answer, equal bytes are taken for the caller's own, so something
  // in them must be the caller's alone, such as a random number. Only with traits().creates_once,
  // and not for names that are replaced.
  virtual Created create(const BlobName& name, base::ByteView bytes) = 0;

  // The same where it is not promised: storage that does not know the condition may ignore it, put
  // the blob over the one that exists, and answer kYes. Nullopt: it says that it can't. For
  // store/fence.h.
  virtual std::optional<Created> try_create(const BlobName& name, base::ByteView bytes);

  // Puts the blob, whether the name exists or not. For names with one writer.
  virtual void replace(const BlobName& name, base::ByteView bytes) = 0;

  // The whole blob; nullopt: it is absent. Fails with kDamaged if it has more than `limit` bytes.
  virtual std::optional<base::Bytes> get(const BlobName& name, std::uint64_t limit) = 0;

  // Fills `out` with the bytes from `offset` on. Returns their number: fewer only at the blob's
  // end.
  virtual std::optional<std::size_t> read_at(const BlobName& name, std::uint64_t offset,
                                             std::span<std::byte> out) = 0;

  // The same, with at most `size` bytes.
  std::optional<base::Bytes> get_range(const BlobName& name, std::uint64_t offset,
                                       std::size_t size);

  // The last bytes, at most `size`. One request, for blobs whose size is unknown.
  virtual std::optional<BlobTail> get_tail(const BlobName& name, std::size_t size) = 0;

  virtual std::optional<std::uint64_t> size(const BlobName& name) = 0;

  // The keys of an area that begin with `prefix` and come behind `after`, in ascending order of
  // their bytes.
  virtual std::vector<std::string> list(std::string_view area, std::string_view prefix = {},
                                        std::string_view after = {}) = 0;

  // A blob that is absent counts as removed. Returns those that may not be removed, or can't be;
  // the others are removed.
  [[nodiscard]] virtual std::vector<NotRemoved> remove(std::span<const BlobName> names) = 0;

  virtual StorageTraits traits() const = 0;

  // How far this machine's clock is ahead of the storage's, by the newest answer; less than zero if
  // it is behind. Nullopt: no answer told, or the storage has no clock of its own.
  virtual std::optional<std::chrono::seconds> clock_lead() const { return std::nullopt; }

  // Nullopt: it does not count, as a directory.
  virtual std::optional<StorageTraffic> traffic() const { return std::nullopt; }

  // Of a bucket of object storage: what it tells about itself, without patience: an endpoint that
  // can't be reached is reported at once. Fails as facts_of() does (store/storage/s3_facts.h).
  virtual std::optional<BucketFacts> bucket_facts() { return std::nullopt; }

  // Whether blobs that were replaced or removed stay below their names, as versions, so that the
  // functions behind it may find some. Asked once; if that is refused, a storage that locks
  // keeps them.
  virtual bool keeps_versions() { return false; }
  virtual std::vector<BlobVersion> first_versions(std::string_view area);
  // Those of one blob, the oldest first. Empty: it has no version, or they may not be listed.
  virtual std::vector<KeptVersion> versions(const BlobName& name);
  // As read_at(), of that version.
  virtual std::optional<std::size_t> read_version_at(const BlobName& name, const std::string& id,
                                                     std::uint64_t offset,
                                                     std::span<std::byte> out);
  // From now on, all that reads the blob here reads that version, until it is written or removed
  // here. Empty: the newest again. What listings were once to show, they show until then. Nothing
  // changes in the storage.
  virtual void choose_version(const BlobName& name, const std::string& id,
                              InListings in_listings = InListings::kIfPresent);
  virtual bool reads_older_version(const BlobName& /*name*/) const { return false; }

  // For how long packs, commit records and key slots can't be destroyed after they were written, or
  // their locks extended. Nullopt: this storage does not lock, and extend_lock() must not be
  // called.
  virtual std::optional<std::chrono::days> lock_for() const { return std::nullopt; }
  // Unless the lock lasts for more than half of that time. Fails with kConfig if the storage has
  // not proven that its locks hold.
  virtual LockExtension extend_lock(const BlobVersion& blob);

  // For messages, without secrets: the storage, and a blob in it.
  virtual std::string display_name() const = 0;
  virtual std::string display_name(const BlobName& name) const = 0;
};

// For implementations: what create() returns where the storage says that the name exists. The
// answer to an earlier attempt may have been lost.
Created compare_with_existing(Storage& storage, const BlobName& name, base::ByteView bytes);

// How this machine's clock differs from the storage's by more than base::kClockSlack, as in "this
// machine's clock is 7m ahead of that of s3://bucket". Empty: it does not, or it is unknown. The
// grace period and retention of hosts that write to one store depend on their clocks.
std::string clock_difference(const Storage& storage);

// Fails with Trouble::kRefused if it does. `work`: "write to store s3://bucket".
void require_right_clock(const Storage& storage, const std::string& work);

}  // namespace store
