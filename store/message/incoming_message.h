// A message while it arrives from a server. Made by Writer::begin_message(); each may be filled on
// a thread of its own, concurrently with the writer's.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/file_system.h"

namespace store {

class MessageIntake;
struct Keys;

class IncomingMessage {
 public:
  // A longer message goes to a file; its decoded parts take as much again. In bytes.
  static constexpr std::size_t kMaxInMemory = std::size_t{2} << 20;

  // Both references must outlive it. `keep_free`: bytes that stay free on the directory's disk.
  IncomingMessage(const base::Path& spool_directory, const Keys& keys, std::uint64_t keep_free = 0);
  IncomingMessage(IncomingMessage&&) noexcept;
  IncomingMessage& operator=(IncomingMessage&&) noexcept;
  ~IncomingMessage();

  void add(base::ByteView piece);  // fails with kIo and kNoSpace
  std::uint64_t size() const;
  std::size_t memory() const;  // approximate use, in bytes

  // Call when all of it has arrived: does the work that needs no access to the store. Otherwise
  // Writer::add() does it. Fails as add() does; then only clear() may follow.
  void finish();

  void clear();  // back to the initial state

 private:
  friend class Writer;
  std::unique_ptr<MessageIntake> intake_;
};

}  // namespace store
