// Collects LIST and STATUS responses, up to a memory limit.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/error.h"
#include "imap/folder.h"
#include "imap/response.h"

namespace imap {

// INBOX is case-insensitive (RFC 9051, section 5.1).
inline std::string folder_key(std::string_view raw_name) {
  return base::equal_ignoring_case(raw_name, "INBOX") ? "INBOX" : std::string(raw_name);
}

// Folders in the order received, without duplicates, up to the memory limit. If a folder is listed
// twice and only the second line shows that it can be opened, that line counts. INBOX is "INBOX",
// however the server writes it: some change that from day to day.
class FolderList {
 public:
  FolderList(std::vector<Folder>& folders, std::size_t max_kept)
      : folders_(folders), max_kept_(max_kept) {}

  // Returns false if the folder was listed already.
  bool add(Folder folder) {
    folder.raw_name = folder_key(folder.raw_name);
    const auto [known, is_new] = positions_.try_emplace(folder.raw_name, folders_.size());
    if (!is_new) return replace(known->second, std::move(folder));
    kept_ += sizeof(Folder) + 2 * (folder.raw_name.size() + sizeof(std::string));
    count_attributes(folder);
    folders_.push_back(std::move(folder));
    return true;
  }

 private:
  void count_attributes(const Folder& folder) {
    for (const std::string& attribute : folder.attributes) {
      kept_ += attribute.size() + sizeof(std::string);
    }
    if (kept_ > max_kept_) {
      base::fail(base::ErrorCode::kProtocol, "the server listed too many folders");
    }
  }

  bool replace(std::size_t position, Folder folder) {
    // The caller may have removed folders.
    if (position >= folders_.size() || folders_[position].can_be_opened() ||
        !folder.can_be_opened() || folders_[position].raw_name != folder.raw_name) {
      return false;
    }
    count_attributes(folder);
    folders_[position] = std::move(folder);
    return true;
  }

  std::vector<Folder>& folders_;
  std::unordered_map<std::string, std::size_t> positions_;
  std::size_t max_kept_;
  std::size_t kept_ = 0;
};

class StatusList {
 public:
  explicit StatusList(std::size_t max_kept) : max_kept_(max_kept) {}

  // Returns false if all values were known.
  bool add(FolderStatusResponse& response) {
    kept_ += sizeof(FolderStatus) + response.raw_name.size() + sizeof(std::string);
    if (response.status.mailbox_id) kept_ += response.status.mailbox_id->size();
    if (kept_ > max_kept_) {
      base::fail(base::ErrorCode::kProtocol, "the server sent the status of too many folders");
    }
    return statuses_[folder_key(response.raw_name)].add(response.status);
  }

  // Null if none has arrived.
  const FolderStatus* find(std::string_view raw_name) const {
    const auto found = statuses_.find(folder_key(raw_name));
    return found == statuses_.end() ? nullptr : &found->second;
  }

  std::optional<FolderStatus> take(std::string_view raw_name) {
    auto found = statuses_.extract(folder_key(raw_name));
    if (!found) return std::nullopt;
    return std::move(found.mapped());
  }

 private:
  // A folder's status may be spread over several responses.
  std::unordered_map<std::string, FolderStatus> statuses_;
  std::size_t max_kept_;
  std::size_t kept_ = 0;
};

}  // namespace imap
