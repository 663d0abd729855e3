// A message while it comes from a server. Made by Writer::begin_message(); each may be filled on a
// thread of its own, beside the writer's.
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
  // A message that is longer goes to a file; what is decoded of one takes as much once more. In
  // bytes.
  static constexpr std::size_t kMaxInMemory = std::size_t{2} << 20;

  // Both must outlive it.
  IncomingMessage(const base::Path& spool_directory, const Keys& keys);
  IncomingMessage(IncomingMessage&&) noexcept;
  IncomingMessage& operator=(IncomingMessage&&) noexcept;
  ~IncomingMessage();

  void add(base::ByteView piece);  // fails with kIo and kNoSpace
  std::uint64_t size() const;
  std::size_t memory() const;  // bytes that it takes, about

  // All of it has come: does what can be done to it without the store. Writer::add() does it too.
  void finish();

  void clear();  // as if it had just begun

 private:
  friend class Writer;
  std::unique_ptr<MessageIntake> intake_;
};

}  // namespace store
