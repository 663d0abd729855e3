#include "restore/tree_builder.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/glob.h"
#include "restore/tree_sweeper.h"

namespace restore {

using store::LevelState;
using store::TreeLevel;

bool has_identity(const store::LevelIdentity& identity, const imap::FolderStatus& status) {
  if (!identity.mailbox_id.empty() && status.mailbox_id != identity.mailbox_id) return false;
  return identity.uid_validity != 0 && status.uid_validity == identity.uid_validity;
}

TreeBuilder::TreeBuilder(imap::Session& session, store::TreeRecords& records,
                         store::TreeRecord& record, std::vector<store::TreeRecord> others,
                         std::set<std::string> holders)
    : session_(session),
      records_(records),
      record_(record),
      others_(std::move(others)),
      holders_(std::move(holders)) {}

void TreeBuilder::create(const std::vector<std::string>& raw_names) {
  const std::size_t known = record_.levels.size();
  for (const std::string& raw_name : raw_names) {
    if (record_.level(raw_name) == nullptr) record_.levels.push_back(inspect(raw_name));
  }
  const bool is_one_missing = std::ranges::any_of(raw_names, [&](const std::string& raw_name) {
    return record_.level(raw_name)->state == LevelState::kIntended;
  });
  // Each put takes round trips if the store is in a bucket.
  if (!is_one_missing && record_.levels.size() == known) return;
  records_.put(record_);
  if (!is_one_missing) return;
  for (const std::string& raw_name : raw_names) {
    TreeLevel& level = *record_.level(raw_name);
    if (level.state == LevelState::kIntended) create(level);
  }
  records_.put(record_);
}

bool TreeBuilder::was_refused(const std::string& raw_name) const {
  return std::ranges::any_of(refusals_,
                             [&](const auto& refusal) { return refusal.first == raw_name; });
}

std::string TreeBuilder::refusal(const std::string& raw_name) const {
  const auto found = std::find_if(refusals_.begin(), refusals_.end(),
                                  [&](const auto& refusal) { return refusal.first == raw_name; });
  if (found != refusals_.end()) return found->second;
  const TreeLevel* level = record_.level(raw_name);
  if (level == nullptr || level->state != LevelState::kCreated) {
    return "it was not created by mailstow";
  }
  return "";
}

std::optional<imap::Folder> TreeBuilder::find_folder(const std::string& raw_name) {
  for (imap::Folder& folder : session_.list(raw_name)) {
    const bool is_it = base::is_same_folder(folder.raw_name, raw_name, record_.delimiter);
    if (is_it && !folder.has_attribute("\\NonExistent")) return folder;
  }
  return std::nullopt;
}

// Returns a level as it is before anything is created.
TreeLevel TreeBuilder::inspect(const std::string& raw_name) {
  TreeLevel level;
  level.raw_name = raw_name;
  const std::optional<imap::Folder> found = find_folder(raw_name);
  if (!found) return level;
  level.state = LevelState::kNotOurs;
  std::optional<imap::FolderStatus> status;  // nullopt: it can't hold messages
  if (found->can_be_opened()) status = session_.status(raw_name);
  for (store::TreeRecord& other : others_) {
    const TreeLevel* shared = other.level(raw_name);
    if (shared == nullptr || shared->state != LevelState::kCreated || !shared->identity) continue;
    if (status ? has_identity(*shared->identity, *status) : shared->identity->is_parent_only()) {
      level.state = LevelState::kCreated;
      level.identity = shared->identity;
    }
  }
  return level;
}

void TreeBuilder::reconcile() {
  refusals_.clear();
  for (TreeLevel& level : record_.levels) reconcile(level);
  records_.put(record_);
}

void TreeBuilder::reconcile(TreeLevel& level) {
  const std::optional<imap::Folder> folder = find_folder(level.raw_name);
  if (level.state == LevelState::kNotOurs && folder) return;
  const bool is_parent_only =
      level.state == LevelState::kCreated && level.identity && level.identity->is_parent_only();
  if (is_parent_only && folder && !folder->can_be_opened()) return;
  // A level that exists only as a parent of others can be created again.
  if (!folder || !folder->can_be_opened()) {
    level = {level.raw_name, LevelState::kIntended, std::nullopt, {}};
    return;
  }
  imap::FolderStatus status;
  try {
    status = session_.status(level.raw_name);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
    // Dovecot lists a level named INBOX as if it could be opened.
    TreeLevel again{level.raw_name, LevelState::kIntended, std::nullopt, {}};
    create(again);
    if (again.state == LevelState::kCreated) level = std::move(again);
    return;
  }
  if (level.state == LevelState::kCreated) {
    if (!has_identity(*level.identity, status)) level.state = LevelState::kNotOurs;
  } else {
    adopt(level, status);
  }
}

// The same condition under which the sweeper would delete such a level.
bool TreeBuilder::adopt(TreeLevel& level, const imap::FolderStatus& status) {
  if (status.messages != 0U || status.uid_next != 1U || !status.uid_validity) return false;
  level.identity = store::LevelIdentity{*status.uid_validity, status.mailbox_id.value_or("")};
  level.state = LevelState::kCreated;
  return true;
}

void TreeBuilder::create(TreeLevel& level) {
  imap::Session::Created created = session_.create(level.raw_name);
  if (!created.created && make_parent_of(level.raw_name)) created = session_.create(level.raw_name);
  if (!created.created) {
    // If several sessions create a folder at the same time, Dovecot may create it and yet report
    // that it already exists. No other client has a reason to create one in a tree named after this
    // second.
    const bool is_within = level.raw_name.starts_with(record_.raw_name);
    const std::optional<imap::Folder> found =
        is_within ? find_folder(level.raw_name) : std::nullopt;
    if (found && found->can_be_opened() && adopt(level, session_.status(level.raw_name))) return;
    // Refused, or another client was faster: in both cases it is not ours.
    level.state = LevelState::kNotOurs;
    refusals_.emplace_back(level.raw_name,
                           "the server refused to create the folder: " + created.reason);
    return;
  }
  created_.insert(level.raw_name);
  const imap::FolderStatus status = session_.status(level.raw_name);
  store::LevelIdentity identity;
  identity.uid_validity = status.uid_validity.value_or(0);
  identity.mailbox_id = created.mailbox_id.value_or(status.mailbox_id.value_or(""));
  if (identity.uid_validity == 0) return;  // stays intended: swept only while it is empty
  level.identity = identity;
  level.state = LevelState::kCreated;
}

// A server that keeps each folder in one file (mbox) allows no folders below it, unless it is
// created with the delimiter at the end of its name (RFC 9051, section 6.3.4): such a level holds
// no messages. If that is what prevents the folder's creation, the level above is replaced: only if
// this run created it, and for no messages. Returns whether it was.
bool TreeBuilder::make_parent_of(const std::string& raw_name) {
  const std::size_t end = raw_name.rfind(record_.delimiter);
  if (end == std::string::npos) return false;
  const std::string parent = raw_name.substr(0, end);
  TreeLevel* const above = record_.level(parent);
  if (above == nullptr || above->state != LevelState::kCreated || holders_.contains(parent) ||
      !created_.contains(parent)) {
    return false;
  }
  const std::optional<imap::Folder> found = find_folder(parent);
  if (!found || !found->has_attribute("\\Noinferiors")) return false;
  try {
    const SweptLevel removed = TreeSweeper(session_, record_, others_).sweep_level(*above);
    if (removed.action != SweptLevel::Action::kDeleted) return false;
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
    return false;  // the folder below is reported as refused
  }
  created_.erase(parent);
  *above = {parent, LevelState::kIntended, std::nullopt, {}};
  records_.put(record_);
  if (!session_.create(parent + record_.delimiter).created) {
    create(*above);
    return false;
  }
  above->identity = store::LevelIdentity{};
  above->state = LevelState::kCreated;
  records_.put(record_);
  return true;
}

}  // namespace restore
