#include "store/index/index.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <fmt/ranges.h>
#include <sys/stat.h>

#include "base/error.h"
#include "schema/embedded.h"
#include "store/index/sqlite.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr std::int64_t kIndexVersion = 3;

constexpr std::string_view kSnapshotColumns =
    "SELECT id, account, time, kind, status, prefix, folders, messages, bytes, "
    "vanished, sequence, coalesce((SELECT until FROM pins WHERE snapshot = snapshots.id), 0) "
    "FROM snapshots ";

std::int64_t as_integer(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

template <typename Digest>
Digest digest_from(base::ByteView blob) {
  Digest digest;
  if (blob.size() != digest.bytes.size()) {
    fail(ErrorCode::kDamaged,
         "use index: an id of {} bytes: rebuild it with mailstow-backupd reindex", blob.size());
  }
  std::ranges::copy(blob, digest.bytes.begin());
  return digest;
}

SnapshotInfo snapshot_from(const Statement& row) {
  return {.id = digest_from<ObjectId>(row.blob(0)),
          .account = row.text(1),
          .time = std::chrono::sys_seconds(std::chrono::seconds(row.integer(2))),
          .kind = static_cast<SnapshotKind>(row.integer(3)),
          .status = static_cast<SnapshotStatus>(row.integer(4)),
          .personal_prefix = row.text(5),
          .folders = static_cast<std::uint64_t>(row.integer(6)),
          .messages = static_cast<std::uint64_t>(row.integer(7)),
          .bytes = static_cast<std::uint64_t>(row.integer(8)),
          .vanished = static_cast<std::uint64_t>(row.integer(9)),
          .sequence = static_cast<std::uint64_t>(row.integer(10)),
          .pinned_until = std::chrono::sys_seconds(std::chrono::seconds(row.integer(11)))};
}

// pack_of() in SQL.
std::string sql_pack_of(std::string_view block) {
  return fmt::format("{} / {}", block, kMaxBlocks);
}

// ?5: the effort of the pack being added, or more.
std::string on_conflict() {
  return fmt::format(
      " ON CONFLICT (id) DO UPDATE SET block = excluded.block, start = excluded.start, "
      "length = excluded.length WHERE ?5 > (SELECT effort FROM packs WHERE pack = {0}) "
      "OR {0} IN (SELECT pack FROM condemned)",
      sql_pack_of("block"));
}

// Packs that are in use: those that are not condemned.
constexpr std::string_view kLiving = " WHERE pack NOT IN (SELECT pack FROM condemned)";

// They count down from the lowest sequence that the account has; without any, they begin at 1.
constexpr std::string_view kNumberSnapshots =
    "UPDATE snapshots SET sequence = numbered.sequence FROM ("
    "SELECT id, max(1, coalesce((SELECT min(other.sequence) FROM snapshots other WHERE "
    "other.account = unnumbered.account AND other.sequence > 0), count(*) OVER each_account + 1) "
    "- count(*) OVER each_account - 1 + row_number() OVER "
    "(PARTITION BY account ORDER BY time, number, line)) AS sequence "
    "FROM snapshots unnumbered WHERE unnumbered.sequence = 0 "
    "WINDOW each_account AS (PARTITION BY account)) AS numbered WHERE snapshots.id = numbered.id";

// Version 1 has no sequences, version 2 no pins.
void migrate(Database& database) {
  Transaction transaction(database);
  if (database.integer("PRAGMA user_version") == 1) {  // another process may have been faster
    database.run("ALTER TABLE snapshots ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0");
    database.run(kNumberSnapshots);
    database.run(
        "DROP INDEX snapshots_of_account; "
        "CREATE INDEX snapshots_of_account ON snapshots (account, sequence); "
        "PRAGMA user_version = 2");
  }
  if (database.integer("PRAGMA user_version") == 2) {
    database.run(
        "CREATE TABLE pins (snapshot BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID; "
        "PRAGMA user_version = 3");
  }
  transaction.commit();
}

// What a reader sees of older versions until the next writer migrates it: the disk may be full, and
// a backup of the older mailstow may be under way.
constexpr std::string_view kViewOfVersion1 =
    "CREATE TEMP VIEW snapshots AS SELECT *, row_number() OVER "
    "(PARTITION BY account ORDER BY time, number, line) AS sequence FROM main.snapshots";

constexpr std::string_view kViewOfVersion2 =
    "CREATE TEMP VIEW pins AS SELECT x'' AS snapshot, 0 AS until WHERE 0";

// `oldest`: the lowest version of the index that the caller can use.
void check_store(Database& database, const base::Path& file, const StoreId& store,
                 std::int64_t oldest = kIndexVersion) {
  const std::int64_t version = database.integer("PRAGMA user_version");
  if (version < oldest || version > kIndexVersion) {
    fail(ErrorCode::kConfig,
         "open index {}: another version of mailstow made it: use that version, or remove the file "
         "and run mailstow-backupd reindex",
         file.string());
  }
  Statement statement(database, "SELECT value FROM meta WHERE name = 'store'");
  if (!statement.step() || !std::ranges::equal(statement.blob(0), store)) {
    fail(ErrorCode::kConfig, "open index {}: it belongs to another store: set store.index",
         file.string());
  }
}

}  // namespace

