#include "store/maintenance/lost_messages.h"

#include "base/error.h"

namespace store {

namespace {

bool can_be_read(ObjectReader& objects, const MessageId& message, const ObjectPlace& place) {
  try {
    objects.check_message(message.object, place);
    return true;
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
    return false;
  }
}

}  // namespace

bool LostMessages::contains(WriteSession& session, ObjectReader& objects,
                            const MessageId& message) {
  const auto place = session.index().find_uncondemned(ObjectType::kMessage, message.object);
  if (!place) return true;
  if (!suspects_.contains(message)) return false;
  const auto [verdict, is_new] = verdicts_.try_emplace(message, false);
  if (is_new) verdict->second = !can_be_read(objects, message, *place);
  return verdict->second;
}

}  // namespace store
