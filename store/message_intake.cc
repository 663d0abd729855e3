#include "store/message_intake.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <unordered_map>

#include "base/error.h"
#include "base/log.h"

namespace store {

namespace {

constexpr std::size_t kMostDecodedInMemory = std::size_t{4} << 20;

// Far below a block: a message of a million tiny attachments is stored as text instead.
constexpr std::size_t kLargestRecord = std::size_t{4} << 20;

// Stores the parts of one message, and keeps them in reach until the message was rebuilt: text lies
// in the message itself, what was decoded goes to a spool.
class KeptParts : public PartSink, public PartSource {
 public:
  KeptParts(base::ByteView message, const MessageIntake::StorePart& store,
            const base::Path& spool_folder)
      : message_(message), store_(store), decoded_(spool_folder, kMostDecodedInMemory) {}

  ObjectId put(PartKind kind, base::ByteView bytes) override {
    const ObjectId id = store_(kind, bytes);
    Kept part{.in_message = lies_in_message(bytes), .begin = 0, .length = bytes.size()};
    if (part.in_message) {
      part.begin = static_cast<std::size_t>(bytes.data() - message_.data());
    } else if (!parts_.contains(id)) {
      part.begin = static_cast<std::size_t>(decoded_.size());
      decoded_.add(bytes);
    }
    parts_.try_emplace(id, part);
    return id;
  }

  base::Bytes get(PartKind /*kind*/, const ObjectId& id) override {
    const Kept& part = parts_.at(id);
    const base::ByteView all = part.in_message ? message_ : decoded_.view();
    const base::ByteView bytes = all.subspan(part.begin, part.length);
    return {bytes.begin(), bytes.end()};
  }

 private:
  struct Kept {
    bool in_message = false;
    std::size_t begin = 0;
    std::size_t length = 0;
  };

  bool lies_in_message(base::ByteView bytes) const {
    const std::less_equal<const std::byte*> not_after;
    return !bytes.empty() && not_after(message_.data(), bytes.data()) &&
           not_after(bytes.data() + bytes.size(), message_.data() + message_.size());
  }

  base::ByteView message_;
  const MessageIntake::StorePart& store_;
  Spool decoded_;
  std::unordered_map<ObjectId, Kept> parts_;
};

}  // namespace

MessageIntake::MessageIntake(const base::Path& spool_folder, std::size_t most_in_memory)
    : spool_folder_(spool_folder), spool_(spool_folder, most_in_memory) {}

void MessageIntake::add(base::ByteView piece) {
  spool_.add(piece);
  digest_.update(piece);
}

Sha256 MessageIntake::finish_digest() {
  return digest_.finish();
}

base::ByteView MessageIntake::beginning() {
  const base::ByteView message = spool_.view();
  return message.first(std::min(message.size(), SplitLimits().largest_header));
}

base::Bytes MessageIntake::make_record(const Sha256& digest, const StorePart& store_part) {
  const SplitLimits usual;
  if (std::optional<base::Bytes> record = try_record(digest, store_part, usual)) {
    return std::move(*record);
  }
  SplitLimits all_text = usual;
  all_text.smallest_leaf = std::numeric_limits<std::size_t>::max();
  all_text.smallest_text_leaf = std::numeric_limits<std::size_t>::max();
  if (std::optional<base::Bytes> record = try_record(digest, store_part, all_text)) {
    return std::move(*record);
  }
  base::fail(base::ErrorCode::kInternal, "store message {}: it can't be rebuilt from its parts",
             digest.hex());
}

std::optional<base::Bytes> MessageIntake::try_record(const Sha256& digest,
                                                     const StorePart& store_part,
                                                     const SplitLimits& limits) {
  const base::ByteView message = spool_.view();
  KeptParts parts(message, store_part, spool_folder_);
  base::Bytes record = split(message, parts, limits);
  if (record.size() > kLargestRecord) return std::nullopt;
  // Compared byte by byte with the message itself: what its digest would tell, and faster.
  base::ByteView left = message;
  bool same = true;
  rebuild(record, parts, [&](base::ByteView piece) {
    same = same && base::as_text(left).starts_with(base::as_text(piece));
    if (same) left = left.subspan(piece.size());
  });
  if (same && left.empty()) return record;
  base::log_error("store message {}: splitting it changed it", digest.hex());
  return std::nullopt;
}

void MessageIntake::clear() {
  spool_.clear();
  digest_ = Sha256Hash();
}

}  // namespace store
