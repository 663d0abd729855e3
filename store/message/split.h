// A message as a record and its parts, and back (docs/pack-format.md, "Records").
//
// The record holds the header's bytes and the recipe, which describes the body by the ids of its
// parts. A part is a run of text, unchanged, or the decoded bytes of a base64 body, if encoding
// them again gives exactly the same bytes. rebuild(split(m)) == m for any bytes m.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "store/format/object_id.h"

namespace store {

// The stream that a part goes to: similar data compresses well together.
enum class PartKind : std::uint8_t { kText, kBinary };

// In bytes. They change how a message is stored, never the result of rebuild: records of different
// limits coexist.
struct SplitLimits {
  // A longer part is divided.
  std::size_t largest_part = std::size_t{4} << 20;
  // A base64 body with fewer decodable bytes than this remains text.
  std::size_t smallest_leaf = 512;
  // A run of text up to this size stays in the record (docs/pack-format.md, "Records", has the
  // numbers): a part of its own costs its id there and in the pack, and a row in the index, which
  // few short texts repay by occurring twice.
  std::size_t largest_inline = 2'048;
  // A text leaf of at least this size is a part of its own, so that an attached text or page that
  // recurs is stored once. Cutting out shorter ones costs more than it saves.
  std::size_t smallest_text_leaf = 16'384;
  // Anything beyond it is treated as text of the body.
  std::size_t largest_header = 65'536;
};

// Receives the parts in the order of the message.
class PartSink {
 public:
  PartSink() = default;
  PartSink(const PartSink&) = delete;
  PartSink& operator=(const PartSink&) = delete;
  virtual ~PartSink() = default;

  // `bytes` (1 to largest_part of them) are valid during the call.
  virtual ObjectId put(PartKind kind, base::ByteView bytes) = 0;

  // Called each time that about 8 MiB of the message were read without a part: they need not stay
  // in memory.
  virtual void rest() {}
};

class PartSource {
 public:
  PartSource() = default;
  PartSource(const PartSource&) = delete;
  PartSource& operator=(const PartSource&) = delete;
  virtual ~PartSource() = default;

  // Valid until the next call. Fails if the part is missing or damaged.
  virtual base::ByteView get(PartKind kind, const ObjectId& id) = 0;
};

// Returns the record. Takes time linear in the message, whatever its content, and memory for one
// part besides the record, which is bounded too: by the limits, and 48 bytes for each part.
base::Bytes split(base::ByteView message, PartSink& sink, const SplitLimits& limits);

// Passes the message's bytes to `out`, in pieces. Fails with kDamaged if the record is not
// well-formed or a part's length differs from the recorded one; `out` may already have received
// some pieces.
void rebuild(base::ByteView record, PartSource& source,
             const std::function<void(base::ByteView)>& out);

// The parts that the record names, in the order of the message; one that occurs twice is listed
// twice. Fails with kDamaged if the record is not well-formed.
std::vector<std::pair<PartKind, ObjectId>> parts_of(base::ByteView record);

// The message's header as far as the record holds it (SplitLimits::largest_header), with the empty
// line that ends it: a view into `record`, no part needs to be read. Fails with kDamaged.
base::ByteView header_of(base::ByteView record);

// The length of the message in bytes. Fails with kDamaged.
std::uint64_t message_size(base::ByteView record);

}  // namespace store
