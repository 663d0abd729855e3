// The folders over which connections were lost before any of their messages arrived, or over which
// the account's pass ended (backupd/pass/containment.h). One folder must not keep the others from
// being backed up: such a folder is tried last, and after the second failure no longer.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "imap/folder.h"
#include "store/format/snapshot.h"

namespace backupd {

class FolderFailures {
 public:
  // A folder that was given up in the last backup is tried last, and only once.
  void remember(const store::FolderInfo& last);

  // A connection was lost while the folder was open or being opened. `has_progress`: some of it had
  // arrived, or one of its messages is to blame: then it is only tried last.
  void add(std::string_view raw_name, bool has_progress, std::string_view why);

  // The pass ends over this folder: it is no longer tried.
  void add_end(std::string_view raw_name, std::string_view why);

  bool is_late(std::string_view raw_name) const { return folders_.contains(raw_name); }

  // The folders in the same order, those that are late after all others.
  std::vector<imap::Folder> late_ones_last(const std::vector<imap::Folder>& folders) const;

  // Why the folder is no longer tried; empty: it is tried.
  std::string reason(std::string_view raw_name) const;

  // How many are no longer tried.
  std::size_t given_up() const;

 private:
  static constexpr int kTooOften = 2;

  struct Failure {
    int times = 0;
    std::string_view beginning;  // of the reason
    std::string why;
  };
  std::map<std::string, Failure, std::less<>> folders_;  // by raw name
};

}  // namespace backupd
