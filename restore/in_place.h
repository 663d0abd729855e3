// Restores into an account that holds no messages, under the names that the folders had: after the
// loss of a server, or for a migration. There is no tree and no expiry; special uses, subscriptions
// and access rights are restored too.
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

// A folder's name and attributes in the snapshot.
struct SourceFolder {
  std::string raw_name;
  std::vector<std::string> attributes;
};

class InPlace : public RestoreTarget {
 public:
  // All must outlive it. `sources`: by shown name. `account`: for messages that users read.
  InPlace(imap::Session& session, const Plan& plan, std::map<std::string, SourceFolder> sources,
          const std::string& account);

  // Fails with kRefused if the account holds a message that this restore would not put in that
  // place. Messages that an interrupted run put there are allowed.
  void refuse_unless_empty(store::Reader& reader);

  // Fails with kCountsTowardsQuota if there is no room for what is not there yet, and unless
  // `allow_quota`, if the server does not report whether there is.
  void refuse_without_room(bool allow_quota);

  // Creates the folders that are not there.
  void create_folders();

  // Does the same for folders that the plan has renamed since: raw names.
  void create_renamed(const std::vector<std::string>& raw_names);

  // Whether an earlier run may have written something: not if all folders that hold messages,
  // except the inbox, were created just now.
  Start kind_of_start() const { return start_; }

  std::string refusal(const std::string& raw_name) const override;
  store::TreeLevel* level(const std::string&) override { return nullptr; }
  void record() override {}
  void check_again() override {}

  // Failures are in notes(). `owners`: the owners of the source and of the target, whose rights
  // stay as the server set them.
  void restore_properties(const store::AccountProperties& properties,
                          const std::set<std::string>& owners);

  // The properties that were not restored, in words.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::string shown(const std::string& raw_name) const;
  std::string personal_prefix() const;
  std::size_t foreign_messages(store::Reader& reader, const std::string& raw_name);
  void create(const std::string& raw_name, const std::vector<std::string>& uses);
  void check_special_uses();

  imap::Session& session_;
  const Plan& plan_;
  std::map<std::string, SourceFolder> sources_;
  std::string account_;
  std::map<std::string, std::vector<std::string>> uses_;  // by target's raw name
  std::map<std::string, std::string> targets_;            // by source's raw name
  std::map<std::string, std::string> refusals_;
  std::vector<std::string> notes_;
  // The part of the plan that a run that died had already put there.
  std::uint64_t present_bytes_ = 0;
  std::uint64_t present_messages_ = 0;
  Start start_ = Start::kResumed;
};

}  // namespace restore
