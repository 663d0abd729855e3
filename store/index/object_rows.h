// The tables `blocks`, `objects` and `messages` of the index: where every object is stored.
//
// One thread at a time. Fails with base::Error as store/index/sqlite.h says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "store/format/pack.h"
#include "store/index/index.h"
#include "store/index/sqlite.h"

namespace store {

class ObjectRows {
 public:
  // The database must outlive it; `file` is its path, for error messages.
  ObjectRows(Database& database, base::Path file);

  // The blocks of the pack at `row` of the table `packs`, and their objects. An object that another
  // pack already has moves to the pack of more effort, and out of a condemned one, as `existing`
  // says.
  void add(const Pack& pack, std::int64_t row, ExistingObjects existing);
  void add_places(const Pack& pack, std::int64_t row);  // the same without the blocks
  void forget(std::string_view sql_packs);  // a list of rows of packs, as SQL has it: "(1, 2)"

  std::optional<ObjectPlace> find(ObjectType type, const ObjectId& id);
  // Like the function of Index of the same name.
  std::vector<ObjectId> messages_beginning(std::string_view digits, std::size_t most);
  BlockPlace block(std::int64_t block);  // fails with kNotFound
  std::optional<std::int64_t> row_of(const PackName& pack, std::size_t ordinal);

  // The bytes of the objects in each pack, by its row, before compression.
  std::map<std::int64_t, std::uint64_t> bytes_by_pack();

 private:
  void add_block(const BlockEntry& block, std::int64_t row);
  void add_objects(const BlockEntry& block, std::int64_t row, std::int64_t precedence);

  Database* database_;
  base::Path file_;
  Statement add_block_;
  Statement add_object_;
  Statement add_message_;
  Statement find_object_;
  Statement find_message_;
  Statement find_block_;
};

}  // namespace store
