// The next state of one folder, edited from its last state. Only the leaves that a change touches
// are read or rewritten, so a flag change in a huge folder costs kilobytes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mail/uid.h"
#include "store/format/snapshot.h"

namespace store {

class Reader;
class Writer;
struct FolderObject;

class FolderDraft {
 public:
  // Starts empty: a new folder, or a new generation of one (a different UIDVALIDITY). For folders
  // of any size: a million messages take 50 MB. `reader` must outlive the draft.
  FolderDraft(Reader& reader, FolderInfo info);

  // The same for folders with few messages: a million would take 200 MB.
  explicit FolderDraft(FolderInfo info);

  // Starts from the state of `previous`. `reader` must outlive the draft.
  FolderDraft(Reader& reader, const FolderRecord& previous);

  // If anything but base::Error is thrown (std::bad_alloc), or thrown by a function that was passed
  // in, the draft is no longer usable: its calls, and sealing it, fail with Unstorable.
  FolderDraft(FolderDraft&&) noexcept;
  FolderDraft& operator=(FolderDraft&&) noexcept;
  ~FolderDraft();

  FolderInfo& info();
  const FolderInfo& info() const;

  std::uint64_t messages() const;
  bool contains(base::Uid uid);
  std::optional<MessageEntry> find(base::Uid uid);
  std::optional<Sha256> digest(base::Uid uid);

  // Calls `take` in ascending UID order.
  void for_each(const std::function<void(const MessageEntry&)>& take);
  // The same from `first` on, until `take` returns false: a page of a large folder reads little.
  void for_each_from(base::Uid first, const std::function<bool(const MessageEntry&)>& take);
  // The UIDs, three times as fast. It still reads all of the folder's data, so that damage fails
  // here, with kDamaged, and not in the middle of a change.
  void for_each_uid(const std::function<void(base::Uid)>& take);

  // Adds the message, or replaces the one with its UID.
  void put(const MessageEntry& entry, const Sha256& digest);

  // Returns false if the UID does not exist. The flags may be in any order.
  bool set_state(base::Uid uid, std::vector<std::string> flags, std::uint64_t modseq);
  bool expunge(base::Uid uid);

 private:
  friend class Amendment;
  friend class Writer;
  class Impl;
  FolderDraft(Reader& reader, const FolderObject& folder);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
