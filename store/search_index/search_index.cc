#include "store/search_index/search_index.h"

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "base/utf8.h"
#include "schema/embedded.h"
#include "store/index/store_database.h"
#include "store/message/split.h"
#include "store/search_index/id_columns.h"
#include "store/search_index/node_tables.h"
#include "store/search_index/recent_rows.h"
#include "store/search_index/search_words.h"

namespace store {

namespace {

constexpr std::int64_t kSearchVersion = 6;

// Returns true if the index has words as search_words() makes them of a query. The library that
// folds them may be updated without mailstow.
bool has_words_of_today(Database& database) {
  if (database.integer("PRAGMA user_version") != kSearchVersion) return false;
  Statement unicode(database, "SELECT value FROM meta WHERE name = 'unicode'");
  return unicode.step() && unicode.text(0) == base::unicode_version();
}

Database open_or_make(const base::Path& file, const StoreId& store) {
  // With the tables, in one transaction: a file without this row is of an earlier version.
  const std::string sql =
      fmt::format("{}\nINSERT INTO meta VALUES ('unicode', CAST('{}' AS BLOB));",
                  schema::kSearchSql, base::unicode_version());
  Database database = open_or_create_tables(file, sql, store);
  if (!has_words_of_today(database)) {
    base::fail(base::ErrorCode::kDamaged,
               "open search index {}: another version of mailstow or of Unicode made it",
               file.string());
  }
  if (!belongs_to(database, store)) {
    base::fail(base::ErrorCode::kDamaged, "open search index {}: it belongs to another store",
               file.string());
  }
  return database;
}

}  // namespace

std::uint64_t message_key(const ObjectId& message) {
  return key_of(message);
}

class SearchIndex::Impl {
 public:
  explicit Impl(Database opened) : database(std::move(opened)) {}

  // Needed for writing only.
  struct Changes {
    explicit Changes(Database& database)
        : add_envelope(database, "INSERT INTO envelopes VALUES (NULL, ?1, ?2, ?3)"),
          add_fields(database,
                     "INSERT INTO fields VALUES (last_insert_rowid(), ?1, ?2, ?3, ?4, ?5)"),
          add_words(database,
                    "INSERT INTO words (rowid, subject, sender, recipients, copies) "
                    "VALUES (?1, ?2, ?3, ?4, ?5)"),
          remove_words(database,
                       "INSERT INTO words (words, rowid, subject, sender, recipients, copies) "
                       "VALUES ('delete', ?1, ?2, ?3, ?4, ?5)"),
          row_of_last(database, "SELECT last_insert_rowid()"),
          find_key(database, "SELECT envelope FROM envelopes WHERE key = ?1") {}

    Statement add_envelope;
    Statement add_fields;
    Statement add_words;
    Statement remove_words;
    Statement row_of_last;
    Statement find_key;
    RecentRows recent;
  };

  Changes& change() {
    if (!changes) changes = std::make_unique<Changes>(database);
    if (!transaction) transaction = std::make_unique<Transaction>(database);
    return *changes;
  }

  void commit() {
    if (!transaction) return;
    transaction->commit();
    transaction.reset();
  }

  // From now on, deleted data is not left in the file's free pages either.
  void erase_what_is_deleted() { database.run("PRAGMA secure_delete = 1"); }

