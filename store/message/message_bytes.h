// The bytes of a message that was read: in memory while they are few, otherwise in a file without a
// name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/file_system.h"
#include "store/format/object_id.h"

namespace store {

class Spool;

// The digest and size of a message that was read to the end.
struct MessageDigest {
  Sha256 digest;
  std::uint64_t size = 0;  // bytes of the message
};

// Where the bytes of long messages go.
struct SpoolPlace {
  base::Path directory;           // suitable for plain text
  std::size_t max_in_memory = 0;  // bytes of one message; a longer one is in a file
  std::uint64_t keep_free = 0;    // bytes that stay free on the directory's disk
};

// Never changes, and copies share the bytes. Any number of threads may read it at a time.
class MessageBytes {
 public:
  static constexpr std::size_t kMaxPiece = std::size_t{1} << 20;

  MessageBytes() = default;  // no bytes
  explicit MessageBytes(base::Bytes bytes);

  std::uint64_t size() const { return size_; }

  // All bytes; nullopt if they are in a file. Valid as long as one of the copies exists.
  std::optional<base::ByteView> in_memory() const;

  // Fills `out` from `offset` on; returns the number of bytes, fewer only at the message's end.
  // Fails with kIo.
  std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const;

  // Passes on all bytes, in pieces of 1 to kMaxPiece bytes, each valid during the call. Fails with
  // kIo, also at the end, if the file does not have what was written.
  void for_each_piece(const std::function<void(base::ByteView)>& take) const;

  // A copy of all bytes, only for a message that is known to be short. Fails with kIo.
  base::Bytes bytes() const;

  // The digest of all bytes; nullopt unless they were read from the store.
  const std::optional<Sha256>& digest() const { return digest_; }
  void set_digest(const Sha256& digest) { digest_ = digest; }

 private:
  friend class MessageBuffer;

  std::uint64_t size_ = 0;
  std::shared_ptr<const base::Bytes> memory_;  // null if there are no bytes or they are in `file_`
  std::shared_ptr<const Spool> file_;
  std::optional<Sha256> digest_;
};

// The digest that it has, or else computed. Fails with kIo.
Sha256 sha256(const MessageBytes& message);

// Collects the bytes of one message after the other.
class MessageBuffer {
 public:
  // `place` must outlive it.
  explicit MessageBuffer(const SpoolPlace& place);
  MessageBuffer(const MessageBuffer&) = delete;
  MessageBuffer& operator=(const MessageBuffer&) = delete;
  ~MessageBuffer();

  // Drops what it has. `size`: what the next message will probably have.
  void begin(std::uint64_t size);

  // Fails with kIo, and with kNoSpace before the disk is full.
  void add(base::ByteView piece);

  // Returns what was added, and leaves the buffer empty.
  MessageBytes take();

 private:
  const SpoolPlace& place_;
  bool is_long_ = false;
  std::uint64_t size_ = 0;
  base::Bytes memory_;
  std::unique_ptr<Spool> file_;
};

}  // namespace store
