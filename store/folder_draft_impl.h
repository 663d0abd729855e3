// The internals of a FolderDraft, for the writer, which seals it.
#pragma once

#include <functional>

#include "base/error.h"
#include "store/folder_draft.h"
#include "store/format/folder_object.h"
#include "store/format/uid_tree.h"
#include "store/format/verified.h"

namespace store {

class FolderDraft::Impl {
 public:
  explicit Impl(FolderInfo folder) : info(std::move(folder)) {}
  Impl(const FolderObject& folder, UidTree::Load load, MakeId make_id)
      : info(folder.info),
        tree(folder.tree, std::move(load), std::move(make_id)),
        receipt(folder.receipt) {}

  // Runs `work`, which uses the tree. If it throws in the middle of a change, the tree may be what
  // no server ever showed: then it is not used again.
  template <typename Work>
  auto whole(Work work) {
    if (is_torn) {
      throw Unstorable("write a folder: an earlier change of it failed: it can't be stored");
    }
    try {
      return work();
    } catch (const base::Error&) {  // of reading, or of checking what was encoded
      throw;
    } catch (...) {
      is_torn = true;
      throw;
    }
  }

  // `note`: is called with the groups of leaves, if messages have changed; may be null.
  using Note = std::function<void(const UidTree::Group&)>;
  FolderRecord seal(const UidTree::Save& save, const MakeId& make_id, const Note& note = {});
  MessageEntry entry(const Identity& identity, const State& state);

  FolderInfo info;
  UidTree tree;
  std::optional<Receipt> receipt;  // as of the last seal; nullopt before the first
  bool is_torn = false;
};

}  // namespace store
