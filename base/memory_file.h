// Files in memory that other processes can read.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/handle.h"

namespace base {

// An anonymous file with this content, positioned at its beginning; closed on exec. Sealed: no
// process that gets it can change it. `name` stands for it in messages. Fails with kIo or kNoSpace.
Fd memory_file(const char* name, ByteView content);

// The same for content that arrives in pieces.
class MemoryFileWriter {
 public:
  explicit MemoryFileWriter(const char* name);
  void append(ByteView bytes);
  Fd finish();  // once

 private:
  [[noreturn]] void fail() const;

  const char* name_;
  Fd file_;
};

}  // namespace base
