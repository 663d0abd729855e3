#include "store/message/incoming_message.h"

#include "store/message/message_intake.h"

namespace store {

IncomingMessage::IncomingMessage(const base::Path& spool_directory, const Keys& keys,
                                 std::uint64_t keep_free)
    : intake_(std::make_unique<MessageIntake>(spool_directory, kMaxInMemory, keys, keep_free)) {}
IncomingMessage::IncomingMessage(IncomingMessage&&) noexcept = default;
IncomingMessage& IncomingMessage::operator=(IncomingMessage&&) noexcept = default;
IncomingMessage::~IncomingMessage() = default;

void IncomingMessage::add(base::ByteView piece) {
  intake_->add(piece);
}

std::uint64_t IncomingMessage::size() const {
  return intake_->size();
}

std::size_t IncomingMessage::memory() const {
  return intake_->memory();
}

void IncomingMessage::finish() {
  intake_->finish();
}

void IncomingMessage::clear() {
  intake_->clear();
}

}  // namespace store
