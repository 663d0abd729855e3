#include "store/index/pack_rows.h"

#include <algorithm>

#include <fmt/core.h>

#include "store/index/row_values.h"

namespace store {

PackRows::PackRows(Database& database)
    : database_(&database),
      add_(database,
           "INSERT INTO packs (name, id, effort, size, listed) VALUES (?1, ?2, ?3, ?4, 0)"),
      list_(database, "UPDATE packs SET listed = ?1 WHERE name = ?2"),
      condemn_(database,
               "INSERT OR REPLACE INTO condemned (name, pack, number, time) "
               "VALUES (?1, coalesce((SELECT pack FROM packs WHERE name = ?1), 0), ?2, ?3)") {}

std::int64_t PackRows::add(const Pack& pack) {
  add_.bind(1, pack.name.bytes)
      .bind(2, pack.id)
      .bind(3, static_cast<std::int64_t>(pack.effort))
      .bind(4, as_integer(pack.size))
      .run();
  return database_->integer("SELECT last_insert_rowid()");
}

void PackRows::list(const PackName& pack, std::int64_t commit) {
  list_.bind(1, commit).bind(2, pack.bytes).run();
}

void PackRows::condemn(const CondemnedPack& pack, std::int64_t commit) {
  condemn_.bind(1, pack.pack.bytes)
      .bind(2, commit)
      .bind(3, pack.since.time_since_epoch().count())
      .run();
}

void PackRows::clear_condemned() {
  database_->run("DELETE FROM condemned");
}

void PackRows::set_condemned_row(const PackName& pack, std::int64_t row) {
  Statement(*database_, "UPDATE condemned SET pack = ?1 WHERE name = ?2")
      .bind(1, row)
      .bind(2, pack.bytes)
      .run();
}

std::optional<std::int64_t> PackRows::row_of(const PackName& pack) {
  Statement statement(*database_, "SELECT pack FROM packs WHERE name = ?1");
  statement.bind(1, pack.bytes);
  if (!statement.step()) return std::nullopt;
  return statement.integer(0);
}

void PackRows::forget(std::string_view sql_rows) {
  database_->run(fmt::format("DELETE FROM packs WHERE pack IN {}", sql_rows));
  database_->run(fmt::format("UPDATE condemned SET pack = 0 WHERE pack IN {}", sql_rows));
}

void PackRows::load_condemned() {
  condemned_.clear();
  Statement statement(*database_, "SELECT pack FROM condemned WHERE pack > 0");
  while (statement.step()) condemned_.insert(statement.integer(0));
}

std::vector<PackName> PackRows::packs() {
  return names("SELECT name FROM packs" + std::string(kLivingPacks) + " ORDER BY pack");
}

std::vector<PackName> PackRows::condemned() {
  return names("SELECT name FROM condemned");
}

std::map<PackId, PackName> PackRows::ids() {
  std::map<PackId, PackName> ids;
  Statement statement(*database_, "SELECT id, name FROM packs");
  while (statement.step()) {
    PackId id{};
    const base::ByteView bytes = statement.blob(0);
    std::copy_n(bytes.begin(), std::min(bytes.size(), id.size()), id.begin());
    ids.emplace(id, digest_from<PackName>(statement.blob(1)));
  }
  return ids;
}

std::vector<PackName> PackRows::packs_not_listed() {
  return names("SELECT name FROM packs" + std::string(kLivingPacks) +
               " AND listed = 0 ORDER BY pack");
}

std::vector<Index::CondemnedRow> PackRows::condemned_rows() {
  std::vector<Index::CondemnedRow> rows;
  Statement statement(*database_, "SELECT name, time, number, pack FROM condemned");
  while (statement.step()) {
    rows.push_back({.condemned = {.pack = digest_from<PackName>(statement.blob(0)),
                                  .since = time_from(statement.integer(1))},
                    .number = static_cast<std::uint64_t>(statement.integer(2)),
                    .row = statement.integer(3)});
  }
  return rows;
}

std::uint64_t PackRows::newest_condemnation() {
  return static_cast<std::uint64_t>(
      database_->integer("SELECT coalesce(max(number), 0) FROM condemned"));
}

std::uint64_t PackRows::size_of(const PackName& pack) {
  Statement statement(*database_, "SELECT size FROM packs WHERE name = ?1");
  statement.bind(1, pack.bytes);
  return statement.step() ? static_cast<std::uint64_t>(statement.integer(0)) : 0;
}

std::uint64_t PackRows::named_by(const PackName& pack) {
  Statement statement(*database_, "SELECT listed FROM packs WHERE name = ?1");
  statement.bind(1, pack.bytes);
  return statement.step() ? static_cast<std::uint64_t>(statement.integer(0)) : 0;
}

std::vector<Index::PackRow> PackRows::rows() {
  std::vector<Index::PackRow> rows;
  Statement statement(*database_, "SELECT pack, name, size, effort FROM packs ORDER BY pack");
  while (statement.step()) {
    rows.push_back({.row = statement.integer(0),
                    .name = digest_from<PackName>(statement.blob(1)),
                    .size = static_cast<std::uint64_t>(statement.integer(2)),
                    .effort = static_cast<Effort>(statement.integer(3))});
  }
  return rows;
}

std::vector<PackName> PackRows::names(std::string_view sql) {
  std::vector<PackName> result;
  Statement statement(*database_, sql);
  while (statement.step()) result.push_back(digest_from<PackName>(statement.blob(0)));
  return result;
}

}  // namespace store