class Index::Impl {
 public:
  Impl(Database opened, base::Path path) : database(std::move(opened)), file(std::move(path)) {}

  void add_pack(const Pack& pack, ExistingObjects existing) {
    constexpr std::int64_t kAlways = 2;
    const auto effort = static_cast<std::int64_t>(pack.effort);
    add_pack_row.bind(1, pack.name.bytes)
        .bind(2, pack.id)
        .bind(3, effort)
        .bind(4, as_integer(pack.size))
        .run();
    const std::int64_t row = database.integer("SELECT last_insert_rowid()");
    for (std::size_t ordinal = 0; ordinal < pack.blocks.size(); ++ordinal) {
      add_block(pack.blocks[ordinal], block_row(row, ordinal),
                existing == ExistingObjects::kMove ? kAlways : effort);
    }
  }

  // Of an object in two packs the place in the one of more effort counts, and never one in a
  // condemned pack.
  void add_block(const BlockEntry& block, std::int64_t row, std::int64_t precedence) {
    add_block_row.bind(1, row)
        .bind(2, static_cast<std::int64_t>(block.stream))
        .bind(3, as_integer(block.place))
        .bind(4, block.plain_length)
        .bind(5, block.sealed_length)
        .run();
    for (const ObjectEntry& object : block.objects) {
      Statement& add = object.type == ObjectType::kMessage ? add_message : add_object;
      add.bind(1, object.id.bytes).bind(2, row).bind(3, object.start).bind(4, object.length);
      add.bind(5, precedence);
      if (object.type == ObjectType::kMessage) add.bind(6, as_integer(object.message_size));
      add.run();
    }
  }

  void add_commit(const ObjectId& id, const Commit& commit, const PackName& pack,
                  const Keys& keys) {
    const std::int64_t number = as_integer(commit.number);
    const std::int64_t time = commit.time.time_since_epoch().count();
    add_commit_row.bind(1, number)
        .bind(2, id.bytes)
        .bind(3, commit.previous.bytes)
        .bind(4, pack.bytes)
        .bind(5, time)
        .run();
    if (commit.is_checkpoint) {
      begin_checkpoint.bind(1, number).run();
      database.run("DELETE FROM snapshots; DELETE FROM pins; DELETE FROM condemned");
    }
    for (const PackName& name : commit.packs) list_pack.bind(1, number).bind(2, name.bytes).run();
    for (std::size_t line = 0; line < commit.snapshots.size(); ++line) {
      add_snapshot(commit.snapshots[line], number, as_integer(line), keys);
    }
    for (const Pin& pin : commit.pins) set_pin(pin);
    for (const ObjectId& dropped : commit.dropped) {
      drop_snapshot.bind(1, dropped.bytes).run();
      set_pin({.snapshot = dropped, .until = {}});
    }
    for (const CondemnedPack& condemned : commit.condemned) {
      condemn.bind(1, condemned.pack.bytes)
          .bind(2, number)
          .bind(3, condemned.since.time_since_epoch().count())
          .run();
    }
  }

  void set_pin(const Pin& pin) {
    Statement(database, "DELETE FROM pins WHERE snapshot = ?1").bind(1, pin.snapshot.bytes).run();
    if (pin.until == std::chrono::sys_seconds()) return;
    Statement(database, "INSERT INTO pins VALUES (?1, ?2)")
        .bind(1, pin.snapshot.bytes)
        .bind(2, pin.until.time_since_epoch().count())
        .run();
  }

  // Nothing may refer to objects in these packs.
  void load_condemned_rows() {
    condemned_rows.clear();
    Statement statement(database, "SELECT pack FROM condemned WHERE pack > 0");
    while (statement.step()) condemned_rows.insert(statement.integer(0));
  }

