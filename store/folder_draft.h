// The next state of one folder, edited from the last one. Only the leaves that a change touches are
// read or written again, so that a flag change in a huge folder costs kilobytes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/uid.h"
#include "store/format/snapshot.h"

namespace store {

class Reader;
class Writer;
struct FolderObject;

class FolderDraft {
 public:
  // Empty: a new folder, or a new generation of one (another UIDVALIDITY). For folders of any size:
  // a million messages take 50 MB. `reader` must outlive the draft.
  FolderDraft(Reader& reader, FolderInfo info);

  // The same for few messages: a million would take 200 MB.
  explicit FolderDraft(FolderInfo info);

  // As `previous` is. `reader` must outlive the draft.
  FolderDraft(Reader& reader, const FolderRecord& previous);

  FolderDraft(FolderDraft&&) noexcept;
  FolderDraft& operator=(FolderDraft&&) noexcept;
  ~FolderDraft();

  FolderInfo& info();
  const FolderInfo& info() const;

  std::uint64_t messages() const;
  bool contains(base::Uid uid);
  std::optional<MessageEntry> find(base::Uid uid);
  std::optional<Sha256> digest(base::Uid uid);

  // In ascending UID order.
  void for_each(const std::function<void(const MessageEntry&)>& take);
  // The same, three times as fast. It reads all there is of the folder nevertheless: what is
  // damaged fails here, with kDamaged, and not in the middle of a change.
  void for_each_uid(const std::function<void(base::Uid)>& take);

  // Adds the message, or replaces the one with its UID.
  void put(const MessageEntry& entry, const Sha256& digest);

  // False if there is no such UID. Flags in any order.
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
