// The tables `snapshots` and `pins` of the index, and in `meta` the sequences that are used up.
//
// One thread at a time. Fails with base::Error as store/index/sqlite.h says, and with kDamaged if
// an id has a wrong length.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/format/commit.h"
#include "store/format/crypto.h"
#include "store/format/snapshot.h"
#include "store/index/sqlite.h"

namespace store {

// Gives the snapshots that have no sequence one, by time and place: below those that have one.
void number_snapshots(Database& database);

class SnapshotRows {
 public:
  explicit SnapshotRows(Database& database);  // which must outlive it

  // `number`: of the line's commit; `position`: of the line in it, from 0. `keys` compute the id.
  void add(const SnapshotLine& line, std::int64_t number, std::int64_t position, const Keys& keys);
  void drop(const ObjectId& snapshot);  // and its pin
  void set_pin(const Pin& pin);         // replaces an earlier one of the same snapshot
  void use_up(std::uint64_t sequence);  // and all lower ones
  void note_lost(std::uint64_t sequence);
  void clear();  // both tables

  bool has_unnumbered();

  // Like the functions of Index of the same names.
  std::vector<std::string> accounts();
  std::vector<SnapshotInfo> snapshots(std::string_view account, std::uint64_t first);
  std::vector<SnapshotLine> lines(std::string_view account);
  std::uint64_t highest_sequence(std::string_view account);
  std::uint64_t used_up();
  std::uint64_t highest_lost();
  std::optional<SnapshotInfo> newest_backup(std::string_view account, std::uint64_t first);
  std::optional<SnapshotInfo> backup_at(std::string_view account, std::chrono::sys_seconds time,
                                        std::uint64_t first);
  std::vector<Pin> pins();
  std::optional<ObjectId> root_of(const ObjectId& snapshot);

 private:
  std::uint64_t number_in_meta(std::string_view name);
  void raise_in_meta(std::string_view name, std::uint64_t number);

  Database* database_;
  std::optional<Statement> add_;  // not for readers: version 1 lacks a column
  Statement drop_;
};

}  // namespace store
