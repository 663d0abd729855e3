// The folders of an account, to recognise which of them a line of its report is about.
#pragma once

#include <set>
#include <string_view>

namespace backupd {

class FolderNames {
 public:
  // A shown name, which must outlive this.
  void add(std::string_view name) { names_.insert(name); }

  // The folder with whose name the line begins, as in "INBOX: it kept changing"; empty if it begins
  // with no folder's name.
  std::string_view at_start_of(std::string_view line) const;

 private:
  std::set<std::string_view> names_;
};

}  // namespace backupd
