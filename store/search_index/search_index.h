// The search index: the searchable fields of messages, by message. It is stored beside the index,
// in a file of its own (schema/search.sql), so that its size can be measured and losing it costs
// nothing: any pack that it does not know is read again (fill_search_index). One thread at a time.
// Fails with base::Error as store/index/sqlite.h says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "store/format/block.h"
#include "store/format/location.h"
#include "store/format/object_id.h"
#include "store/format/pack.h"
#include "store/index/index.h"
#include "store/search_index/envelope.h"
#include "store/search_index/group_rows.h"

namespace store {

class Transaction;

// A row of the search index, valid as long as the index is open.
struct EnvelopeRow {
  std::int64_t row = 0;
  std::uint64_t key = 0;  // of the message: message_key()
  std::optional<std::chrono::sys_seconds> date;
};

// The first bytes of a message's id: sufficient to look it up, but not to prove identity.
std::uint64_t message_key(const ObjectId& message);

class SearchIndex {
 public:
  // Creates the file if it is absent, belongs to another store, has words as another version of
  // mailstow or of Unicode makes them, or can't be read: all of its content can be filled in again.
  static SearchIndex open(const base::Path& file, const StoreId& store);

  // Opens it alongside a writer. Returns nullopt if it does not exist or another version made it.
  static std::optional<SearchIndex> open_read_only(const base::Path& file);

  SearchIndex(SearchIndex&&) noexcept;
  SearchIndex& operator=(SearchIndex&&) noexcept;
  ~SearchIndex();  // discards rows added since the last finish()

  // Does nothing if the message is already there.
  void add(const ObjectId& message, const Envelope& envelope);

  // The same with the fields of a header. It comes from the sender of the mail: whatever reading it
  // throws, the message is left out, with a line in the log. Has no effect if the message is there.
  void add_header(const ObjectId& message, base::ByteView header);

  // The same with the fields from the message's record. Fails with kDamaged if it is not a record.
  void add_record(const ObjectId& message, base::ByteView record);

  // Makes the added messages durable: those of the pack are complete.
  void finish(const PackName& pack);

  std::vector<PackName> packs();
  void forget_packs(const std::vector<PackName>& packs);

  // Removes the messages for which `lives` returns false, their words, and the groups that have
  // them. Returns how many messages.
  std::uint64_t keep_only(const std::function<bool(const ObjectId& message)>& lives);

  struct KeyedMessage {
    base::Uid uid;
    std::uint64_t key = 0;  // message_key()
  };

  // Records the messages of a group of leaves, in ascending UID order, unless it is there. Leaves
  // it out if any of them is not in this index. Durable with the next finish().
  void add_group(const ObjectId& node, std::span<const KeyedMessage> messages);

  // nullopt: only the leaves can tell.
  std::optional<std::vector<KnownMessage>> find_group(const ObjectId& node);

  // Records an identity branch above groups, unless it is there. Durable with the next finish().
  void add_branch(const ObjectId& node, base::ByteView content);
  std::optional<base::Bytes> find_branch(const ObjectId& node);

  // Makes added groups and branches durable if no pack follows that does.
  void finish_groups();

  // Whether there are packs whose groups may be missing, because filling was interrupted. A change
  // is durable with the next finish() or finish_groups().
  void set_lacks_groups(bool lacks);
  bool lacks_groups();

  // Removes the groups and branches for which `lives` returns false.
  void keep_only_groups(const std::function<bool(const ObjectId& node)>& lives);

  // `words` is an FTS5 expression, made by Query; empty: every row.
  void for_each(std::string_view words, const std::function<void(const EnvelopeRow&)>& take);
  void for_each_with_message_id(std::string_view message_id,
                                const std::function<void(const EnvelopeRow&)>& take);

  // The same for rows from `first` to `last`, in ascending order, without key and date.
  void for_each_row(std::string_view words, std::int64_t first, std::int64_t last,
                    const std::function<void(std::int64_t row)>& take);

  // All rows from `first` to `last`, in ascending order.
  void for_each_between(std::int64_t first, std::int64_t last,
                        const std::function<void(const EnvelopeRow&)>& take);
  std::optional<EnvelopeRow> row(std::int64_t row);
  std::int64_t last_row();  // 0: there is no row

  // The rows of messages whose id begins with these hexadecimal digits, ascending.
  std::vector<std::int64_t> rows_beginning(std::string_view digits);

  std::optional<std::int64_t> find(const ObjectId& message);
  Envelope envelope(std::int64_t row);  // empty if there is no such row

  std::uint64_t bytes();

  // While it exists, all that is read comes from one moment. For readers; the index must outlive
  // it.
  class LookUps {
   public:
    explicit LookUps(SearchIndex& index);
    LookUps(LookUps&&) noexcept;
    ~LookUps();

   private:
    std::unique_ptr<Transaction> transaction_;
  };

 private:
  class Impl;
  explicit SearchIndex(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Indexes the packs that `index` knows and `search` does not; then, if they have leaves, the groups
// that it lacks of the snapshots whose roots are in these packs, or of all snapshots if an earlier
// filling was interrupted. Needs the store's lock. Skips damaged blocks, with a line in the log.
void fill_search_index(const Location& location, base::FileSystem& files,
                       const BlockContext& context, Index& index, SearchIndex& search);

}  // namespace store
