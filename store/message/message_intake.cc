#include "store/message/message_intake.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"

namespace store {

namespace {

constexpr std::size_t kMaxDecodedInMemory = std::size_t{2} << 20;

// A part of a message that is long enough to be in a file.
constexpr std::size_t kWorthResting = std::size_t{256} << 10;

// Far below a block: a message of a million tiny attachments is stored as text instead.
constexpr std::size_t kMaxMessageRecord = std::size_t{4} << 20;

}  // namespace

// The parts of one message until the store takes them: text stays in the message itself, decoded
// bytes go to a spool.
class MessageIntake::Parts : public PartSink, public PartSource {
 public:
  Parts(Spool& message, const Keys& keys, const base::Path& spool_directory,
        std::uint64_t keep_free)
      : spool_(message),
        message_(message.view()),
        keys_(keys),
        decoded_(spool_directory, kMaxDecodedInMemory, keep_free) {}

  void rest() override {
    spool_.rest();
    decoded_.rest();
  }

  ObjectId put(PartKind kind, base::ByteView bytes) override {
    const ObjectId id =
        object_id(keys_, kind == PartKind::kText ? ObjectType::kText : ObjectType::kBinary, bytes);
    const auto [known, is_new] = places_.try_emplace(id, parts_.size());
    if (!is_new) return id;
    Part part{kind, id, is_in_message(bytes), 0, bytes.size()};
    if (part.in_message) {
      part.begin = static_cast<std::size_t>(bytes.data() - message_.data());
    } else {
      part.begin = static_cast<std::size_t>(decoded_.size());
      decoded_.add(bytes);
    }
    parts_.push_back(part);
    rest_after(bytes);
    return id;
  }

  base::ByteView get(PartKind /*kind*/, const ObjectId& id) override {
    rest_after(last_);
    last_ = bytes_of(parts_[places_.at(id)]);
    return last_;
  }

  void for_each(const std::function<void(PartKind, const ObjectId&, base::ByteView)>& take) {
    for (const Part& part : parts_) {
      const base::ByteView bytes = bytes_of(part);
      take(part.kind, part.id, bytes);
      rest_after(bytes);
    }
  }

  std::size_t memory() const {
    return static_cast<std::size_t>(std::min<std::uint64_t>(decoded_.size(), kMaxDecodedInMemory));
  }

 private:
  struct Part {
    PartKind kind = PartKind::kText;
    ObjectId id;
    bool in_message = false;
    std::size_t begin = 0;
    std::size_t length = 0;
  };

  base::ByteView bytes_of(const Part& part) {
    const base::ByteView all = part.in_message ? message_ : decoded_.view();
    return all.subspan(part.begin, part.length);
  }

  bool is_in_message(base::ByteView bytes) const {
    const std::less_equal<const std::byte*> not_after;
    return !bytes.empty() && not_after(message_.data(), bytes.data()) &&
           not_after(bytes.data() + bytes.size(), message_.data() + message_.size());
  }

  // If the message is in a file, only the part being processed is in memory.
  void rest_after(base::ByteView part) {
    if (part.size() >= kWorthResting) rest();
  }

  Spool& spool_;
  base::ByteView message_;  // all of spool_
  const Keys& keys_;
  Spool decoded_;
  std::vector<Part> parts_;
  std::unordered_map<ObjectId, std::size_t> places_;  // into parts_
  base::ByteView last_;                               // the last result of get()
};

MessageIntake::MessageIntake(const base::Path& spool_directory, std::size_t max_in_memory,
                             const Keys& keys, std::uint64_t keep_free)
    : spool_directory_(spool_directory),
      keep_free_(keep_free),
      keys_(keys),
      spool_(spool_directory, max_in_memory, keep_free) {}
MessageIntake::~MessageIntake() = default;

void MessageIntake::add(base::ByteView piece) {
  spool_.add(piece);
  if (!hash_) hash_.emplace();
  hash_->update(piece);
}

std::size_t MessageIntake::memory() const {
  return spool_.memory() + record_.capacity() + (parts_ ? parts_->memory() : 0);
}

base::ByteView MessageIntake::beginning() {
  const base::ByteView message = spool_.view();
  return message.first(std::min(message.size(), SplitLimits().largest_header));
}

void MessageIntake::finish() {
  if (std::exchange(is_finished_, true)) return;
  if (!hash_) hash_.emplace();
  digest_ = hash_->finish();
  const SplitLimits usual;
  if (try_split(usual)) return;
  SplitLimits all_text = usual;
  all_text.smallest_leaf = std::numeric_limits<std::size_t>::max();
  all_text.smallest_text_leaf = std::numeric_limits<std::size_t>::max();
  if (try_split(all_text)) return;
  base::fail(base::ErrorCode::kInternal, "store message {}: it can't be rebuilt from its parts",
             digest_.hex());
}

void MessageIntake::for_each_part(
    const std::function<void(PartKind, const ObjectId&, base::ByteView)>& take) {
  parts_->for_each(take);
}

bool MessageIntake::try_split(const SplitLimits& limits) {
  const base::ByteView message = spool_.view();
  parts_ = std::make_unique<Parts>(spool_, keys_, spool_directory_, keep_free_);
  record_ = split(message, *parts_, limits);
  if (record_.size() > kMaxMessageRecord) return false;
  // Compared byte by byte with the message itself: proves the same as its digest, and is faster.
  base::ByteView left = message;
  bool same = true;
  rebuild(record_, *parts_, [&](base::ByteView piece) {
    same = same && base::as_text(left).starts_with(base::as_text(piece));
    if (same) left = left.subspan(piece.size());
  });
  spool_.rest();
  if (same && left.empty()) return true;
  base::log_error("store message {}: splitting it changed it", digest_.hex());
  return false;
}

void MessageIntake::clear() {
  parts_.reset();
  record_ = {};
  is_finished_ = false;
  spool_.clear();
  hash_.reset();
}

}  // namespace store
