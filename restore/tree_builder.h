// Creates the folders of a tree so that, after a crash at any point, a sweep never confuses our
// folders with those of the user: the record lists what is intended before the first CREATE, and
// what was created before the first APPEND.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "imap/session.h"
#include "store/tree_record.h"

namespace restore {

class TreeBuilder {
 public:
  // `others`: the records of the account's other trees. Levels that they created and that still
  // exist are shared: the last of these trees to be swept deletes them. `holders`: the raw names of
  // the levels that will hold messages.
  TreeBuilder(imap::Session& session, store::TreeRecords& records, store::TreeRecord& record,
              std::vector<store::TreeRecord> others, std::set<std::string> holders = {});

  // For a tree that a run left incomplete: updates the record to what exists. A level that was
  // intended, exists and was never used is taken for the run's own; one that is gone, or could not
  // be created, will be created again; one that is now a different folder is not mailstow's.
  void reconcile();

  // Creates those of these levels that do not exist yet; parents must precede children.
  void create(const std::vector<std::string>& raw_names);

  // Whether the server refused to create the level.
  bool was_refused(const std::string& raw_name) const;

  // Returns "" if the level exists and may be written into; else why not.
  std::string refusal(const std::string& raw_name) const;

 private:
  std::optional<imap::Folder> find_folder(const std::string& raw_name);
  store::TreeLevel inspect(const std::string& raw_name);
  void reconcile(store::TreeLevel& level);
  static bool adopt(store::TreeLevel& level, const imap::FolderStatus& status);
  void create(store::TreeLevel& level);
  bool make_parent_of(const std::string& raw_name);

  imap::Session& session_;
  store::TreeRecords& records_;
  store::TreeRecord& record_;
  std::vector<store::TreeRecord> others_;
  std::set<std::string> holders_;
  std::set<std::string> created_;                              // by this run
  std::vector<std::pair<std::string, std::string>> refusals_;  // raw name, the server's response
};

// Whether the server's folder is the one that `identity` identifies.
bool has_identity(const store::LevelIdentity& identity, const imap::FolderStatus& status);

}  // namespace restore
