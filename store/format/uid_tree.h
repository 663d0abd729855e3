// A folder's messages by UID: a radix tree over aligned UID ranges, whose leaves hold up to 64
// messages (docs/pack-format.md, "Leaves"). Its shape depends on the UIDs alone, so equal folders
// are equal objects. It loads only what is touched, and writes only what differs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/mail/uid.h"
#include "store/format/leaf.h"
#include "store/format/object_id.h"
#include "store/format/object_type.h"

namespace store {

// The root of a tree, as the folder's object records it.
struct UidTreeRoot {
  std::uint64_t messages = 0;  // 0: the tree is empty
  std::uint64_t bytes = 0;     // of the messages
  bool is_branch = false;
  ObjectId identity;
  ObjectId state;
  bool operator==(const UidTreeRoot&) const = default;
};

class UidTree {
 public:
  using Load = std::function<base::Bytes(ObjectType, const ObjectId&)>;
  using Save = std::function<ObjectId(ObjectType, base::ByteView)>;

  UidTree();  // empty; keeps everything in memory, unencoded
  UidTree(const UidTreeRoot& root, Load load, MakeId make_id);
  UidTree(UidTree&&) noexcept;
  UidTree& operator=(UidTree&&) noexcept;
  ~UidTree();

  std::uint64_t messages() const;
  std::uint64_t bytes() const;

  bool contains(base::Uid uid);
  struct Entry {
    Identity identity;
    State state;
  };
  std::optional<Entry> find(base::Uid uid);

  // The messages of a group of leaves (store/format/uid_node.h), in ascending UID order, without
  // their ids.
  struct Group {
    ObjectId node;        // the identity, as last saved
    bool is_new = false;  // it was saved since the last for_each_group()
    std::vector<std::pair<base::Uid, Sha256>> messages = {};
  };
  // In ascending UID order; every message is in one group.
  void for_each_group(const std::function<void(const Group&)>& take);
  // In ascending UID order.
  void for_each(const std::function<void(const Identity&, const State&)>& take);
  // The same from `first` on, until `take` returns false. Reads only the leaves that it needs.
  void for_each_from(base::Uid first,
                     const std::function<bool(const Identity&, const State&)>& take);
  // In ascending order. Reads the states too, if only to prove that they can be read.
  void for_each_uid(const std::function<void(base::Uid)>& take);

  void put(const Identity& identity, const State& state);
  bool set_state(base::Uid uid, const State& state);  // false if there is no such UID
  bool erase(base::Uid uid);

  // The flag sets of every State that is passed in or out.
  FlagSets& flag_sets();

  // Whether messages differ from those that the tree started with, or was last saved with.
  bool identities_changed() const;

  // Writes everything that is not written yet.
  UidTreeRoot save(const Save& save, const MakeId& make_id);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
