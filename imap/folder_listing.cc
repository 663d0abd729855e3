#include "imap/folder_listing.h"

#include <utility>
#include <variant>

namespace imap {

bool FolderListing::take(Response& response) {
  if (auto* const answer = std::get_if<ListResponse>(&response)) {
    // No command can name such a folder.
    return !answer->folder.raw_name.empty() && list_.add(std::move(answer->folder));
  }
  if (const auto* const odd = std::get_if<OddResponse>(&response)) {
    if (odd->is("LIST") || odd->is("XLIST")) odd_lines_.add(odd->line);
    return false;
  }
  return take_status(response);
}

bool FolderListing::take_status(Response& response) {
  auto* const status = std::get_if<FolderStatusResponse>(&response);
  return status != nullptr && statuses_.add(*status);
}

std::vector<Folder> FolderListing::some(std::size_t& shown, std::size_t count) const {
  std::vector<Folder> some;
  for (; some.size() < count && shown < folders_.size(); ++shown) {
    const Folder& folder = folders_[shown];
    const FolderStatus* const status = statuses_.find(folder.raw_name);
    if (folder.can_be_opened() && status == nullptr) break;
    some.push_back(folder);
    if (status != nullptr) some.back().status = *status;
  }
  return some;
}

void FolderListing::leave_out(const std::function<bool(const Folder&)>& is_others) {
  std::erase_if(folders_, is_others);
}

std::vector<Folder> FolderListing::take_folders() {
  for (Folder& folder : folders_) folder.status = statuses_.take(folder.raw_name);
  return std::move(folders_);
}

}  // namespace imap
