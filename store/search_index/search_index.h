// The search index: what people search messages for, by message. It lies beside the index, in a
// file of its own (schema/search.sql), so that its size is its own and so that losing it loses
// nothing: whatever pack it does not know is read in again (fill_search_index).
//
// One thread at a time. Fails with base::Error as store/index/sqlite.h says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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

namespace store {

// A row of the search index, as long as the index is open.
struct EnvelopeRow {
  std::int64_t row = 0;
  std::uint64_t key = 0;  // of the message: message_key()
  std::optional<std::chrono::sys_seconds> date;
};

// The first bytes of a message's id: as good as all of it for looking up, but not for proving.
std::uint64_t message_key(const ObjectId& message);

class SearchIndex {
 public:
  // Makes the file if absent, and anew if it is another store's or none that can be read: all of it
  // can be filled in again.
  static SearchIndex open(const base::Path& file, const StoreId& store);

  // Opens it beside a writer. Returns nullopt if it does not exist.
  static std::optional<SearchIndex> open_read_only(const base::Path& file);

  SearchIndex(SearchIndex&&) noexcept;
  SearchIndex& operator=(SearchIndex&&) noexcept;
  ~SearchIndex();  // what no finish() followed is given up

  // Does nothing if the message is there.
  void add(const ObjectId& message, const Envelope& envelope);

  // The same with what the message's record tells. Fails with kDamaged if it is none.
  void add_record(const ObjectId& message, base::ByteView record);

  // Makes durable what was added: the pack's messages are all in.
  void finish(const PackName& pack);

  std::vector<PackName> packs();
  void forget_packs(const std::vector<PackName>& packs);

  // Removes the messages that `lives` denies, their words too. Returns how many.
  std::uint64_t keep_only(const std::function<bool(const ObjectId& message)>& lives);

  // `words` is an expression of FTS5, made by Query; empty: every row.
  void for_each(std::string_view words, const std::function<void(const EnvelopeRow&)>& take);
  void for_each_with_message_id(std::string_view message_id,
                                const std::function<void(const EnvelopeRow&)>& take);

  std::optional<std::int64_t> find(const ObjectId& message);
  Envelope envelope(std::int64_t row);  // empty if there is no such row

  std::uint64_t bytes();

 private:
  class Impl;
  explicit SearchIndex(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What of a text is looked for by words: scripts that don't part words get a blank around every
// character, so that any run of them is found as a phrase.
std::string searchable(std::string_view text);

// Whether the search index sees a word in `text`. Asks the index's own tokenizer, which takes about
// a millisecond unless `text` has a letter or a digit of ASCII.
bool has_words(std::string_view text);

// Reads in the packs that `index` knows and `search` does not. Needs the store's lock. A damaged
// block is left out, with a line in the log.
void fill_search_index(const Location& location, base::FileSystem& files,
                       const BlockContext& context, Index& index, SearchIndex& search);

}  // namespace store
