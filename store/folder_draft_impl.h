// The internals of a FolderDraft, for the writer, which seals it.
#pragma once

#include "store/folder_draft.h"
#include "store/format/folder_object.h"
#include "store/format/uid_tree.h"

namespace store {

class FolderDraft::Impl {
 public:
  explicit Impl(FolderInfo folder) : info(std::move(folder)) {}
  Impl(const FolderObject& folder, UidTree::Load load, MakeId make_id)
      : info(folder.info),
        tree(folder.tree, std::move(load), std::move(make_id)),
        receipt(folder.receipt) {}

  FolderRecord seal(const UidTree::Save& save, const MakeId& make_id);
  MessageEntry entry(const Identity& identity, const State& state);

  FolderInfo info;
  UidTree tree;
  std::optional<Receipt> receipt;  // as of the last seal; nullopt before the first
};

}  // namespace store
