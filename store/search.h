// Finds messages by what people remember of them: sender, recipient, subject, date, folder.
//
// Names and fields are as servers and senders sent them: escape them before printing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mail/zoned_time.h"
#include "store/format/snapshot.h"
#include "store/reader.h"
#include "store/search_index/envelope.h"
#include "store/search_index/query.h"

namespace store {

struct SearchScope {
  std::string account;
  std::optional<SnapshotInfo> snapshot = {};  // nullopt: everything that the account ever held
  std::size_t most = 1'000;                   // messages to return at most
  std::string after = {};                     // FoundMessage::cursor; empty: from the first one on
  // The folder's name as shown to people, for folder: and for the result.
  std::function<std::string(const SnapshotInfo&, const FolderInfo&)> shown_name;
};

// One message in one folder. A message in two folders is found twice; a message that a folder of
// the same UIDVALIDITY held under one UID in many snapshots is found once.
struct FoundMessage {
  std::string account;
  std::string folder;  // shown
  std::uint32_t uid_validity = 0;
  MessageEntry entry;
  Sha256 digest;                        // of the message
  std::optional<base::ZonedTime> date;  // of the Date field, in UTC; if missing, INTERNALDATE
  Envelope envelope;
  SnapshotInfo snapshot;  // the newest that contains it
  // Names it among all that the query finds, as long as the account's snapshots hold it, in letters
  // that need no quotes.
  std::string cursor;
};

struct SearchResult {
  std::vector<FoundMessage> messages;  // by date, newest first
  // Number found, on all pages. Those on other pages may be unreadable: the page that they are on
  // reports that, and does not count them.
  std::uint64_t total = 0;
  bool has_more = false;  // after the last of `messages`
  // Messages found although the query names a time and their date is unknown.
  std::uint64_t undated = 0;
  std::vector<std::string> damage;  // data that could not be searched, one line each
};

// Searches through `reader`. However many are found, only those that are returned are described.
// Fails with kNotFound if there is no search index, or nothing found has the cursor `after`.
SearchResult search(Reader& reader, const Query& query, const SearchScope& scope);

// Senders, subjects and so on of single messages, for listings that go through a folder themselves.
class Envelopes {
 public:
  explicit Envelopes(Reader& reader);
  Envelopes(Envelopes&&) noexcept;
  ~Envelopes();

  // False if there is no search index of this version.
  bool are_known() const;

  Envelope of(const MessageId& message);  // empty if nothing is known of it

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