  void add_snapshot(const SnapshotLine& line, std::int64_t number, std::int64_t position,
                    const Keys& keys) {
    if (!add_snapshot_row) {
      add_snapshot_row.emplace(
          database,
          "INSERT OR REPLACE INTO snapshots VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
          "?12, ?13, max(?14, coalesce((SELECT sequence FROM snapshots WHERE id = ?1), 0)))");
    }
    add_snapshot_row->bind(1, snapshot_id(keys, line).bytes)
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

  std::vector<PackName> names(std::string_view sql) {
    std::vector<PackName> result;
    Statement statement(database, sql);
    while (statement.step()) result.push_back(digest_from<PackName>(statement.blob(0)));
    return result;
  }

  Database database;
  base::Path file;
  std::set<std::int64_t> condemned_rows;
  Statement add_pack_row{database,
                         "INSERT INTO packs (name, id, effort, size, listed) "
                         "VALUES (?1, ?2, ?3, ?4, 0)"};
  Statement add_block_row{database, "INSERT INTO blocks VALUES (?1, ?2, ?3, ?4, ?5)"};
  Statement add_object{database,
                       "INSERT INTO objects (id, block, start, length) "
                       "VALUES (?1, ?2, ?3, ?4)" +
                           on_conflict()};
  Statement add_message{database,
                        "INSERT INTO messages (id, block, start, length, size) "
                        "VALUES (?1, ?2, ?3, ?4, ?6)" +
                            on_conflict()};
  Statement begin_checkpoint{database, "DELETE FROM commits WHERE number < ?1"};
  Statement add_commit_row{database,
                           "INSERT OR REPLACE INTO commits VALUES (?1, ?2, ?3, "
                           "(SELECT pack FROM packs WHERE name = ?4), ?5)"};
  Statement list_pack{database, "UPDATE packs SET listed = ?1 WHERE name = ?2"};
  std::optional<Statement> add_snapshot_row;  // not for readers: version 1 lacks a column
  Statement drop_snapshot{database, "DELETE FROM main.snapshots WHERE id = ?1"};
  Statement condemn{database,
                    "INSERT OR REPLACE INTO condemned (name, pack, number, time) "
                    "VALUES (?1, coalesce((SELECT pack FROM packs WHERE name = ?1), 0), ?2, ?3)"};
  Statement find_object{database, "SELECT block, start, length FROM objects WHERE id = ?1"};
  Statement find_message{database, "SELECT block, start, length FROM messages WHERE id = ?1"};
  Statement find_block{database,
                       "SELECT p.name, p.id, b.stream, b.place, b.plain_length, b.sealed_length "
                       "FROM blocks b JOIN packs p ON p.pack = ?2 WHERE b.block = ?1"};
};

Index::Index(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Index::Index(Index&&) noexcept = default;
Index& Index::operator=(Index&&) noexcept = default;
Index::~Index() = default;

Index Index::open(const base::Path& file, const StoreId& store) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path().parent_path(), error);
  if (::mkdir(file.parent_path().c_str(), 0700) != 0 && errno != EEXIST) {
    base::fail_with_errno(errno, "make directory " + file.parent_path().string());
  }
  Database database = Database::open_or_create(file);
  database.run(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384");
  if (database.integer("PRAGMA user_version") == 0) {
    Transaction transaction(database);
    database.run(schema::kIndexSql);
    Statement(database, "INSERT INTO meta VALUES ('store', ?1)").bind(1, store).run();
    transaction.commit();
  }
  const std::int64_t version = database.integer("PRAGMA user_version");
  if (version == 1 || version == 2) migrate(database);
  check_store(database, file, store);
  Index index(std::make_unique<Impl>(std::move(database), file));
  index.impl_->load_condemned_rows();
  return index;
}

Index Index::open_read_only(const base::Path& file, const StoreId& store) {
  std::optional<Database> database = Database::open_read_only(file);
  if (!database) {
    fail(ErrorCode::kNotFound, "open index {}: not found: rebuild it with mailstow-backupd reindex",
         file.string());
  }
  const std::int64_t version = database->integer("PRAGMA user_version");
  if (version == 1) database->run(kViewOfVersion1);
  if (version == 1 || version == 2) database->run(kViewOfVersion2);
  database->run("PRAGMA query_only = 1; PRAGMA cache_size = -8192");
  check_store(*database, file, store, /*oldest=*/1);
  return Index(std::make_unique<Impl>(std::move(*database), file));
}

Index::Moment::Moment(Index& index)
    : transaction_(std::make_unique<Transaction>(index.impl_->database, Transaction::Kind::kRead)) {
}
Index::Moment::Moment(Moment&&) noexcept = default;
Index::Moment::~Moment() = default;

void Index::add(const Pack& pack, std::span<const std::pair<ObjectId, Commit>> commits,
                const Keys& keys, ExistingObjects existing) {
  Transaction transaction(impl_->database);
  impl_->add_pack(pack, existing);
  for (const auto& [id, commit] : commits) impl_->add_commit(id, commit, pack.name, keys);
  transaction.commit();
  if (!commits.empty()) impl_->load_condemned_rows();
}

void Index::number_snapshots() {
  if (impl_->database.integer("SELECT EXISTS (SELECT 1 FROM snapshots WHERE sequence = 0)") == 0) {
    return;
  }
  impl_->database.run(kNumberSnapshots);
}

void Index::clear() {
  Transaction transaction(impl_->database);
  impl_->database.run(
      "DELETE FROM packs; DELETE FROM blocks; DELETE FROM objects; DELETE FROM messages; "
      "DELETE FROM commits; DELETE FROM snapshots; DELETE FROM pins; DELETE FROM condemned");
  transaction.commit();
  impl_->condemned_rows.clear();
}

void Index::remove(std::span<const std::int64_t> packs) {
  if (packs.empty()) return;
  const std::string rows = fmt::format("({})", fmt::join(packs, ", "));
  const std::string in_rows = " WHERE " + sql_pack_of("block") + " IN " + rows;
  Transaction transaction(impl_->database);
  for (const char* table : {"objects", "messages", "blocks"}) {
    impl_->database.run(fmt::format("DELETE FROM {}{}", table, in_rows));
  }
  impl_->database.run("DELETE FROM packs WHERE pack IN " + rows);
  impl_->database.run("UPDATE condemned SET pack = 0 WHERE pack IN " + rows);
  transaction.commit();
  impl_->load_condemned_rows();
}

std::vector<PackName> Index::packs() {
  return impl_->names("SELECT name FROM packs" + std::string(kLiving));
}

std::vector<PackName> Index::condemned() {
  return impl_->names("SELECT name FROM condemned");
}

std::vector<PackName> Index::packs_not_listed() {
  return impl_->names("SELECT name FROM packs" + std::string(kLiving) +
                      " AND listed = 0 ORDER BY pack");
}

std::vector<Index::CondemnedRow> Index::condemned_rows() {
  std::vector<CondemnedRow> rows;
  Statement statement(impl_->database, "SELECT name, time, number, pack FROM condemned");
  while (statement.step()) {
    const std::chrono::sys_seconds since{std::chrono::seconds(statement.integer(1))};
    rows.push_back({.condemned = {.pack = digest_from<PackName>(statement.blob(0)), .since = since},
                    .number = static_cast<std::uint64_t>(statement.integer(2)),
                    .row = statement.integer(3)});
  }
  return rows;
}

std::vector<Index::PackRow> Index::pack_rows() {
  std::map<std::int64_t, std::uint64_t> bytes;
  Statement objects(impl_->database, "SELECT " + sql_pack_of("block") +
                                         ", sum(length) FROM "
                                         "(SELECT block, length FROM objects UNION ALL "
                                         "SELECT block, length FROM messages) GROUP BY 1");
  while (objects.step()) {
    bytes[objects.integer(0)] = static_cast<std::uint64_t>(objects.integer(1));
  }
  std::vector<PackRow> rows;
  Statement statement(impl_->database, "SELECT pack, name, size, effort FROM packs ORDER BY pack");
  while (statement.step()) {
    const std::int64_t row = statement.integer(0);
    rows.push_back({.row = row,
                    .name = digest_from<PackName>(statement.blob(1)),
                    .size = static_cast<std::uint64_t>(statement.integer(2)),
                    .effort = static_cast<Effort>(statement.integer(3)),
                    .object_bytes = bytes[row]});
  }
  return rows;
}

std::vector<ObjectId> Index::commits() {
  std::vector<ObjectId> commits;
  Statement statement(impl_->database, "SELECT id FROM commits ORDER BY number");
  while (statement.step()) commits.push_back(digest_from<ObjectId>(statement.blob(0)));
  return commits;
}

std::uint64_t Index::newest_condemnation() {
  return static_cast<std::uint64_t>(
      impl_->database.integer("SELECT coalesce(max(number), 0) FROM condemned"));
}

CommitMark Index::highest_commit() {
  Statement statement(impl_->database,
                      "SELECT number, id FROM commits ORDER BY number DESC LIMIT 1");
  if (!statement.step()) return {};
  return {.number = static_cast<std::uint64_t>(statement.integer(0)),
          .id = digest_from<ObjectId>(statement.blob(1))};
}

std::optional<ObjectId> Index::commit_id(std::uint64_t number) {
  Statement statement(impl_->database, "SELECT id FROM commits WHERE number = ?1");
  statement.bind(1, as_integer(number));
  if (!statement.step()) return std::nullopt;
  return digest_from<ObjectId>(statement.blob(0));
}

std::optional<ObjectPlace> Index::find(ObjectType type, const ObjectId& id) {
  Statement& find = type == ObjectType::kMessage ? impl_->find_message : impl_->find_object;
  find.bind(1, id.bytes);
  if (!find.step()) return std::nullopt;
  const ObjectPlace place{.block = find.integer(0),
                          .start = static_cast<std::uint32_t>(find.integer(1)),
                          .length = static_cast<std::uint32_t>(find.integer(2))};
  find.reset();
  return place;
}

std::vector<ObjectId> Index::messages_beginning(std::string_view digits, std::size_t most) {
  const auto filled_with = [&](char digit) {
    std::string text(digits);
    text.resize(2 * ObjectId::kSize, digit);
    return ObjectId::from_hex(text);
  };
  const std::optional<ObjectId> first = filled_with('0');
  const std::optional<ObjectId> last = filled_with('f');
  std::vector<ObjectId> ids;
  if (!first || !last) return ids;
  Statement statement(impl_->database,
                      "SELECT id FROM messages WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3");
  statement.bind(1, first->bytes);
  statement.bind(2, last->bytes);
  statement.bind(3, static_cast<std::int64_t>(most));
  while (statement.step()) ids.push_back(digest_from<ObjectId>(statement.blob(0)));
  return ids;
}

std::optional<ObjectPlace> Index::find_uncondemned(ObjectType type, const ObjectId& id) {
  std::optional<ObjectPlace> place = find(type, id);
  if (place && impl_->condemned_rows.contains(pack_of(place->block))) place.reset();
  return place;
}

BlockPlace Index::block(std::int64_t block) {
  Statement& find = impl_->find_block;
  find.bind(1, block).bind(2, pack_of(block));
  if (!find.step()) {
    fail(ErrorCode::kNotFound,
         "use index {}: no block {}: rebuild it with mailstow-backupd reindex",
         impl_->file.string(), block);
  }
  BlockPlace place;
  place.pack = digest_from<PackName>(find.blob(0));
  const base::ByteView pack_id = find.blob(1);
  std::copy_n(pack_id.begin(), std::min(pack_id.size(), place.pack_id.size()),
              place.pack_id.begin());
  place.stream = static_cast<Stream>(find.integer(2));
  place.ordinal = ordinal_of(block);
  place.place = static_cast<std::uint64_t>(find.integer(3));
  place.plain_length = static_cast<std::uint32_t>(find.integer(4));
  place.sealed_length = static_cast<std::uint32_t>(find.integer(5));
  find.reset();
  return place;
}

std::optional<std::int64_t> Index::row_of(const PackName& pack, std::size_t ordinal) {
  Statement statement(
      impl_->database,
      fmt::format("SELECT b.block FROM packs p JOIN blocks b ON b.block = p.pack * {} + ?2 "
                  "WHERE p.name = ?1",
                  kMaxBlocks));
  statement.bind(1, pack.bytes).bind(2, as_integer(ordinal));
  if (!statement.step()) return std::nullopt;
  return statement.integer(0);
}

std::uint64_t Index::size_of(const PackName& pack) {
  Statement statement(impl_->database, "SELECT size FROM packs WHERE name = ?1");
  statement.bind(1, pack.bytes);
  return statement.step() ? static_cast<std::uint64_t>(statement.integer(0)) : 0;
}

std::vector<std::string> Index::integrity() {
  std::vector<std::string> lines;
  Statement statement(impl_->database, "PRAGMA quick_check(10)");
  while (statement.step()) {
    const std::string line = statement.text(0);
    if (line != "ok") {
      lines.push_back(
          fmt::format("index {}: {}: run mailstow-backupd reindex", impl_->file.string(), line));
    }
  }
  return lines;
}

std::vector<std::string> Index::accounts() {
  std::vector<std::string> accounts;
  Statement statement(impl_->database, "SELECT DISTINCT account FROM snapshots ORDER BY account");
  while (statement.step()) accounts.push_back(statement.text(0));
  return accounts;
}

std::vector<SnapshotInfo> Index::snapshots(std::string_view account, std::uint64_t first) {
  std::vector<SnapshotInfo> snapshots;
  Statement statement(impl_->database, std::string(kSnapshotColumns) +
                                           "WHERE account = ?1 AND sequence >= ?2 "
                                           "ORDER BY sequence, time, number, line");
  statement.bind(1, account).bind(2, as_integer(first));
  while (statement.step()) snapshots.push_back(snapshot_from(statement));
  return snapshots;
}

std::uint64_t Index::highest_sequence(std::string_view account) {
  Statement statement(impl_->database,
                      "SELECT coalesce(max(sequence), 0) FROM snapshots WHERE account = ?1");
  statement.bind(1, account);
  return statement.step() ? static_cast<std::uint64_t>(statement.integer(0)) : 0;
}

std::optional<SnapshotInfo> Index::newest_backup(std::string_view account, std::uint64_t first) {
  Statement statement(
      impl_->database,
      std::string(kSnapshotColumns) +
          "WHERE account = ?1 AND sequence >= ?2 AND kind = 0 ORDER BY sequence DESC, "
          "time DESC, number DESC, line DESC LIMIT 1");
  statement.bind(1, account).bind(2, as_integer(first));
  if (!statement.step()) return std::nullopt;
  return snapshot_from(statement);
}

std::optional<SnapshotInfo> Index::backup_at(std::string_view account,
                                             std::chrono::sys_seconds time, std::uint64_t first) {
  Statement statement(
      impl_->database,
      std::string(kSnapshotColumns) +
          "WHERE account = ?1 AND time <= ?2 AND sequence >= ?3 AND kind = 0 ORDER BY "
          "time DESC, sequence DESC, number DESC, line DESC LIMIT 1");
  statement.bind(1, account).bind(2, time.time_since_epoch().count()).bind(3, as_integer(first));
  if (!statement.step()) return std::nullopt;
  return snapshot_from(statement);
}

std::vector<SnapshotLine> Index::lines(std::string_view account) {
  std::vector<SnapshotLine> lines;
  for (const SnapshotInfo& info : snapshots(account)) {
    const std::optional<ObjectId> root = root_of(info.id);
    if (!root) fail(ErrorCode::kInternal, "use index: snapshot {} has disappeared", info.id.hex());
    lines.push_back({.account = info.account,
                     .time = info.time,
                     .kind = info.kind,
                     .status = info.status,
                     .personal_prefix = info.personal_prefix,
                     .folders = info.folders,
                     .messages = info.messages,
                     .bytes = info.bytes,
                     .vanished = info.vanished,
                     .root = *root,
                     .sequence = info.sequence});
  }
  return lines;
}

std::vector<Pin> Index::pins() {
  std::vector<Pin> pins;
  Statement statement(impl_->database, "SELECT snapshot, until FROM pins");
  while (statement.step()) {
    pins.push_back({.snapshot = digest_from<ObjectId>(statement.blob(0)),
                    .until = std::chrono::sys_seconds(std::chrono::seconds(statement.integer(1)))});
  }
  return pins;
}

std::optional<ObjectId> Index::root_of(const ObjectId& snapshot) {
  Statement statement(impl_->database, "SELECT root FROM snapshots WHERE id = ?1");
  statement.bind(1, snapshot.bytes);
  if (!statement.step()) return std::nullopt;
  return digest_from<ObjectId>(statement.blob(0));
}

Index::Totals Index::totals() {
  const auto number = [&](std::string_view sql) {
    return static_cast<std::uint64_t>(impl_->database.integer(sql));
  };
  const std::string living(kLiving);
  const std::string in_living =
      " WHERE " + sql_pack_of("block") + " NOT IN (SELECT pack FROM condemned)";
  return {.packs = number("SELECT count(*) FROM packs" + living),
          .pack_bytes = number("SELECT sum(size) FROM packs" + living),
          .index_bytes = number("PRAGMA page_count") * number("PRAGMA page_size"),
          .messages = number("SELECT count(*) FROM messages" + in_living),
          .message_bytes = number("SELECT sum(size) FROM messages" + in_living)};
}

}  // namespace store
