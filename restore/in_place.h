// Restoring into an account that holds no messages, under the names that the folders had: a server
// that is dead, a migration. No tree, no expiry; what the folders were for, who subscribed to them
// and who may do what comes back too.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "imap/session.h"
#include "restore/folder_restore.h"
#include "restore/plan.h"
#include "restore/restore_target.h"
#include "store/format/account_properties.h"
#include "store/reader.h"

namespace restore {

// A folder's attributes in the snapshot, and what the snapshot calls it.
struct SourceFolder {
  std::string raw_name;
  std::vector<std::string> attributes;
};

class InPlace : public RestoreTarget {
 public:
  // All must outlive it. `sources`: by shown name. `account`: for messages to people.
  InPlace(imap::Session& session, const Plan& plan, std::map<std::string, SourceFolder> sources,
          const std::string& account);

  // Fails with kRefused if the account holds a message that this restore would not put where it is:
  // what a run that died put there is no obstacle.
  void refuse_unless_empty(store::Reader& reader);

  // Fails with kCountsTowardsQuota if what is not there yet has no room.
  void refuse_without_room() const;

  // Creates what is not there.
  void create_folders();

  // Whether a run before this one may have written something: none has where all folders that take
  // messages, but the inbox, were created just now.
  Begun begun() const { return begun_; }

  std::string refusal(const std::string& raw_name) const override;
  store::TreeLevel* level(const std::string&) override { return nullptr; }
  void record() override {}
  void check_again() override {}

  // What can't be done is in notes(). `owners`: those of the source and of the target, whose rights
  // stay as the server made them.
  void restore_properties(const store::AccountProperties& properties,
                          const std::set<std::string>& owners);

  // What did not come back, in words.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::string shown(const std::string& raw_name) const;
  std::size_t foreign_messages(store::Reader& reader, const std::string& raw_name);
  void create(const std::string& raw_name, const std::vector<std::string>& uses);
  void look_at_uses();

  imap::Session& session_;
  const Plan& plan_;
  std::map<std::string, SourceFolder> sources_;
  std::string account_;
  std::map<std::string, std::vector<std::string>> uses_;  // by target's raw name
  std::map<std::string, std::string> targets_;            // by source's raw name
  std::map<std::string, std::string> refusals_;
  std::vector<std::string> notes_;
  // Of the plan, what was there already: put there by a run that died.
  std::uint64_t present_bytes_ = 0;
  std::uint64_t present_messages_ = 0;
  Begun begun_ = Begun::kBefore;
};

}  // namespace restore
