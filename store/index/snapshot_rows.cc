#include "store/index/snapshot_rows.h"

#include "base/bytes.h"
#include "base/error.h"
#include "store/index/row_values.h"

namespace store {

namespace {

constexpr std::string_view kSnapshotColumns =
    "SELECT id, account, time, kind, status, prefix, folders, messages, bytes, "
    "vanished, sequence, coalesce((SELECT until FROM pins WHERE snapshot = snapshots.id), 0) "
    "FROM snapshots ";

// They count down from the lowest sequence that the account has; without any, they begin at 1.
constexpr std::string_view kNumberSnapshots =
    "UPDATE snapshots SET sequence = numbered.sequence FROM ("
    "SELECT id, max(1, coalesce((SELECT min(other.sequence) FROM snapshots other WHERE "
    "other.account = unnumbered.account AND other.sequence > 0), count(*) OVER each_account + 1) "
    "- count(*) OVER each_account - 1 + row_number() OVER "
    "(PARTITION BY account ORDER BY time, number, line)) AS sequence "
    "FROM snapshots unnumbered WHERE unnumbered.sequence = 0 "
    "WINDOW each_account AS (PARTITION BY account)) AS numbered WHERE snapshots.id = numbered.id";

constexpr std::string_view kUsedUp = "used_up";  // in the table `meta`
constexpr std::string_view kLost = "lost";

SnapshotInfo snapshot_from(const Statement& row) {
  return {.id = digest_from<ObjectId>(row.blob(0)),
          .account = row.text(1),
          .time = time_from(row.integer(2)),
          .kind = static_cast<SnapshotKind>(row.integer(3)),
          .status = static_cast<SnapshotStatus>(row.integer(4)),
          .personal_prefix = row.text(5),
          .folders = static_cast<std::uint64_t>(row.integer(6)),
          .messages = static_cast<std::uint64_t>(row.integer(7)),
          .bytes = static_cast<std::uint64_t>(row.integer(8)),
          .vanished = static_cast<std::uint64_t>(row.integer(9)),
          .sequence = static_cast<std::uint64_t>(row.integer(10)),
          .pinned_until = time_from(row.integer(11))};
}

}  // namespace

void number_snapshots(Database& database) {
  database.run(kNumberSnapshots);
}

SnapshotRows::SnapshotRows(Database& database)
    : database_(&database), drop_(database, "DELETE FROM main.snapshots WHERE id = ?1") {}

void SnapshotRows::add(const SnapshotLine& line, std::int64_t number, std::int64_t position,
                       const Keys& keys) {
  if (!add_) {
    add_.emplace(
        *database_,
        "INSERT OR REPLACE INTO snapshots VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
        "?12, ?13, max(?14, coalesce((SELECT sequence FROM snapshots WHERE id = ?1), 0)))");
  }
  add_->bind(1, snapshot_id(keys, line).bytes)
      .bind(2, line.account)
      .bind(3, line.time.time_since_epoch().count())
      .bind(4, static_cast<std::int64_t>(line.kind))
      .bind(5, static_cast<std::int64_t>(line.status))
      .bind(6, base::as_bytes(line.personal_prefix))
      .bind(7, as_integer(line.folders))
      .bind(8, as_integer(line.messages))
      .bind(9, as_integer(line.bytes))
      .bind(10, as_integer(line.vanished))
      .bind(11, line.root.bytes)
      .bind(12, number)
      .bind(13, position)
      .bind(14, as_integer(line.sequence))
      .run();
}

void SnapshotRows::drop(const ObjectId& snapshot) {
  drop_.bind(1, snapshot.bytes).run();
  set_pin({.snapshot = snapshot, .until = {}});
}

void SnapshotRows::set_pin(const Pin& pin) {
  Statement(*database_, "DELETE FROM pins WHERE snapshot = ?1").bind(1, pin.snapshot.bytes).run();
  if (pin.until == std::chrono::sys_seconds()) return;
  Statement(*database_, "INSERT INTO pins VALUES (?1, ?2)")
      .bind(1, pin.snapshot.bytes)
      .bind(2, pin.until.time_since_epoch().count())
      .run();
}

void SnapshotRows::use_up(std::uint64_t sequence) {
  raise_in_meta(kUsedUp, sequence);
}

void SnapshotRows::note_lost(std::uint64_t sequence) {
  raise_in_meta(kLost, sequence);
}

void SnapshotRows::raise_in_meta(std::string_view name, std::uint64_t number) {
  if (number <= number_in_meta(name)) return;
  Statement(*database_, "INSERT OR REPLACE INTO meta VALUES (?1, ?2)")
      .bind(1, name)
      .bind(2, as_integer(number))
      .run();
}

void SnapshotRows::clear() {
  database_->run("DELETE FROM snapshots; DELETE FROM pins");
}

bool SnapshotRows::has_unnumbered() {
  return database_->integer("SELECT EXISTS (SELECT 1 FROM snapshots WHERE sequence = 0)") != 0;
}

std::vector<std::string> SnapshotRows::accounts() {
  std::vector<std::string> accounts;
  Statement statement(*database_, "SELECT DISTINCT account FROM snapshots ORDER BY account");
  while (statement.step()) accounts.push_back(statement.text(0));
  return accounts;
}

std::vector<SnapshotInfo> SnapshotRows::snapshots(std::string_view account, std::uint64_t first) {
  std::vector<SnapshotInfo> snapshots;
  Statement statement(*database_, std::string(kSnapshotColumns) +
                                      "WHERE account = ?1 AND sequence >= ?2 "
                                      "ORDER BY sequence, time, number, line");
  statement.bind(1, account).bind(2, as_integer(first));
  while (statement.step()) snapshots.push_back(snapshot_from(statement));
  return snapshots;
}

std::uint64_t SnapshotRows::highest_sequence(std::string_view account) {
  Statement statement(*database_,
                      "SELECT coalesce(max(sequence), 0) FROM snapshots WHERE account = ?1");
  statement.bind(1, account);
  return statement.step() ? static_cast<std::uint64_t>(statement.integer(0)) : 0;
}

std::uint64_t SnapshotRows::used_up() {
  return number_in_meta(kUsedUp);
}

std::uint64_t SnapshotRows::highest_lost() {
  return number_in_meta(kLost);
}

std::uint64_t SnapshotRows::number_in_meta(std::string_view name) {
  Statement statement(*database_, "SELECT value FROM meta WHERE name = ?1");
  statement.bind(1, name);
  return statement.step() ? static_cast<std::uint64_t>(statement.integer(0)) : 0;
}

std::optional<SnapshotInfo> SnapshotRows::newest_backup(std::string_view account,
                                                        std::uint64_t first) {
  Statement statement(
      *database_, std::string(kSnapshotColumns) +
                      "WHERE account = ?1 AND sequence >= ?2 AND kind = 0 ORDER BY sequence DESC, "
                      "time DESC, number DESC, line DESC LIMIT 1");
  statement.bind(1, account).bind(2, as_integer(first));
  if (!statement.step()) return std::nullopt;
  return snapshot_from(statement);
}

std::optional<SnapshotInfo> SnapshotRows::backup_at(std::string_view account,
                                                    std::chrono::sys_seconds time,
                                                    std::uint64_t first) {
  Statement statement(
      *database_, std::string(kSnapshotColumns) +
                      "WHERE account = ?1 AND time <= ?2 AND sequence >= ?3 AND kind = 0 ORDER BY "
                      "time DESC, sequence DESC, number DESC, line DESC LIMIT 1");
  statement.bind(1, account).bind(2, time.time_since_epoch().count()).bind(3, as_integer(first));
  if (!statement.step()) return std::nullopt;
  return snapshot_from(statement);
}

std::vector<SnapshotLine> SnapshotRows::lines(std::string_view account) {
  std::vector<SnapshotLine> lines;
  for (const SnapshotInfo& info : snapshots(account, 0)) {
    const std::optional<ObjectId> root = root_of(info.id);
    if (!root) {
      base::fail(base::ErrorCode::kInternal, "use index: snapshot {} has disappeared",
                 info.id.hex());
    }
    lines.push_back(snapshot_line(info, *root));
  }
  return lines;
}

std::vector<Pin> SnapshotRows::pins() {
  std::vector<Pin> pins;
  Statement statement(*database_, "SELECT snapshot, until FROM pins");
  while (statement.step()) {
    pins.push_back({.snapshot = digest_from<ObjectId>(statement.blob(0)),
                    .until = time_from(statement.integer(1))});
  }
  return pins;
}

std::optional<ObjectId> SnapshotRows::root_of(const ObjectId& snapshot) {
  Statement statement(*database_, "SELECT root FROM snapshots WHERE id = ?1");
  statement.bind(1, snapshot.bytes);
  if (!statement.step()) return std::nullopt;
  return digest_from<ObjectId>(statement.blob(0));
}

}  // namespace store
