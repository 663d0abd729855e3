// The lists of what mailstow restored, and may therefore delete: a small sealed record for each
// tree, in the area trees/ of the store's storage, written without the store's lock. Each state of
// a record is a version of its own, and the newest counts.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/mail/uid.h"
#include "base/mail/zoned_time.h"
#include "store/format/location.h"
#include "store/format/object_id.h"

namespace store {

// A message that mailstow appended. A sweep treats a UID as its own only if size and date agree.
struct TreeMessage {
  base::Uid uid;
  std::uint64_t size = 0;  // bytes, as the server reported after APPEND
  std::chrono::sys_seconds internal_date{};
  MessageId message;
  bool operator==(const TreeMessage&) const = default;
};

// Distinguishes a level of a tree from another folder of the same name.
struct LevelIdentity {
  std::uint32_t uid_validity = 0;  // 0: a \Noselect level, created only as a parent of others
  std::string mailbox_id;          // empty: the server reported none
  bool is_parent_only() const { return uid_validity == 0; }
  bool operator==(const LevelIdentity&) const = default;
};

enum class LevelState {
  kIntended,  // written before CREATE: the folder may or may not be mailstow's
  kCreated,   // mailstow created it and knows its identity
  kNotOurs,   // it existed before, is now someone else's, or could not be created: never touched
};

// One folder of a tree.
struct TreeLevel {
  std::string raw_name;
  LevelState state = LevelState::kIntended;
  std::optional<LevelIdentity> identity;  // set if kCreated
  std::vector<TreeMessage> messages;
  bool operator==(const TreeLevel&) const = default;
};

enum class TreeState {
  kRestoring,  // a run is working on it, or died
  kComplete,
  kIncomplete,  // the run ended before everything was restored
};

inline constexpr std::uint64_t kMaxTreeRecord = std::uint64_t{256} << 20;  // bytes, encoded

struct TreeRecord {
  std::string id;         // 32 hex digits, random: the blob's key begins with it
  std::string account;    // the account whose mailbox contains it
  std::string server;     // the configured server that this was on
  std::string user = {};  // the account's name on that server; empty: written by an older version
  std::string host = {};  // the machine that made it (store/host_id.h); empty: an older version did
  std::string name;       // as shown: RESTORED/20261124T023000
  std::string raw_name;   // its top level, above every other level
  char delimiter = 0;
  TreeState state = TreeState::kRestoring;
  std::chrono::sys_seconds created{};
  std::chrono::sys_seconds expires{};
  ObjectId snapshot;              // the source of the restore
  std::string request = {};       // the request, in a form that only restore/ reads
  std::vector<TreeLevel> levels;  // parents before children
  bool operator==(const TreeRecord&) const = default;

  // Null if there is no such level. INBOX as its first level may be written in any case: earlier
  // versions recorded it as restore.tree had it.
  TreeLevel* level(std::string_view raw_name);
  const TreeLevel* level(std::string_view raw_name) const;
};

// A record's plain bytes (docs/pack-format.md, "Tree record"). Encoding fails with Unstorable,
// decoding with kDamaged. Decoding accepts records without a user or a host too.
base::Bytes encode_tree_record(const TreeRecord& record);
TreeRecord decode_tree_record(base::ByteView bytes);

class TreeRecords {
 public:
  // Fails with kKey, kNotFound. Takes no lock. `clock` dates what is put, and must outlive this.
  static TreeRecords open(const Location& location, base::FileSystem& files,
                          const base::Clock& clock = base::system_clock());
  TreeRecords(TreeRecords&&) noexcept;
  TreeRecords& operator=(TreeRecords&&) noexcept;
  ~TreeRecords();

  static std::string new_id();

  // If a record is older than the last one that was put, which the index's directory remembers, the
  // later of the two expiries counts.
  //
  // If the newest version is damaged, the one before it is listed with that expiry. Where the
  // index's directory remembers no expiry, the tree is only listed as damaged: a damaged version
  // may have moved it to later, and no tree may be deleted early.
  struct Listing {
    std::vector<TreeRecord> records;  // by time of creation
    // When each was put, by id, if its version of mailstow noted that.
    std::map<std::string, std::chrono::sys_seconds> written;
    std::vector<std::string> outdated;       // a line for each older record that was put back
    std::vector<std::string> outdated_ids;   // the ids of these records
    std::vector<std::string> damaged;        // blobs that could not be read, with the reason
    std::vector<std::string> damaged_files;  // their keys in trees/, without those of a newer
                                             // version of mailstow
  };
  Listing list() const;

  // The current record, as in list(); nullopt if it does not exist. Fails with kDamaged where
  // list() has the tree only as damaged, and kConfig if a newer version of mailstow put it.
  std::optional<TreeRecord> find(const std::string& id) const;

  // Puts the next version of the record with this id, and then removes the earlier ones, which may
  // fail without harm. Durable when it returns. One process at a time may put records of a tree.
  //
  // Where listings may be late, as in a bucket, each request takes a round trip. There a process
  // that has put the newest version less than an hour ago looks for no other, unless the note
  // beside the index shows that another process has put one; and of a record that says restoring,
  // it leaves up to seven earlier versions to a later put().
  void put(const TreeRecord& record);

  // For an id that new_id() has just returned: it has no version that the first put() could find.
  void begin(const std::string& id);

  // The same as put(), unless this process put a record of the tree within the last ten seconds:
  // for changes that a crash may lose, in a process that calls put() when its work ends.
  void put_if_due(const TreeRecord& record);

  // Removes all versions, for use after the tree was deleted. Returns false if it did not exist.
  bool remove(const std::string& id);

 private:
  class Impl;
  explicit TreeRecords(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
