// The folders of the last snapshot that LIST does not show as ones that can be opened. A server
// that hides a folder for a while must not look like a user who deleted it, so each is requested by
// name.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "backupd/pass/folder_filter.h"
#include "backupd/pass/folder_records.h"
#include "backupd/pass/pass_tools.h"
#include "imap/folder.h"

namespace backupd {

// One account's, for all attempts of its pass. The server's answer about a folder that it does not
// show to exist is kept for the whole pass.
class UnlistedFolders {
 public:
  // `filter` must outlive it.
  explicit UnlistedFolders(const FolderFilter& filter) : filter_(filter) {}

  // Requests the folders of `last` that `listed` lacks under their name and their MAILBOXID, in one
  // round trip. Adds to `listed` those that exist, and removes the lines of those in kept(). Called
  // with the turn; fails as the session does. If the connection is lost over all of them together,
  // and then over a single one, that folder is not requested again.
  void find(const PassTools& tools, const FolderRecords& last, std::vector<imap::Folder>& listed);

  // Why folders keep their last state, by raw name. A refusal without a response code is a reason
  // until it has been repeated for half a day; then the folder is gone.
  const std::map<std::string, std::string, std::less<>>& kept() const { return kept_; }

  // The folders that keep their last state, each with the reason: those of kept(), INBOX if the
  // server refuses it, and all of `last` if it listed no folder.
  struct Kept {
    imap::Folder folder;  // without status
    std::string reason;
  };
  std::vector<Kept> to_keep(const imap::ListGaps& gaps, const FolderRecords& last) const;

  // The raw names of those that exist although LIST does not show them.
  const std::set<std::string, std::less<>>& found() const { return found_; }

 private:
  std::vector<std::string> names_to_ask(const FolderRecords& last,
                                        const std::vector<imap::Folder>& listed) const;
  std::vector<imap::FolderAnswer> ask(const PassTools& tools,
                                      const std::vector<std::string>& names);
  void judge(const store::FolderRecord& last, const imap::FolderAnswer& answer,
             std::chrono::sys_seconds now, std::vector<imap::Folder>& found);

  const FolderFilter& filter_;
  std::map<std::string, std::string, std::less<>> kept_;
  std::set<std::string, std::less<>> gone_;
  std::set<std::string, std::less<>> found_;
  bool asks_singly_ = false;
};

}  // namespace backupd
