// Bytes on their way into the store: in memory while they are few, otherwise in a file without a
// name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/file_system.h"

namespace store {

class Spool {
 public:
  // `directory` gets the file. It must be suitable for plain text. `keep_free`: the bytes that stay
  // free on its disk; 0: it may be filled.
  Spool(base::Path directory, std::size_t max_in_memory, std::uint64_t keep_free = 0);
  Spool(Spool&&) noexcept;
  Spool& operator=(Spool&&) noexcept;
  ~Spool();

  void add(base::ByteView piece);  // fails with kIo, and with kNoSpace before the disk is full
  std::uint64_t size() const;
  std::size_t memory() const { return memory_.capacity(); }

  // All bytes; valid until the next add() or clear().
  base::ByteView view();

  // Fills `out` from `offset` on, without mapping the file; returns the number of bytes, fewer only
  // at the end. Fails with kIo. Any number of threads may call it at a time.
  std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const;

  // Drops the view's file-backed pages from memory until they are read again.
  void rest();

  void clear();

  // Whether `name` is that of a file left by a program that died in the moment of creating it.
  static bool is_leftover(std::string_view name);

 private:
  class File;

  base::Path directory_;
  std::size_t max_in_memory_;
  std::uint64_t keep_free_;
  base::Bytes memory_;
  std::unique_ptr<File> file_;
};

}  // namespace store
