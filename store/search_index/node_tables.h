// The tables of groups and branches in the search index.
//
// One thread at a time. Fails with base::Error as store/index/sqlite.h says.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "store/format/object_id.h"
#include "store/index/sqlite.h"
#include "store/search_index/group_rows.h"

namespace store {

class NodeTables {
 public:
  // `database`: must outlive it.
  explicit NodeTables(Database& database);

  // Both leave a node that is there as it is.
  void add_group(const ObjectId& node, std::span<const KnownMessage> messages);
  void add_branch(const ObjectId& node, base::ByteView content);

  std::optional<std::vector<KnownMessage>> find_group(const ObjectId& node);
  std::optional<base::Bytes> find_branch(const ObjectId& node);

  // Removes the groups that have one of these rows, which ascend.
  void remove_groups_with(const std::vector<std::int64_t>& rows);

  using Lives = std::function<bool(const ObjectId& node)>;
  struct DeadNodes {
    std::vector<std::int64_t> groups;  // their keys
    std::vector<std::int64_t> branches;
    bool empty() const { return groups.empty() && branches.empty(); }
  };
  DeadNodes dead_nodes(const Lives& lives);
  void remove(const DeadNodes& nodes);

 private:
  std::vector<std::int64_t> dead_in(std::string_view table, const Lives& lives);
  void remove_from(std::string_view table, const std::vector<std::int64_t>& nodes);
  void add(std::optional<Statement>& statement, std::string_view table, const ObjectId& node,
           base::ByteView content);

  Database& database_;
  Statement find_group_{database_, "SELECT rest, messages FROM uid_groups WHERE node = ?1"};
  Statement find_branch_{database_, "SELECT rest, content FROM uid_branches WHERE node = ?1"};
  std::optional<Statement> add_group_;  // prepared when it is needed
  std::optional<Statement> add_branch_;
};

}  // namespace store
