// Finds the leaves of a message's MIME structure (RFC 2045, 2046) without changing a byte.
//
// It never fails: anything that is not well-formed MIME is a text leaf, or between leaves. It takes
// time linear in the message and bounded memory, whatever the message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/bytes.h"

namespace store {

enum class TransferEncoding : std::uint8_t {
  kText,  // 7bit, 8bit, binary, quoted-printable, unknown: taken unchanged
  kBase64,
};

// The body of a MIME entity that is neither a multipart nor an enclosed message.
struct MimeLeaf {
  std::size_t begin = 0;  // offset in the message
  std::size_t end = 0;    // the offset of the boundary's line, or of the message's end
  TransferEncoding encoding = TransferEncoding::kText;
  bool operator==(const MimeLeaf&) const = default;
};

struct MimeMap {
  std::size_t header_end = 0;    // after the empty line; the message's end if the line is missing
  std::vector<MimeLeaf> leaves;  // in the order of the message, never overlapping, never empty
};

struct MimeLimits {
  std::size_t max_depth = 32;      // nested multiparts; a deeper one is a leaf
  std::size_t max_leaves = 4'096;  // anything after them is between leaves
};

// `rest`: called each time that about 8 MiB were read, which are not read again.
MimeMap scan_mime(base::ByteView message, const MimeLimits& limits = {},
                  const std::function<void()>& rest = {});

}  // namespace store
