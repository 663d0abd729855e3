// Creates the folders of a tree so that a crash at any point leaves nothing that a sweep would take
// for somebody else's, and nothing of somebody else's that it would take for ours: the record says
// what is intended before the first CREATE, and what was created before the first APPEND.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "imap/session.h"
#include "store/tree_record.h"

namespace restore {

class TreeBuilder {
 public:
  // `others`: the records of the account's other trees. What they created and still stands is
  // shared: the last of them to be swept deletes it.
  TreeBuilder(imap::Session& session, store::TreeRecords& records, store::TreeRecord& record,
              std::vector<store::TreeRecord> others);

  // For a tree that a run left half made: brings the record in line with what stands. A level that
  // was intended and stands, never used, is taken for the run's own; one that is gone, or could not
  // be created, is to be created again; one that is another folder by now is not mailstow's.
  void reconcile();

  // Creates what of these is not there yet; parents before children.
  void create(const std::vector<std::string>& raw_names);

  // Nothing if the level stands and is ours to write into; else why not.
  std::string refusal(const std::string& raw_name) const;

 private:
  std::optional<imap::Folder> find_folder(const std::string& raw_name);
  store::TreeLevel look_at(const std::string& raw_name);
  void reconcile(store::TreeLevel& level);
  static bool adopt(store::TreeLevel& level, const imap::FolderStatus& status);
  void create(store::TreeLevel& level);

  imap::Session& session_;
  store::TreeRecords& records_;
  store::TreeRecord& record_;
  std::vector<store::TreeRecord> others_;
  std::vector<std::pair<std::string, std::string>> refusals_;  // raw name, the server's words
};

// Whether the server's folder is the one that `level` speaks of.
bool has_identity(const store::LevelIdentity& identity, const imap::FolderStatus& status);

}  // namespace restore