  // The write-ahead log has pages as they were before. While another process reads, it stays until
  // the last one closes the database.
  void empty_log() {
    try {
      database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (const base::Error& error) {
      base::log_debug("{}", error.what());
    }
  }

  struct Words {
    explicit Words(const Envelope& envelope)
        : subject(search_words(envelope.subject)),
          from(search_words(envelope.from)),
          to(search_words(envelope.to)),
          cc(search_words(envelope.cc)) {}

    std::string subject;
    std::string from;
    std::string to;
    std::string cc;
  };

  static void run_words(Statement& statement, std::int64_t row, const Words& words) {
    statement.bind(1, row)
        .bind(2, words.subject)
        .bind(3, words.from)
        .bind(4, words.to)
        .bind(5, words.cc)
        .run();
  }

  static EnvelopeRow row_from(const Statement& rows) {
    EnvelopeRow row{.row = rows.integer(0),
                    .key = static_cast<std::uint64_t>(rows.integer(1)),
                    .date = std::nullopt};
    if (!rows.is_null(2)) {
      row.date = std::chrono::sys_seconds(std::chrono::seconds(rows.integer(2)));
    }
    return row;
  }

  static void take_rows(Statement& rows, const std::function<void(const EnvelopeRow&)>& take) {
    while (rows.step()) take(row_from(rows));
  }

  std::optional<std::int64_t> row_of(std::uint64_t key) {
    if (const auto recent = changes->recent.find(key)) return recent;
    Statement& find = changes->find_key;
    find.bind(1, static_cast<std::int64_t>(key));
    if (!find.step()) return std::nullopt;
    const std::int64_t row = find.integer(0);
    find.reset();
    return row;
  }

  Database database;
  Statement find_row{database, "SELECT envelope FROM envelopes WHERE key = ?1 AND rest = ?2"};
  Statement find_fields{database,
                        "SELECT date, subject, sender, recipients, copies, message_id "
                        "FROM envelopes JOIN fields USING (envelope) WHERE envelope = ?1"};
  Statement find_envelope{database,
                          "SELECT envelope, key, date FROM envelopes WHERE envelope = ?1"};
  NodeTables nodes{database};
  std::unique_ptr<Changes> changes;
  std::unique_ptr<Transaction> transaction;  // null: nothing is pending
};

SearchIndex::SearchIndex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SearchIndex::SearchIndex(SearchIndex&&) noexcept = default;
SearchIndex& SearchIndex::operator=(SearchIndex&&) noexcept = default;
SearchIndex::~SearchIndex() = default;

SearchIndex SearchIndex::open(const base::Path& file, const StoreId& store) {
  try {
    return SearchIndex(std::make_unique<Impl>(open_or_make(file, store)));
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
    base::log_warning("{}: rebuilding it", error.what());
  }
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(file.string() + suffix);
  }
  return SearchIndex(std::make_unique<Impl>(open_or_make(file, store)));
}

std::optional<SearchIndex> SearchIndex::open_read_only(const base::Path& file) {
  std::optional<Database> database = Database::open_read_only(file);
  if (!database) return std::nullopt;
  database->run("PRAGMA query_only = 1; PRAGMA cache_size = -8192");
  if (!has_words_of_today(*database)) return std::nullopt;
  return SearchIndex(std::make_unique<Impl>(std::move(*database)));
}

void SearchIndex::add(const ObjectId& message, const Envelope& envelope) {
  const Impl::Words words(envelope);  // before the first row: no message is half indexed
  Impl::Changes& change = impl_->change();
  if (find(message)) return;
  change.add_envelope.bind(1, key_column(message)).bind(2, rest_of(message));
  if (envelope.date) {
    change.add_envelope.bind(3, envelope.date->time_since_epoch().count());
  } else {
    change.add_envelope.bind_null(3);
  }
  change.add_envelope.run();
  change.add_fields.bind(1, envelope.subject)
      .bind(2, envelope.from)
      .bind(3, envelope.to)
      .bind(4, envelope.cc)
      .bind(5, envelope.message_id)
      .run();
  change.row_of_last.step();
  const std::int64_t row = change.row_of_last.integer(0);
  change.row_of_last.reset();
  Impl::run_words(change.add_words, row, words);
  change.recent.add(message_key(message), row);
}

void SearchIndex::add_record(const ObjectId& message, base::ByteView record) {
  if (!find(message)) add_header(message, header_of(record));
}

void SearchIndex::add_header(const ObjectId& message, base::ByteView header) {
  try {
    if (!find(message)) add(message, read_envelope(header));
  } catch (const base::Error&) {
    throw;
  } catch (const std::exception& error) {
    base::log_warning("message {}: searches won't find it: its header can't be read: {}",
                      message.hex(), error.what());
  }
}

void SearchIndex::finish(const PackName& pack) {
  impl_->change();
  Statement(impl_->database, "INSERT OR IGNORE INTO packs VALUES (?1)").bind(1, pack.bytes).run();
  impl_->commit();
}

std::vector<PackName> SearchIndex::packs() {
  std::vector<PackName> packs;
  Statement statement(impl_->database, "SELECT name FROM packs");
  while (statement.step()) {
    PackName name;
    const base::ByteView blob = statement.blob(0);
    std::copy_n(blob.begin(), std::min(blob.size(), name.bytes.size()), name.bytes.begin());
    packs.push_back(name);
  }
  return packs;
}

void SearchIndex::forget_packs(const std::vector<PackName>& packs) {
  if (packs.empty()) return;
  impl_->change();
  Statement statement(impl_->database, "DELETE FROM packs WHERE name = ?1");
  for (const PackName& pack : packs) statement.bind(1, pack.bytes).run();
  impl_->commit();
}

std::uint64_t SearchIndex::keep_only(const std::function<bool(const ObjectId& message)>& lives) {
  std::vector<std::int64_t> gone;
  Statement rows(impl_->database, "SELECT envelope, key, rest FROM envelopes");
  while (rows.step()) {
    if (!lives(id_from(rows.integer(1), rows.blob(2)))) gone.push_back(rows.integer(0));
  }
  if (gone.empty()) return 0;
  std::ranges::sort(gone);
  Impl::Changes& change = impl_->change();
  change.recent.clear();
  impl_->erase_what_is_deleted();
  // A message that comes again gets another row, and a removed row may get another message.
  impl_->nodes.remove_groups_with(gone);
  Statement remove_fields(impl_->database, "DELETE FROM fields WHERE envelope = ?1");
  Statement remove_envelope(impl_->database, "DELETE FROM envelopes WHERE envelope = ?1");
  for (const std::int64_t row : gone) {
    Impl::run_words(change.remove_words, row, Impl::Words(envelope(row)));
    remove_fields.bind(1, row).run();
    remove_envelope.bind(1, row).run();
  }
  // Removed words stay in the file until they are merged away.
  impl_->database.run("INSERT INTO words (words) VALUES ('optimize')");
  impl_->commit();
  impl_->empty_log();
  return gone.size();
}

void SearchIndex::for_each(std::string_view words,
                           const std::function<void(const EnvelopeRow&)>& take) {
  if (words.empty()) {
    Statement rows(impl_->database, "SELECT envelope, key, date FROM envelopes");
    Impl::take_rows(rows, take);
    return;
  }
  Statement rows(impl_->database,
                 "SELECT e.envelope, e.key, e.date FROM words w JOIN envelopes e "
                 "ON e.envelope = w.rowid WHERE w.words MATCH ?1");
  rows.bind(1, words);
  Impl::take_rows(rows, take);
}

void SearchIndex::for_each_with_message_id(std::string_view message_id,
                                           const std::function<void(const EnvelopeRow&)>& take) {
  Statement rows(impl_->database,
                 "SELECT envelope, key, date FROM envelopes JOIN fields USING (envelope) "
                 "WHERE message_id = ?1");
  rows.bind(1, message_id);
  Impl::take_rows(rows, take);
}

void SearchIndex::for_each_row(std::string_view words, std::int64_t first, std::int64_t last,
                               const std::function<void(std::int64_t row)>& take) {
  Statement rows(impl_->database,
                 "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3");
  rows.bind(1, words).bind(2, first).bind(3, last);
  while (rows.step()) take(rows.integer(0));
}

void SearchIndex::for_each_between(std::int64_t first, std::int64_t last,
                                   const std::function<void(const EnvelopeRow&)>& take) {
  Statement rows(impl_->database,
                 "SELECT envelope, key, date FROM envelopes WHERE envelope BETWEEN ?1 AND ?2 "
                 "ORDER BY envelope");
  rows.bind(1, first).bind(2, last);
  Impl::take_rows(rows, take);
}

std::optional<EnvelopeRow> SearchIndex::row(std::int64_t row) {
  Statement& find = impl_->find_envelope;
  find.bind(1, row);
  if (!find.step()) return std::nullopt;
  const EnvelopeRow found = Impl::row_from(find);
  find.reset();
  return found;
}

std::int64_t SearchIndex::last_row() {
  return impl_->database.integer("SELECT max(envelope) FROM envelopes");
}

std::vector<std::int64_t> SearchIndex::rows_beginning(std::string_view digits) {
  const auto filled_with = [&](char digit) {
    std::string text(digits);
    text.resize(2 * ObjectId::kSize, digit);
    return ObjectId::from_hex(text);
  };
  const std::optional<ObjectId> first = filled_with('0');
  const std::optional<ObjectId> last = filled_with('f');
  std::vector<std::int64_t> found;
  if (digits.empty() || !first || !last) return found;
  // Both keys have the same sign: they begin with the same digit.
  Statement rows(impl_->database,
                 "SELECT envelope, key, rest FROM envelopes WHERE key BETWEEN ?1 AND ?2");
  rows.bind(1, key_column(*first)).bind(2, key_column(*last));
  while (rows.step()) {
    const ObjectId message = id_from(rows.integer(1), rows.blob(2));
    if (message.hex().starts_with(digits)) found.push_back(rows.integer(0));
  }
  std::ranges::sort(found);
  return found;
}

void SearchIndex::add_group(const ObjectId& node, std::span<const KeyedMessage> messages) {
  impl_->change();
  std::vector<KnownMessage> known;
  known.reserve(messages.size());
  for (const KeyedMessage& message : messages) {
    const std::optional<std::int64_t> row = impl_->row_of(message.key);
    if (!row) return;
    known.push_back({.uid = message.uid, .row = *row});
  }
  impl_->nodes.add_group(node, known);
}

std::optional<std::vector<KnownMessage>> SearchIndex::find_group(const ObjectId& node) {
  return impl_->nodes.find_group(node);
}

void SearchIndex::add_branch(const ObjectId& node, base::ByteView content) {
  impl_->change();
  impl_->nodes.add_branch(node, content);
}

std::optional<base::Bytes> SearchIndex::find_branch(const ObjectId& node) {
  return impl_->nodes.find_branch(node);
}

void SearchIndex::finish_groups() {
  impl_->commit();
}

void SearchIndex::set_lacks_groups(bool lacks) {
  impl_->change();
  impl_->database.run(lacks ? "INSERT OR REPLACE INTO meta VALUES ('lacks_groups', x'01')"
                            : "DELETE FROM meta WHERE name = 'lacks_groups'");
}

bool SearchIndex::lacks_groups() {
  return impl_->database.integer("SELECT count(*) FROM meta WHERE name = 'lacks_groups'") > 0;
}

void SearchIndex::keep_only_groups(const std::function<bool(const ObjectId& node)>& lives) {
  const NodeTables::DeadNodes dead = impl_->nodes.dead_nodes(lives);
  if (dead.empty()) return;
  impl_->change();
  impl_->erase_what_is_deleted();
  impl_->nodes.remove(dead);
  impl_->commit();
}

std::optional<std::int64_t> SearchIndex::find(const ObjectId& message) {
  Statement& find = impl_->find_row;
  find.bind(1, key_column(message)).bind(2, rest_of(message));
  if (!find.step()) return std::nullopt;
  const std::int64_t row = find.integer(0);
  find.reset();
  if (impl_->changes) impl_->changes->recent.add(message_key(message), row);
  return row;
}

Envelope SearchIndex::envelope(std::int64_t row) {
  Statement& find = impl_->find_fields;
  find.bind(1, row);
  if (!find.step()) return {};
  Envelope envelope{.date = std::nullopt,
                    .from = find.text(2),
                    .to = find.text(3),
                    .cc = find.text(4),
                    .subject = find.text(1),
                    .message_id = find.text(5)};
  if (!find.is_null(0)) {
    envelope.date = std::chrono::sys_seconds(std::chrono::seconds(find.integer(0)));
  }
  find.reset();
  return envelope;
}

SearchIndex::LookUps::LookUps(SearchIndex& index)
    : transaction_(std::make_unique<Transaction>(index.impl_->database, Transaction::Kind::kRead)) {
}
SearchIndex::LookUps::LookUps(LookUps&&) noexcept = default;
SearchIndex::LookUps::~LookUps() = default;

std::uint64_t SearchIndex::bytes() {
  return static_cast<std::uint64_t>(impl_->database.integer("PRAGMA page_count")) *
         static_cast<std::uint64_t>(impl_->database.integer("PRAGMA page_size"));
}

}  // namespace store
