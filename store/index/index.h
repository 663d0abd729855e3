// The SQLite index: where every object lies, and which snapshots there are. All of it can be
// rebuilt from the packs; it is plain text.
//
// One thread at a time. Fails with base::Error as store/index/sqlite.h says.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "store/format/commit.h"
#include "store/format/pack.h"
#include "store/format/snapshot.h"
#include "store/index/commit_mark.h"

namespace store {

class Transaction;

struct ObjectPlace {
  std::int64_t block = 0;  // ascending as blocks lie in the store
  std::uint32_t start = 0;
  std::uint32_t length = 0;
};

struct BlockPlace {
  PackName pack;
  PackId pack_id{};
  Stream stream = Stream::kRecords;
  std::uint32_t ordinal = 0;
  std::uint64_t place = 0;
  std::uint32_t plain_length = 0;
  std::uint32_t sealed_length = 0;
};

// Where objects lie that another pack has already: still there, or in the pack that is added.
enum class Places { kKept, kMoved };

class Index {
 public:
  // Makes the file and its folder if absent. Fails with kConfig if it is another store's.
  static Index open(const base::Path& file, const StoreId& store);

  // Beside a writer. Fails with kNotFound if there is no index, kConfig.
  static Index open_read_only(const base::Path& file, const StoreId& store);

  Index(Index&&) noexcept;
  Index& operator=(Index&&) noexcept;
  ~Index();

  // In one transaction. `keys` name the snapshots.
  void add(const Pack& pack, std::span<const std::pair<ObjectId, Commit>> commits, const Keys& keys,
           Places places = Places::kKept);

  // Forgets everything: what was added is to be added again.
  void clear();

  // Forgets condemned packs (as PackRow::row has them) whose files are gone, and what lay in them
  // alone.
  void remove(std::span<const std::int64_t> packs);

  std::vector<PackName> packs();  // without condemned ones
  std::vector<PackName> condemned();
  std::vector<PackName> packs_not_listed();  // that no commit names yet
  CommitMark highest_commit();
  std::optional<ObjectId> commit_id(std::uint64_t number);
  std::vector<ObjectId> commits();      // from the last checkpoint on
  std::uint64_t newest_condemnation();  // the number of its commit; 0: nothing is condemned

  struct PackRow {
    std::int64_t row = 0;  // ascending by age; ObjectPlace::block / kMaxBlocks
    PackName name;
    std::uint64_t size = 0;
    Effort effort = Effort::kFast;
    std::uint64_t object_bytes = 0;  // of what is known to lie there, before compression
  };
  std::vector<PackRow> pack_rows();  // with condemned ones that something is known of

  struct CondemnedRow {
    CondemnedPack condemned;
    std::uint64_t number = 0;  // of the last commit that says so
    std::int64_t row = 0;      // 0: nothing is known of the pack
  };
  std::vector<CondemnedRow> condemned_rows();

  // For readers: what lies in a condemned pack is there until its file goes.
  std::optional<ObjectPlace> find(ObjectType type, const ObjectId& id);

  // For writers: what lies in a condemned pack is as good as gone.
  std::optional<ObjectPlace> find_uncondemned(ObjectType type, const ObjectId& id);

  BlockPlace block(std::int64_t block);  // fails with kNotFound

  // For looking at all there is.
  std::optional<std::int64_t> row_of(const PackName& pack, std::size_t ordinal);
  std::uint64_t size_of(const PackName& pack);  // 0 if it is not known
  std::vector<std::string> integrity();         // what SQLite finds wrong with its file

  std::vector<std::string> accounts();
  std::vector<SnapshotInfo> snapshots(std::string_view account);
  std::vector<SnapshotLine> lines(std::string_view account);  // the same, as a commit has them
  std::optional<SnapshotInfo> newest_backup(std::string_view account, std::int64_t not_after);
  std::optional<ObjectId> root_of(const ObjectId& snapshot);

  struct Totals {
    std::uint64_t packs = 0;
    std::uint64_t pack_bytes = 0;
    std::uint64_t index_bytes = 0;
    std::uint64_t messages = 0;
    std::uint64_t message_bytes = 0;
  };
  Totals totals();

  // While it lives, all that is read is of one moment, whatever a writer does meanwhile. Nothing
  // can be written through this index then. The index must outlive it.
  class Moment {
   public:
    explicit Moment(Index& index);
    Moment(Moment&&) noexcept;
    ~Moment();

   private:
    std::unique_ptr<Transaction> transaction_;
  };

 private:
  class Impl;
  explicit Index(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
