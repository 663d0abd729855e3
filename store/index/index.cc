#include "store/index/index.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/ranges.h>

#include "store/index/extension_rows.h"
#include "store/index/object_rows.h"
#include "store/index/pack_rows.h"
#include "store/index/row_values.h"
#include "store/index/snapshot_rows.h"

namespace store {

class Index::Impl {
 public:
  Impl(Database opened, base::Path path) : database(std::move(opened)), file(std::move(path)) {}

  void add_commit(const ObjectId& id, const Commit& commit, const PackName& pack,
                  const Keys& keys) {
    const std::int64_t number = as_integer(commit.number);
    add_commit_row.bind(1, number)
        .bind(2, id.bytes)
        .bind(3, commit.previous.bytes)
        .bind(4, pack.bytes)
        .bind(5, commit.time.time_since_epoch().count())
        .run();
    std::vector<CondemnedRow> condemned_before;
    if (commit.is_checkpoint) {
      condemned_before = packs.condemned_rows();
      begin_checkpoint.bind(1, number).run();
      snapshots.clear();
      packs.clear_condemned();
      extensions.clear();
    }
    for (const PackName& name : commit.packs) packs.list(name, number);
    for (std::size_t line = 0; line < commit.snapshots.size(); ++line) {
      snapshots.add(commit.snapshots[line], number, as_integer(line), keys);
    }
    for (const Pin& pin : commit.pins) snapshots.set_pin(pin);
    snapshots.use_up(commit.used_up);
    for (const ObjectId& dropped : commit.dropped) snapshots.drop(dropped);
    for (const CondemnedPack& condemned : commit.condemned) packs.condemn(condemned, number);
    for (const Extension& extension : commit.extensions) extensions.set(extension);
    forget_left_out(condemned_before);
  }

  // A checkpoint leaves out only packs that are gone, because another host has deleted them.
  void forget_left_out(const std::vector<CondemnedRow>& before) {
    if (before.empty()) return;
    const std::vector<PackName> condemned = packs.condemned();
    const std::set<PackName> now(condemned.begin(), condemned.end());
    std::vector<std::int64_t> left_out;
    for (const CondemnedRow& row : before) {
      if (row.row != 0 && !now.contains(row.condemned.pack)) left_out.push_back(row.row);
    }
    forget(left_out);
  }

  // Packs, and the objects that only they had.
  void forget(std::span<const std::int64_t> rows) {
    if (rows.empty()) return;
    const std::string list = fmt::format("({})", fmt::join(rows, ", "));
    objects.forget(list);
    packs.forget(list);
  }

  std::vector<CommitRow> commit_rows(std::string_view condition) {
    std::vector<CommitRow> rows;
    Statement statement(database, fmt::format("SELECT number, commits.id, previous, name FROM "
                                              "commits JOIN packs USING (pack) {}ORDER BY number",
                                              condition));
    while (statement.step()) {
      rows.push_back({.number = static_cast<std::uint64_t>(statement.integer(0)),
                      .id = digest_from<ObjectId>(statement.blob(1)),
                      .previous = digest_from<ObjectId>(statement.blob(2)),
                      .pack = digest_from<PackName>(statement.blob(3))});
    }
    return rows;
  }

