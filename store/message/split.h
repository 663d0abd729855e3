// A message as a record and its parts, and back (docs/pack-format.md, "Recipe").
//
// The record holds the header's bytes and the recipe: what the body is made of, by the ids of its
// parts. A part is a run of text as it stands in the message, or what a base64 leaf decodes to,
// where encoding it again gives exactly the same bytes. rebuild(split(m)) == m for any bytes m.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "store/format/object_id.h"

namespace store {

// Which stream a part goes to: like compresses with like.
enum class PartKind : std::uint8_t { kText, kBinary };

// In bytes. They change what is stored, never what rebuild gives: records of different limits live
// side by side.
struct SplitLimits {
  // A longer part is cut.
  std::size_t largest_part = std::size_t{4} << 20;
  // A base64 leaf of which less than this decodes stays text.
  std::size_t smallest_leaf = 512;
  // A run of text up to this stays in the record (docs/pack-format.md, "Records", has the numbers):
  // a part of its own costs its id there and in the pack, and a line in the index, which few short
  // texts earn by occurring twice.
  std::size_t largest_inline = 2'048;
  // A text leaf from this size on is a part of its own, so that an attached text or page that
  // recurs is stored once. Cutting out shorter ones costs more than it finds.
  std::size_t smallest_text_leaf = 16'384;
  // What goes beyond it is text of the body.
  std::size_t largest_header = 65'536;
};

// Takes the parts in the order of the message.
class PartSink {
 public:
  PartSink() = default;
  PartSink(const PartSink&) = delete;
  PartSink& operator=(const PartSink&) = delete;
  virtual ~PartSink() = default;

  // `bytes` (1 to largest_part of them) live for the call.
  virtual ObjectId put(PartKind kind, base::ByteView bytes) = 0;
};

class PartSource {
 public:
  PartSource() = default;
  PartSource(const PartSource&) = delete;
  PartSource& operator=(const PartSource&) = delete;
  virtual ~PartSource() = default;

  // Lives until the next call. Fails if the part is missing or damaged.
  virtual base::ByteView get(PartKind kind, const ObjectId& id) = 0;
};

// Returns the record. Takes time linear in the message, whatever it is, and memory for one part
// beside the record, which is bounded too: by the limits, and 48 bytes for each part.
base::Bytes split(base::ByteView message, PartSink& sink, const SplitLimits& limits);

// Hands the message's bytes to `out`, in pieces. Fails with kDamaged if the record is not
// well-formed or a part has another length than it says; `out` may have had some pieces by then.
void rebuild(base::ByteView record, PartSource& source,
             const std::function<void(base::ByteView)>& out);

// The parts that the record names, in the order of the message; one that occurs twice is named
// twice. Fails with kDamaged if the record is not well-formed.
std::vector<std::pair<PartKind, ObjectId>> parts_of(base::ByteView record);

// The message's header as far as the record holds it (SplitLimits::largest_header), with the empty
// line that ends it: a view into `record`, no part is needed. Fails with kDamaged.
base::ByteView header_of(base::ByteView record);

// The length of the message in bytes. Fails with kDamaged.
std::uint64_t message_size(base::ByteView record);

}  // namespace store
