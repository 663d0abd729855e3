// The newest snapshot of an account without its damaged messages, so that the next backup finds a
// snapshot that it can read and fetches what is missing again: a damaged message is listed among
// the skipped ones, whose UIDs are always retried.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "store/format/commit.h"
#include "store/format/folder_object.h"
#include "store/format/leaf.h"
#include "store/format/uid_node.h"
#include "store/index/object_reader.h"
#include "store/write_session.h"

namespace store {

class Amendment {
 public:
  // All arguments must outlive it.
  Amendment(WriteSession& session, ObjectReader& objects,
            std::function<bool(const MessageId&)> is_damaged);

  // From an account's backups, newest first: returns the line of the amended snapshot, with the
  // newest's time and the sequence of the one that it is made from, its objects in the session.
  // Nullopt if nothing in the newest is damaged. A snapshot whose root is lost is ignored: the
  // previous one is used instead; nullopt if none remains.
  std::optional<SnapshotLine> amend(const std::vector<SnapshotLine>& newest_first);

  bool has_root(const SnapshotLine& line) { return read_root(line.root).has_value(); }

  std::uint64_t messages() const { return messages_; }  // omitted so far

 private:
  std::optional<Root> read_root(const ObjectId& id);

  // The folder's id, old or new; nullopt if the folder can't be read at all.
  std::optional<ObjectId> amend_folder(const ObjectId& id, SnapshotLine& line);
  ObjectId write_folder(const FolderObject& folder, SnapshotLine& line);

  // Calls `take` for every message whose leaf can be read. False if some leaf can't.
  using Take = std::function<void(const Identity&, const State&, const FlagSets&)>;
  bool for_each(const FolderObject& folder, const Take& take);
  bool visit(UidNode& node, const Take& take);

  WriteSession& session_;
  ObjectReader& objects_;
  std::function<bool(const MessageId&)> is_damaged_;
  std::uint64_t messages_ = 0;
};

}  // namespace store
