#include "store/search_index/node_tables.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.h"
#include "base/finally.h"
#include "store/search_index/id_columns.h"

namespace store {

namespace {

// True also for a group that can't be read.
bool has_any(base::ByteView group, const std::vector<std::int64_t>& rows) {
  try {
    return std::ranges::any_of(decode_group(group), [&](const KnownMessage& message) {
      return std::ranges::binary_search(rows, message.row);
    });
  } catch (const base::Error&) {
    return true;
  }
}

// The second column of what `find` finds of the node, as `make` makes it.
template <typename Make>
auto found_by(Statement& find, const ObjectId& node, const Make& make)
    -> std::optional<decltype(make(base::ByteView()))> {
  find.bind(1, key_column(node));
  if (!find.step()) return std::nullopt;
  const base::Finally end([&find] { find.reset(); });
  if (!std::ranges::equal(find.blob(0), rest_of(node))) return std::nullopt;
  return make(find.blob(1));
}

}  // namespace

NodeTables::NodeTables(Database& database) : database_(database) {}

void NodeTables::add(std::optional<Statement>& statement, std::string_view table,
                     const ObjectId& node, base::ByteView content) {
  if (!statement) {
    statement.emplace(database_,
                      fmt::format("INSERT OR IGNORE INTO {} VALUES (?1, ?2, ?3)", table));
  }
  statement->bind(1, key_column(node)).bind(2, rest_of(node)).bind(3, content).run();
}

void NodeTables::add_group(const ObjectId& node, std::span<const KnownMessage> messages) {
  add(add_group_, "uid_groups", node, encode_group(messages));
}

void NodeTables::add_branch(const ObjectId& node, base::ByteView content) {
  add(add_branch_, "uid_branches", node, content);
}

std::optional<std::vector<KnownMessage>> NodeTables::find_group(const ObjectId& node) {
  return found_by(find_group_, node,
                  [](base::ByteView messages) { return decode_group(messages); });
}

std::optional<base::Bytes> NodeTables::find_branch(const ObjectId& node) {
  return found_by(find_branch_, node, [](base::ByteView content) {
    return base::Bytes(content.begin(), content.end());
  });
}

void NodeTables::remove_groups_with(const std::vector<std::int64_t>& rows) {
  std::vector<std::int64_t> groups;
  Statement all(database_, "SELECT node, messages FROM uid_groups");
  while (all.step()) {
    if (has_any(all.blob(1), rows)) groups.push_back(all.integer(0));
  }
  remove_from("uid_groups", groups);
}

NodeTables::DeadNodes NodeTables::dead_nodes(const Lives& lives) {
  return {.groups = dead_in("uid_groups", lives), .branches = dead_in("uid_branches", lives)};
}

void NodeTables::remove(const DeadNodes& nodes) {
  remove_from("uid_groups", nodes.groups);
  remove_from("uid_branches", nodes.branches);
}

std::vector<std::int64_t> NodeTables::dead_in(std::string_view table, const Lives& lives) {
  std::vector<std::int64_t> dead;
  Statement all(database_, fmt::format("SELECT node, rest FROM {}", table));
  while (all.step()) {
    if (!lives(id_from(all.integer(0), all.blob(1)))) dead.push_back(all.integer(0));
  }
  return dead;
}

void NodeTables::remove_from(std::string_view table, const std::vector<std::int64_t>& nodes) {
  Statement remove(database_, fmt::format("DELETE FROM {} WHERE node = ?1", table));
  for (const std::int64_t node : nodes) remove.bind(1, node).run();
}

}  // namespace store
