// The SQLite index: the place of every object, and the list of snapshots. All of it can be rebuilt
// from the packs; it is plain text.
//
// One thread at a time. Fails with base::Error as store/index/sqlite.h says.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
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
#include "store/index/index_file.h"

namespace store {

class Transaction;

// Blocks are numbered through all packs: each pack has kMaxBlocks numbers.
inline std::int64_t block_row(std::int64_t pack_row, std::size_t ordinal) {
  return pack_row * static_cast<std::int64_t>(kMaxBlocks) + static_cast<std::int64_t>(ordinal);
}
inline std::int64_t pack_of(std::int64_t block) {
  return block / static_cast<std::int64_t>(kMaxBlocks);
}
inline std::uint32_t ordinal_of(std::int64_t block) {
  return static_cast<std::uint32_t>(block % static_cast<std::int64_t>(kMaxBlocks));
}

struct ObjectPlace {
  std::int64_t block = 0;  // ascending in the order of the store's blocks
  std::uint32_t start = 0;
  std::uint32_t length = 0;
};

struct BlockPlace {
  PackName pack;
  PackId pack_id{};
  Stream stream = Stream::kRecords;
  std::uint32_t ordinal = 0;
  std::uint64_t offset = 0;  // in bytes, of the block's header in the pack
  std::uint32_t plain_length = 0;
  std::uint32_t sealed_length = 0;

  // The header that the block must have.
  BlockHeader header() const;
};

// What becomes of the place of an object that another pack already has: it stays unless the pack
// being added is of more effort, it moves to the pack being added, or it stays in any case.
enum class ExistingObjects { kKeepPlace, kMove, kNeverMove };

class Index {
 public:
  // Creates the file and its directory if absent, and converts an index of an older version.
  // Fails with kConfig if it belongs to another store, a newer version made it, or it has the other
  // use.
  static Index open(const base::Path& file, const StoreId& store,
                    IndexUse use = IndexUse::kWriters);

  // For use alongside a writer. An older index is read as it is. Fails with kNotFound if
  // there is no index, kConfig also if an extension of the store forbids reading it. `use`: kPast,
  // or any other.
  static Index open_read_only(const base::Path& file, const StoreId& store,
                              IndexUse use = IndexUse::kWriters);

  Index(Index&&) noexcept;
  Index& operator=(Index&&) noexcept;
  ~Index();

  // In one transaction. `keys` compute the snapshots' ids.
  void add(const Pack& pack, std::span<const std::pair<ObjectId, Commit>> commits, const Keys& keys,
           ExistingObjects existing = ExistingObjects::kKeepPlace);

  // Of a commit that lost a fork: its snapshots without these, and its pins, but nothing else that
  // it says. To be called when all other commits are added. In one transaction.
  void add_snapshots(const Commit& commit, const Keys& keys, const std::set<ObjectId>& without);

  // Those of these extensions of commits that lost a fork that the others lack. The same.
  void add_extensions(std::span<const Extension> losing);

  // Adds a pack that the last checkpoint or a later commit condemns, for those of its objects that
  // no other pack has. Does nothing with other packs, and if the pack is known. A checkpoint that
  // leaves the pack out makes the index forget it. In one transaction.
  void add_condemned(const Pack& pack);

  // For packs that are missing: forgets them, and the objects that only they had, in one
  // transaction. What their commits say stays.
  void forget(const std::set<PackName>& packs);

  // Gives those objects of a known pack a place in it that have none. Does nothing if the pack is
  // unknown.
  void add_places(const Pack& pack);

  // Adds a pack that was forgotten so, and whose commits the index still has. In one transaction.
  void add_again(const Pack& pack, std::span<const std::pair<ObjectId, Commit>> commits);

  // Numbers the snapshots of commits that have no sequence, by time and place: below those that
  // have one. To be called when all known packs are added.
  void number_snapshots();

  // Writes a copy of the index to a file that does not exist yet; creates its directory if absent.
  void copy_to(const base::Path& copy);

  // Forgets everything but sequences: all packs must be added again.
  void clear();

  // Forgets condemned packs (by PackRow::row) whose files are gone, and the objects that only they
  // had.
  void remove(std::span<const std::int64_t> packs);

  std::vector<PackName> packs();  // oldest first, without condemned ones
  std::vector<PackName> condemned();
  std::map<PackId, PackName> pack_ids();     // with condemned ones
  std::vector<PackName> packs_not_listed();  // not yet named by any commit
  CommitMark highest_commit();
  std::optional<ObjectId> commit_id(std::uint64_t number);
  std::vector<ObjectId> commits();  // from the last checkpoint on
  std::uint64_t oldest_commit();    // its number; 0: no commit
  bool has_lost_commits();          // whether some are in packs that forget() forgot

  struct CommitRow {
    std::uint64_t number = 0;
    ObjectId id;
    ObjectId previous;
    PackName pack;
  };
  std::vector<CommitRow> commit_rows();     // in the order of their numbers
  std::vector<CommitRow> newest_commits();  // those in the pack of the highest one

