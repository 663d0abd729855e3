// Collects the messages of a FETCH.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "imap/message.h"

namespace imap {

struct FetchedMessage {
  std::string bytes;
  MessageItems items;
  BodyKind body = BodyKind::kMissing;
};

class Collector : public MessageSink {
 public:
  void body_piece(base::ByteView piece) override { bytes_ += base::as_text(piece); }
  void message(const MessageItems& items, BodyKind body) override {
    messages.push_back({std::exchange(bytes_, {}), items, body});
  }

  void discard() override { bytes_.clear(); }

  const FetchedMessage* find(std::uint32_t uid) const {
    for (const FetchedMessage& message : messages) {
      if (message.items.uid == base::Uid{uid}) return &message;
    }
    return nullptr;
  }

  std::vector<FetchedMessage> messages;

 private:
  std::string bytes_;
};

}  // namespace imap
