// The responses to the LIST commands that request all folders of an account.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "imap/folder.h"
#include "imap/folder_list.h"
#include "imap/response.h"

namespace imap {

class FolderListing {
 public:
  // `max_kept`: see Limits.
  explicit FolderListing(std::size_t max_kept) : list_(folders_, max_kept), statuses_(max_kept) {}
  FolderListing(const FolderListing&) = delete;
  FolderListing& operator=(const FolderListing&) = delete;
  ~FolderListing() = default;

  // Returns true if the response had something new.
  bool take(Response& response);

  // The same, once the folders are listed: a line of LIST that nothing requested is not used.
  bool take_status(Response& response);

  const std::vector<Folder>& folders() const { return folders_; }

  // Up to `count` folders from `shown` on, which follows, with their statuses. Ends before the
  // first one without a status that it may have.
  std::vector<Folder> some(std::size_t& shown, std::size_t count) const;

  const OddLines& odd_lines() const { return odd_lines_; }

  void leave_out(const std::function<bool(const Folder&)>& is_others);

  // Returns the folders with their statuses.
  std::vector<Folder> take_folders();

 private:
  std::vector<Folder> folders_;
  FolderList list_;
  StatusList statuses_;
  OddLines odd_lines_;
};

}  // namespace imap