  // The number of the last commit that condemned a pack; 0: none.
  std::uint64_t newest_condemnation();

  struct PackRow {
    std::int64_t row = 0;  // ascending by age; pack_of(ObjectPlace::block)
    PackName name;
    std::uint64_t size = 0;
    Effort effort = Effort::kFast;
    std::uint64_t object_bytes = 0;  // of the objects known to be in it, before compression
  };
  std::vector<PackRow> pack_rows();  // including condemned ones of which something is known

  struct CondemnedRow {
    CondemnedPack condemned;
    std::uint64_t number = 0;  // of the last commit that condemns it
    std::int64_t row = 0;      // 0: nothing is known of the pack
  };
  std::vector<CondemnedRow> condemned_rows();

  // For readers: an object in a condemned pack exists until that pack's file is deleted.
  std::optional<ObjectPlace> find(ObjectType type, const ObjectId& id);

  // The ids of the messages, of all accounts, whose first hexadecimal digits these are; at most
  // `most` of them. `digits`: at most those of a whole id, lower case.
  std::vector<ObjectId> messages_beginning(std::string_view digits, std::size_t most);

  // For writers: an object in a condemned pack counts as not stored.
  std::optional<ObjectPlace> find_uncondemned(ObjectType type, const ObjectId& id);

  BlockPlace block(std::int64_t block);  // fails with kNotFound

  // For going through everything.
  std::optional<std::int64_t> row_of(const PackName& pack, std::size_t ordinal);
  std::uint64_t size_of(const PackName& pack);  // 0 if unknown
  // The number of the last commit that names the pack; 0: none does, or the pack is unknown.
  std::uint64_t named_by(const PackName& pack);
  struct PackCount {
    std::uint64_t all = 0;
    std::uint64_t named = 0;
  };
  // Of the packs that are not condemned, those that commits after this one name, or none does yet.
  PackCount packs_named_after(std::uint64_t number);
  std::vector<std::string> integrity();  // the faults that SQLite finds in its file

  std::vector<std::string> accounts();
  // In the order of their sequence. Here and below, `first` is the lowest sequence that counts.
  std::vector<SnapshotInfo> snapshots(std::string_view account, std::uint64_t first = 0);
  std::vector<SnapshotLine> lines(std::string_view account);  // all of them, as in a commit
  std::uint64_t highest_sequence(std::string_view account);   // 0: it has no snapshot
  std::uint64_t used_up();  // the highest Commit::used_up, clear() or not
  // The highest sequence of snapshots that were forgotten with their packs, clear() or not. The
  // packs may be put back.
  std::uint64_t highest_lost_sequence();
  void note_lost_sequence(std::uint64_t sequence);
  // What a new snapshot of the account gets. It never had it before.
  std::uint64_t next_sequence(std::string_view account);
  // By sequence.
  std::optional<SnapshotInfo> newest_backup(std::string_view account, std::uint64_t first = 0);
  // The one with the greatest time not after `time`; of equal times, with the highest sequence.
  std::optional<SnapshotInfo> backup_at(std::string_view account, std::chrono::sys_seconds time,
                                        std::uint64_t first = 0);
  std::vector<Pin> pins();  // of all accounts
  std::vector<Extension> extensions();
  std::optional<ObjectId> root_of(const ObjectId& snapshot);

  // The description of its commit that an index of the past keeps
  // (store/maintenance/past_index.h). Empty: it was not completed.
  std::string past();
  void set_past(std::string_view text);

  struct Totals {
    std::uint64_t packs = 0;
    std::uint64_t pack_bytes = 0;
    std::uint64_t index_bytes = 0;
    std::uint64_t messages = 0;
    std::uint64_t message_bytes = 0;
  };
  Totals totals();

  // While it exists, everything read comes from one moment, whatever a writer does meanwhile, and
  // nothing can be written through this index. The index must outlive it.
  class Moment {
   public:
    explicit Moment(Index& index);
    Moment(Moment&&) noexcept;
    ~Moment();

   private:
    std::unique_ptr<Transaction> transaction_;
  };

  // While it exists, look-ups share one read transaction: one of its own for each takes longer than
  // the look-up. For a walk over many objects. Nothing can be written through this index meanwhile.
  // The index must outlive it.
  class LookUps {
   public:
    explicit LookUps(Index& index);
    LookUps(const LookUps&) = delete;
    LookUps& operator=(const LookUps&) = delete;
    ~LookUps();

   private:
    Index& index_;
  };

  // Lets the look-ups that share a transaction see what has been written since it began.
  void see_newest();

  // All changes until commit() appear together, or not at all; nothing else can change the index
  // meanwhile. After changes that were not committed, the index must be opened again.
  class Update {
   public:
    explicit Update(Index& index);
    Update(Update&&) noexcept;
    ~Update();
    void commit();

   private:
    std::unique_ptr<Transaction> transaction_;
  };

 private:
  class Impl;
  explicit Index(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
