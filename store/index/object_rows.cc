#include "store/index/object_rows.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "store/index/row_values.h"

namespace store {

namespace {

// ?5: the effort of the pack being added, or more.
std::string on_conflict() {
  return fmt::format(
      " ON CONFLICT (id) DO UPDATE SET block = excluded.block, start = excluded.start, "
      "length = excluded.length WHERE ?5 > (SELECT effort FROM packs WHERE pack = {0}) "
      "OR {0} IN (SELECT pack FROM condemned)",
      sql_pack_of("block"));
}

}  // namespace

ObjectRows::ObjectRows(Database& database, base::Path file)
    : database_(&database),
      file_(std::move(file)),
      add_block_(database, "INSERT INTO blocks VALUES (?1, ?2, ?3, ?4, ?5)"),
      add_object_(database,
                  "INSERT INTO objects (id, block, start, length) "
                  "VALUES (?1, ?2, ?3, ?4)" +
                      on_conflict()),
      add_message_(database,
                   "INSERT INTO messages (id, block, start, length, size) "
                   "VALUES (?1, ?2, ?3, ?4, ?6)" +
                       on_conflict()),
      find_object_(database, "SELECT block, start, length FROM objects WHERE id = ?1"),
      find_message_(database, "SELECT block, start, length FROM messages WHERE id = ?1"),
      find_block_(database,
                  "SELECT p.name, p.id, b.stream, b.place, b.plain_length, b.sealed_length "
                  "FROM blocks b JOIN packs p ON p.pack = ?2 WHERE b.block = ?1") {}

void ObjectRows::add(const Pack& pack, std::int64_t row, ExistingObjects existing) {
  constexpr std::int64_t kAlways = 2;
  constexpr std::int64_t kNever = -1;
  std::int64_t precedence = static_cast<std::int64_t>(pack.effort);
  if (existing == ExistingObjects::kMove) precedence = kAlways;
  if (existing == ExistingObjects::kNeverMove) precedence = kNever;
  for (std::size_t ordinal = 0; ordinal < pack.blocks.size(); ++ordinal) {
    add_block(pack.blocks[ordinal], block_row(row, ordinal));
    add_objects(pack.blocks[ordinal], block_row(row, ordinal), precedence);
  }
}

void ObjectRows::add_places(const Pack& pack, std::int64_t row) {
  for (std::size_t ordinal = 0; ordinal < pack.blocks.size(); ++ordinal) {
    add_objects(pack.blocks[ordinal], block_row(row, ordinal),
                static_cast<std::int64_t>(pack.effort));
  }
}

void ObjectRows::add_block(const BlockEntry& block, std::int64_t row) {
  add_block_.bind(1, row)
      .bind(2, static_cast<std::int64_t>(block.stream))
      .bind(3, as_integer(block.place))
      .bind(4, block.plain_length)
      .bind(5, block.sealed_length)
      .run();
}

void ObjectRows::add_objects(const BlockEntry& block, std::int64_t row, std::int64_t precedence) {
  for (const ObjectEntry& object : block.objects) {
    Statement& add = object.type == ObjectType::kMessage ? add_message_ : add_object_;
    add.bind(1, object.id.bytes).bind(2, row).bind(3, object.start).bind(4, object.length);
    add.bind(5, precedence);
    if (object.type == ObjectType::kMessage) add.bind(6, as_integer(object.message_size));
    add.run();
  }
}

void ObjectRows::forget(std::string_view sql_packs) {
  for (const char* table : {"objects", "messages", "blocks"}) {
    database_->run(
        fmt::format("DELETE FROM {} WHERE {} IN {}", table, sql_pack_of("block"), sql_packs));
  }
}

std::optional<ObjectPlace> ObjectRows::find(ObjectType type, const ObjectId& id) {
  Statement& find = type == ObjectType::kMessage ? find_message_ : find_object_;
  find.bind(1, id.bytes);
  if (!find.step()) return std::nullopt;
  const ObjectPlace place{.block = find.integer(0),
                          .start = static_cast<std::uint32_t>(find.integer(1)),
                          .length = static_cast<std::uint32_t>(find.integer(2))};
  find.reset();
  return place;
}

std::vector<ObjectId> ObjectRows::messages_beginning(std::string_view digits, std::size_t most) {
  const auto filled_with = [&](char digit) {
    std::string text(digits);
    text.resize(2 * ObjectId::kSize, digit);
    return ObjectId::from_hex(text);
  };
  const std::optional<ObjectId> first = filled_with('0');
  const std::optional<ObjectId> last = filled_with('f');
  std::vector<ObjectId> ids;
  if (!first || !last) return ids;
  Statement statement(*database_,
                      "SELECT id FROM messages WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3");
  statement.bind(1, first->bytes);
  statement.bind(2, last->bytes);
  statement.bind(3, static_cast<std::int64_t>(most));
  while (statement.step()) ids.push_back(digest_from<ObjectId>(statement.blob(0)));
  return ids;
}

BlockPlace ObjectRows::block(std::int64_t block) {
  Statement& find = find_block_;
  find.bind(1, block).bind(2, pack_of(block));
  if (!find.step()) {
    base::fail(base::ErrorCode::kNotFound,
               "use index {}: no block {}: rebuild it with mailstow-backupd reindex",
               file_.string(), block);
  }
  BlockPlace place;
  place.pack = digest_from<PackName>(find.blob(0));
  const base::ByteView pack_id = find.blob(1);
  std::copy_n(pack_id.begin(), std::min(pack_id.size(), place.pack_id.size()),
              place.pack_id.begin());
  place.stream = static_cast<Stream>(find.integer(2));
  place.ordinal = ordinal_of(block);
  place.offset = static_cast<std::uint64_t>(find.integer(3));
  place.plain_length = static_cast<std::uint32_t>(find.integer(4));
  place.sealed_length = static_cast<std::uint32_t>(find.integer(5));
  find.reset();
  return place;
}

std::optional<std::int64_t> ObjectRows::row_of(const PackName& pack, std::size_t ordinal) {
  Statement statement(
      *database_,
      fmt::format("SELECT b.block FROM packs p JOIN blocks b ON b.block = p.pack * {} + ?2 "
                  "WHERE p.name = ?1",
                  kMaxBlocks));
  statement.bind(1, pack.bytes).bind(2, as_integer(ordinal));
  if (!statement.step()) return std::nullopt;
  return statement.integer(0);
}

std::map<std::int64_t, std::uint64_t> ObjectRows::bytes_by_pack() {
  std::map<std::int64_t, std::uint64_t> bytes;
  Statement objects(*database_, "SELECT " + sql_pack_of("block") +
                                    ", sum(length) FROM "
                                    "(SELECT block, length FROM objects UNION ALL "
                                    "SELECT block, length FROM messages) GROUP BY 1");
  while (objects.step()) {
    bytes[objects.integer(0)] = static_cast<std::uint64_t>(objects.integer(1));
  }
  return bytes;
}

}  // namespace store
