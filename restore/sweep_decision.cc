#include "restore/sweep_decision.h"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "base/ascii.h"
#include "base/glob.h"
#include "imap/folder.h"

namespace restore {

namespace {

using store::LevelState;

LevelDecision leave(std::string why) {
  return {LevelVerdict::kLeave, std::move(why), {}, {}};
}

// A crash came between CREATE and the record of what was created: only a folder that was never used
// can be the one that this CREATE made.
LevelDecision decide_intended(const ObservedLevel& observed) {
  if (observed.has_folders_below) {
    return leave("its creation was never confirmed, and there are folders below it");
  }
  if (!observed.messages.empty() || observed.uid_next != 1) {
    return leave("its creation was never confirmed, and it has been used");
  }
  return {LevelVerdict::kDelete, "mailstow intended to create it, and it was never used", {}, {}};
}

// A level that mailstow created only as a parent of others, and that is still only that: it holds
// no messages, and no server deletes the folders below it with it (RFC 9051, section 6.3.5).
LevelDecision decide_parent(const ObservedLevel& observed) {
  if (observed.is_shared) return leave("another restored tree is still below it");
  if (observed.has_folders_below) {
    return {
        LevelVerdict::kEmpty, "there are folders below it that mailstow did not create", {}, {}};
  }
  return {LevelVerdict::kDelete, "created by mailstow", {}, {}};
}

bool has_same_identity(const store::LevelIdentity& recorded, const store::LevelIdentity& now) {
  if (recorded.uid_validity == 0 || recorded.uid_validity != now.uid_validity) return false;
  return recorded.mailbox_id.empty() || recorded.mailbox_id == now.mailbox_id;
}

}  // namespace

bool is_part_of(const store::TreeRecord& record, std::string_view given) {
  if (given.empty() || record.delimiter == 0 || base::equal_ignoring_case(given, imap::kInbox)) {
    return false;
  }
  const std::string raw_name = base::with_inbox(given, record.delimiter);
  const std::string tree = base::with_inbox(record.raw_name, record.delimiter);
  const auto is_below = [&](std::string_view name, std::string_view top) {
    return name.size() > top.size() + 1 && name.starts_with(top) &&
           name[top.size()] == record.delimiter;
  };
  return raw_name == tree || is_below(raw_name, tree) || is_below(tree, raw_name);
}

LevelDecision decide(const store::TreeRecord& record, const store::TreeLevel& level,
                     const ObservedLevel& observed) {
  if (!is_part_of(record, level.raw_name)) return leave("its name is not one of the tree's");
  if (!observed.exists) return {LevelVerdict::kGone, "it is gone already", {}, {}};
  if (level.state == LevelState::kNotOurs) return leave("it was there before the restore");
  const bool is_parent_only = level.state == LevelState::kCreated && level.identity &&
                              level.identity->is_parent_only() && level.messages.empty();
  if (!observed.can_be_opened && is_parent_only) return decide_parent(observed);
  if (!observed.can_be_opened) return leave("it can no longer hold messages (\\Noselect)");
  if (level.state == LevelState::kIntended) return decide_intended(observed);
  if (!level.identity || !has_same_identity(*level.identity, observed.identity)) {
    return leave("it is a different folder of the same name");
  }

  std::map<base::Uid, const store::TreeMessage*> recorded;
  for (const store::TreeMessage& message : level.messages) recorded.emplace(message.uid, &message);
  LevelDecision decision;
  for (const ObservedMessage& message : observed.messages) {
    const auto found = recorded.find(message.uid);
    if (found == recorded.end()) {
      decision.foreign.push_back(message.uid);
    } else if (found->second->size != message.size ||
               found->second->internal_date != message.internal_date) {
      return leave(
          fmt::format("its UID {} is not the message that mailstow put there", message.uid.value));
    } else {
      decision.ours.push_back(message.uid);
    }
  }
  if (observed.is_shared) return leave("another restored tree is still below it");
  if (observed.has_folders_below) {
    decision.verdict = LevelVerdict::kEmpty;
    decision.why = "there are folders below it that mailstow did not create";
    return decision;
  }
  decision.verdict = LevelVerdict::kDelete;
  decision.why = "created by mailstow";
  return decision;
}

}  // namespace restore
