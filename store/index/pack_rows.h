// The tables `packs` and `condemned` of the index.
//
// One thread at a time. Fails with base::Error as store/index/sqlite.h says, and with kDamaged if
// an id has a wrong length.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "store/format/commit.h"
#include "store/format/pack.h"
#include "store/index/index.h"
#include "store/index/sqlite.h"

namespace store {

// The packs in use, as a condition on the table `packs`: those that are not condemned.
inline constexpr std::string_view kLivingPacks = " WHERE pack NOT IN (SELECT pack FROM condemned)";

class PackRows {
 public:
  explicit PackRows(Database& database);  // which must outlive it

  std::int64_t add(const Pack& pack);                    // returns its row
  void list(const PackName& pack, std::int64_t commit);  // as named by the commit of this number
  void condemn(const CondemnedPack& pack, std::int64_t commit);  // by the commit of this number
  void clear_condemned();  // in the table only, see load_condemned()
  void set_condemned_row(const PackName& pack, std::int64_t row);  // of a condemned pack

  std::optional<std::int64_t> row_of(const PackName& pack);

  // Forgets packs, but not that they are condemned. `sql_rows` is the list of their rows, as SQL
  // has it: "(1, 2)".
  void forget(std::string_view sql_rows);

  // is_condemned() answers from memory, as of the last load_condemned(): to be called after each
  // transaction that changes the table `condemned`. Before the first call no pack is condemned.
  void load_condemned();
  bool is_condemned(std::int64_t row) const { return condemned_.contains(row); }

  // Like the functions of Index of the same names.
  std::vector<PackName> packs();
  std::vector<PackName> condemned();
  std::map<PackId, PackName> ids();
  std::vector<PackName> packs_not_listed();
  std::vector<Index::CondemnedRow> condemned_rows();
  std::uint64_t newest_condemnation();
  std::uint64_t size_of(const PackName& pack);
  std::uint64_t named_by(const PackName& pack);

  // By row; `object_bytes` is left to the caller.
  std::vector<Index::PackRow> rows();

 private:
  std::vector<PackName> names(std::string_view sql);

  Database* database_;
  std::set<std::int64_t> condemned_;
  Statement add_;
  Statement list_;
  Statement condemn_;
};

}  // namespace store
