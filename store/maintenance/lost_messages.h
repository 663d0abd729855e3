// The messages that a repair can't recover.
#pragma once

#include <map>
#include <set>

#include "store/format/object_id.h"
#include "store/index/object_reader.h"
#include "store/write_session.h"

namespace store {

class LostMessages {
 public:
  // Adds a message of which a check could not read some part. A salvage may bring a copy of that
  // part, so the message is read again when contains() is called for it, once.
  void suspect(const MessageId& message) { suspects_.insert(message); }

  // Whether the message is in no pack that is not condemned, or can't be read there. Call after the
  // salvage. Fails as ObjectReader does, except with kDamaged.
  bool contains(WriteSession& session, ObjectReader& objects, const MessageId& message);

 private:
  std::set<MessageId> suspects_;
  std::map<MessageId, bool> verdicts_;  // of suspects_
};

}  // namespace store
