// The messages of the leaves that the search index knows: a walk over a snapshot that looks for
// some messages need not read the leaves that have none of them. It finds the same without: a
// group's id names its content, so what is known of it is never out of date.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/mail/uid.h"
#include "store/format/crypto.h"
#include "store/format/uid_node.h"
#include "store/index/object_reader.h"
#include "store/search_index/search_index.h"

namespace store {

// For one walk and one thread. A search index that is missing or can't be read knows nothing, and
// is no error.
class KnownGroups {
 public:
  // `keys`: must outlive it.
  KnownGroups(const base::Path& search_index, const Keys& keys);

  // Looking up more messages than this takes longer than reading the leaves.
  static constexpr std::size_t kMaxMessages = 5'000;

  // The messages that the walk looks for. Without this, holders() knows nothing.
  void look_for_ids_beginning(std::string_view digits);
  void look_for(const std::vector<ObjectId>& messages);

  // The UIDs below the node that have such a message, ascending; nullopt: only its leaves can tell.
  // They may be too many, if ids are equal in their first bytes, but never too few.
  std::optional<std::vector<base::Uid>> holders(const UidNode& node);

  // Sets the branch's children, without their states, from the search index if that has it.
  void read_children(ObjectReader& objects, UidNode& branch);

 private:
  template <typename Work>
  void tolerate(const Work& work);

  const Keys& keys_;
  std::optional<SearchIndex> index_;
  std::optional<SearchIndex::LookUps> look_ups_;   // destroyed before the index
  std::optional<std::vector<std::int64_t>> rows_;  // of the messages, ascending
};

// The identity branch as that search index has it, compared with its id as if it came from a pack;
// nullopt: it has not. Fails as reading the index does.
std::optional<base::Bytes> find_known_branch(SearchIndex& index, const Keys& keys,
                                             const UidNode& branch);

// Sets the children without their states: from what is known, or else from the packs.
void read_children_from(const std::optional<base::Bytes>& known, ObjectReader& objects,
                        UidNode& branch);

// Whether the node covers one of the UIDs, which ascend.
bool covers_any(const UidNode& node, const std::vector<base::Uid>& uids);

}  // namespace store
