#include "store/message/message_bytes.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "store/format/crypto.h"
#include "store/message/spool.h"

namespace store {

MessageBytes::MessageBytes(base::Bytes bytes)
    : size_(bytes.size()), memory_(std::make_shared<const base::Bytes>(std::move(bytes))) {}

std::optional<base::ByteView> MessageBytes::in_memory() const {
  if (file_) return std::nullopt;
  return memory_ ? base::ByteView(*memory_) : base::ByteView();
}

std::size_t MessageBytes::read_at(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset >= size_) return 0;
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset));
  if (file_) {
    if (file_->read_at(offset, out.first(length)) != length) {
      base::fail(base::ErrorCode::kIo,
                 "read the temporary file of a long message: it is shorter than what was written: "
                 "check the disk of store.index");
    }
  } else {
    std::ranges::copy(base::ByteView(*memory_).subspan(static_cast<std::size_t>(offset), length),
                      out.begin());
  }
  return length;
}

void MessageBytes::for_each_piece(const std::function<void(base::ByteView)>& take) const {
  base::Bytes buffer(file_ ? kMaxPiece : 0);
  std::optional<Sha256Hash> hash;
  if (file_ && digest_) hash.emplace();
  const base::ByteView all = in_memory().value_or(base::ByteView());
  for (std::uint64_t offset = 0; offset < size_;) {
    const auto length =
        static_cast<std::size_t>(std::min<std::uint64_t>(kMaxPiece, size_ - offset));
    if (file_) {
      read_at(offset, std::span(buffer).first(length));
      if (hash) hash->update(base::ByteView(buffer).first(length));
      take(base::ByteView(buffer).first(length));
    } else {
      take(all.subspan(static_cast<std::size_t>(offset), length));
    }
    offset += length;
  }
  if (hash && hash->finish() != *digest_) {
    base::fail(
        base::ErrorCode::kIo,
        "read the temporary file of a long message: it does not have what was written: check "
        "the disk of store.index");
  }
}

base::Bytes MessageBytes::bytes() const {
  base::Bytes bytes(static_cast<std::size_t>(size_));
  read_at(0, bytes);
  return bytes;
}

Sha256 sha256(const MessageBytes& message) {
  if (message.digest()) return *message.digest();
  Sha256Hash hash;
  message.for_each_piece([&](base::ByteView piece) { hash.update(piece); });
  return hash.finish();
}

MessageBuffer::MessageBuffer(const SpoolPlace& place) : place_(place) {}
MessageBuffer::~MessageBuffer() = default;

void MessageBuffer::begin(std::uint64_t size) {
  file_.reset();
  memory_ = {};
  size_ = 0;
  is_long_ = size > place_.max_in_memory;
  if (!is_long_) memory_.reserve(static_cast<std::size_t>(size));
}

void MessageBuffer::add(base::ByteView piece) {
  if (piece.empty()) return;
  is_long_ = is_long_ || size_ + piece.size() > place_.max_in_memory;
  if (is_long_ && !file_) {
    // Its own limit is 0: the first byte makes the file.
    file_ = std::make_unique<Spool>(place_.directory, 0, place_.keep_free);
    file_->add(std::exchange(memory_, {}));
  }
  if (file_) {
    file_->add(piece);
  } else {
    memory_.insert(memory_.end(), piece.begin(), piece.end());
  }
  size_ += piece.size();
}

MessageBytes MessageBuffer::take() {
  MessageBytes taken;
  if (file_) {
    taken.size_ = size_;
    taken.file_ = std::move(file_);
  } else {
    taken = MessageBytes(std::move(memory_));
  }
  begin(0);
  return taken;
}

}  // namespace store
