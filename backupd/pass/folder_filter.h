// The folders of an account that a pass backs up, and the names they are shown by.
#pragma once

#include <string>

#include "backupd/pass/restored_trees.h"
#include "base/config/config.h"
#include "imap/session.h"
#include "store/format/snapshot.h"

namespace backupd {

class FolderFilter {
 public:
  // All must outlive it.
  FolderFilter(const base::Config& config, const base::AccountConfig& account,
               const RestoredTrees& trees)
      : config_(config), account_(account), trees_(trees) {}

  // The prefix of the personal namespace, which shown names lack.
  void set_prefix(std::string prefix) { prefix_ = std::move(prefix); }
  const std::string& prefix() const { return prefix_; }

  // Whether the folder is in a tree that mailstow made, or the configuration excludes it.
  bool leaves_out(const imap::Folder& folder) const;

  std::string shown(const imap::Folder& folder) const;
  std::string shown(const store::FolderInfo& info) const;

 private:
  const base::Config& config_;
  const base::AccountConfig& account_;
  const RestoredTrees& trees_;
  std::string prefix_;
};

}  // namespace backupd