  Database database;
  base::Path file;
  PackRows packs{database};
  ObjectRows objects{database, file};
  SnapshotRows snapshots{database};
  ExtensionRows extensions{database};
  Statement begin_checkpoint{database, "DELETE FROM commits WHERE number < ?1"};
  Statement add_commit_row{database,
                           "INSERT OR REPLACE INTO commits VALUES (?1, ?2, ?3, "
                           "(SELECT pack FROM packs WHERE name = ?4), ?5)"};
  Statement set_pack_of_commit{database, "UPDATE commits SET pack = ?2 WHERE number = ?1"};
  unsigned look_ups = 0;              // LookUps that exist
  std::optional<Transaction> shared;  // of all LookUps
};

BlockHeader BlockPlace::header() const {
  BlockHeader header;
  header.pack = pack_id;
  header.stream = stream;
  header.ordinal = ordinal;
  header.plain_length = plain_length;
  header.sealed_length = sealed_length;
  return header;
}

Index::Index(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Index::Index(Index&&) noexcept = default;
Index& Index::operator=(Index&&) noexcept = default;
Index::~Index() = default;

Index Index::open(const base::Path& file, const StoreId& store, IndexUse use) {
  Index index(std::make_unique<Impl>(open_index_file(file, store, use), file));
  index.impl_->packs.load_condemned();
  return index;
}

Index Index::open_read_only(const base::Path& file, const StoreId& store, IndexUse use) {
  Index index(std::make_unique<Impl>(open_index_file_read_only(file, store, use), file));
  require_allowed(index.extensions(), Forbids::kReading, "open index " + file.string());
  return index;
}

Index::Moment::Moment(Index& index)
    : transaction_(std::make_unique<Transaction>(index.impl_->database, Transaction::Kind::kRead)) {
}
Index::Moment::Moment(Moment&&) noexcept = default;
Index::Moment::~Moment() = default;

Index::LookUps::LookUps(Index& index) : index_(index) {
  if (++index.impl_->look_ups == 1) {
    index.impl_->shared.emplace(index.impl_->database, Transaction::Kind::kRead);
  }
}

Index::LookUps::~LookUps() {
  if (--index_.impl_->look_ups == 0) index_.impl_->shared.reset();
}

void Index::see_newest() {
  if (impl_->look_ups == 0) return;
  impl_->shared.reset();
  impl_->shared.emplace(impl_->database, Transaction::Kind::kRead);
}

Index::Update::Update(Index& index)
    : transaction_(std::make_unique<Transaction>(index.impl_->database)) {}
Index::Update::Update(Update&&) noexcept = default;
Index::Update::~Update() = default;

void Index::Update::commit() {
  transaction_->commit();
}

void Index::add(const Pack& pack, std::span<const std::pair<ObjectId, Commit>> commits,
                const Keys& keys, ExistingObjects existing) {
  Transaction transaction(impl_->database);
  impl_->objects.add(pack, impl_->packs.add(pack), existing);
  for (const auto& [id, commit] : commits) impl_->add_commit(id, commit, pack.name, keys);
  transaction.commit();
  if (!commits.empty()) impl_->packs.load_condemned();
}

void Index::add_snapshots(const Commit& commit, const Keys& keys,
                          const std::set<ObjectId>& without) {
  Transaction transaction(impl_->database);
  const std::int64_t number = as_integer(commit.number);
  for (std::size_t line = 0; line < commit.snapshots.size(); ++line) {
    if (without.contains(snapshot_id(keys, commit.snapshots[line]))) continue;
    impl_->snapshots.add(commit.snapshots[line], number, as_integer(line), keys);
  }
  std::map<ObjectId, std::chrono::sys_seconds> ends;
  for (const Pin& pin : pins()) ends[pin.snapshot] = pin.until;
  for (const Pin& pin : commit.pins) {
    if (pin.until > ends[pin.snapshot] && root_of(pin.snapshot)) impl_->snapshots.set_pin(pin);
  }
  transaction.commit();
}

void Index::add_extensions(std::span<const Extension> losing) {
  Transaction transaction(impl_->database);
  for (const Extension& extension : merged(losing, extensions())) impl_->extensions.set(extension);
  transaction.commit();
}

void Index::add_condemned(const Pack& pack) {
  const std::vector<PackName> condemned = impl_->packs.condemned();
  const bool is_condemned = std::ranges::find(condemned, pack.name) != condemned.end();
  if (!is_condemned || impl_->packs.row_of(pack.name)) return;
  Transaction transaction(impl_->database);
  const std::int64_t row = impl_->packs.add(pack);
  impl_->packs.set_condemned_row(pack.name, row);
  impl_->objects.add(pack, row, ExistingObjects::kNeverMove);
  transaction.commit();
  impl_->packs.load_condemned();
}

void Index::forget(const std::set<PackName>& packs) {
  std::vector<std::int64_t> rows;
  for (const PackName& pack : packs) {
    if (const std::optional<std::int64_t> row = impl_->packs.row_of(pack)) rows.push_back(*row);
  }
  remove(rows);
}

void Index::add_places(const Pack& pack) {
  const std::optional<std::int64_t> row = impl_->packs.row_of(pack.name);
  if (!row) return;
  Transaction transaction(impl_->database);
  impl_->objects.add_places(pack, *row);
  transaction.commit();
}

void Index::add_again(const Pack& pack, std::span<const std::pair<ObjectId, Commit>> commits) {
  Transaction transaction(impl_->database);
  const std::int64_t row = impl_->packs.add(pack);
  impl_->objects.add(pack, row, ExistingObjects::kKeepPlace);
  for (const auto& [id, commit] : commits) {
    impl_->set_pack_of_commit.bind(1, as_integer(commit.number)).bind(2, row).run();
  }
  transaction.commit();
}

void Index::number_snapshots() {
  if (impl_->snapshots.has_unnumbered()) store::number_snapshots(impl_->database);
}

void Index::copy_to(const base::Path& copy) {
  make_index_directory(copy);
  Database created = Database::open_or_create(copy);
  impl_->database.copy_to(created);
}

void Index::clear() {
  Transaction transaction(impl_->database);
  impl_->database.run(
      "DELETE FROM packs; DELETE FROM blocks; DELETE FROM objects; DELETE FROM messages; "
      "DELETE FROM commits; DELETE FROM snapshots; DELETE FROM pins; DELETE FROM condemned; "
      "DELETE FROM extensions");
  transaction.commit();
  impl_->packs.load_condemned();
}

void Index::remove(std::span<const std::int64_t> packs) {
  if (packs.empty()) return;
  Transaction transaction(impl_->database);
  impl_->forget(packs);
  transaction.commit();
  impl_->packs.load_condemned();
}

std::vector<PackName> Index::packs() {
  return impl_->packs.packs();
}

std::map<PackId, PackName> Index::pack_ids() {
  return impl_->packs.ids();
}

std::vector<PackName> Index::condemned() {
  return impl_->packs.condemned();
}

std::vector<PackName> Index::packs_not_listed() {
  return impl_->packs.packs_not_listed();
}

std::vector<Index::CondemnedRow> Index::condemned_rows() {
  return impl_->packs.condemned_rows();
}

std::vector<Index::PackRow> Index::pack_rows() {
  std::map<std::int64_t, std::uint64_t> bytes = impl_->objects.bytes_by_pack();
  std::vector<PackRow> rows = impl_->packs.rows();
  for (PackRow& pack : rows) pack.object_bytes = bytes[pack.row];
  return rows;
}

std::vector<ObjectId> Index::commits() {
  std::vector<ObjectId> commits;
  Statement statement(impl_->database, "SELECT id FROM commits ORDER BY number");
  while (statement.step()) commits.push_back(digest_from<ObjectId>(statement.blob(0)));
  return commits;
}

std::uint64_t Index::oldest_commit() {
  return static_cast<std::uint64_t>(
      impl_->database.integer("SELECT coalesce(min(number), 0) FROM commits"));
}

bool Index::has_lost_commits() {
  return impl_->database.integer(
             "SELECT EXISTS (SELECT 1 FROM commits WHERE pack NOT IN (SELECT pack FROM packs))") !=
         0;
}

std::vector<Index::CommitRow> Index::commit_rows() {
  return impl_->commit_rows("");
}

std::vector<Index::CommitRow> Index::newest_commits() {
  return impl_->commit_rows(
      "WHERE pack = (SELECT pack FROM commits ORDER BY number DESC LIMIT 1) ");
}

std::uint64_t Index::newest_condemnation() {
  return impl_->packs.newest_condemnation();
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
  return impl_->objects.find(type, id);
}

std::vector<ObjectId> Index::messages_beginning(std::string_view digits, std::size_t most) {
  return impl_->objects.messages_beginning(digits, most);
}

std::optional<ObjectPlace> Index::find_uncondemned(ObjectType type, const ObjectId& id) {
  std::optional<ObjectPlace> place = find(type, id);
  if (place && impl_->packs.is_condemned(pack_of(place->block))) place.reset();
  return place;
}

BlockPlace Index::block(std::int64_t block) {
  return impl_->objects.block(block);
}

std::optional<std::int64_t> Index::row_of(const PackName& pack, std::size_t ordinal) {
  return impl_->objects.row_of(pack, ordinal);
}

std::uint64_t Index::size_of(const PackName& pack) {
  return impl_->packs.size_of(pack);
}

std::uint64_t Index::named_by(const PackName& pack) {
  return impl_->packs.named_by(pack);
}

Index::PackCount Index::packs_named_after(std::uint64_t number) {
  Statement statement(impl_->database,
                      fmt::format("SELECT count(*), coalesce(sum(listed > ?1 OR listed = 0), 0) "
                                  "FROM packs{}",
                                  kLivingPacks));
  statement.bind(1, as_integer(number)).step();
  return {.all = static_cast<std::uint64_t>(statement.integer(0)),
          .named = static_cast<std::uint64_t>(statement.integer(1))};
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
  return impl_->snapshots.accounts();
}

std::vector<SnapshotInfo> Index::snapshots(std::string_view account, std::uint64_t first) {
  return impl_->snapshots.snapshots(account, first);
}

std::vector<SnapshotLine> Index::lines(std::string_view account) {
  return impl_->snapshots.lines(account);
}

std::uint64_t Index::highest_sequence(std::string_view account) {
  return impl_->snapshots.highest_sequence(account);
}

std::uint64_t Index::used_up() {
  return impl_->snapshots.used_up();
}

std::uint64_t Index::highest_lost_sequence() {
  return impl_->snapshots.highest_lost();
}

void Index::note_lost_sequence(std::uint64_t sequence) {
  impl_->snapshots.note_lost(sequence);
}

std::uint64_t Index::next_sequence(std::string_view account) {
  return std::max({highest_sequence(account), used_up(), highest_lost_sequence()}) + 1;
}

std::optional<SnapshotInfo> Index::newest_backup(std::string_view account, std::uint64_t first) {
  return impl_->snapshots.newest_backup(account, first);
}

std::optional<SnapshotInfo> Index::backup_at(std::string_view account,
                                             std::chrono::sys_seconds time, std::uint64_t first) {
  return impl_->snapshots.backup_at(account, time, first);
}

std::vector<Pin> Index::pins() {
  return impl_->snapshots.pins();
}

std::vector<Extension> Index::extensions() {
  return impl_->extensions.all();
}

std::optional<ObjectId> Index::root_of(const ObjectId& snapshot) {
  return impl_->snapshots.root_of(snapshot);
}

std::string Index::past() {
  Statement statement(impl_->database, "SELECT value FROM meta WHERE name = 'past'");
  return statement.step() ? base::to_text(statement.blob(0)) : "";
}

void Index::set_past(std::string_view text) {
  Statement(impl_->database, "UPDATE meta SET value = ?1 WHERE name = 'past'")
      .bind(1, base::as_bytes(text))
      .run();
}

Index::Totals Index::totals() {
  const auto number = [&](std::string_view sql) {
    return static_cast<std::uint64_t>(impl_->database.integer(sql));
  };
  const std::string living(kLivingPacks);
  const std::string in_living =
      " WHERE " + sql_pack_of("block") + " NOT IN (SELECT pack FROM condemned)";
  return {.packs = number("SELECT count(*) FROM packs" + living),
          .pack_bytes = number("SELECT sum(size) FROM packs" + living),
          .index_bytes = number("PRAGMA page_count") * number("PRAGMA page_size"),
          .messages = number("SELECT count(*) FROM messages" + in_living),
          .message_bytes = number("SELECT sum(size) FROM messages" + in_living)};
}

}  // namespace store
