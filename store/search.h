// Finds messages by what people know of them: who wrote, to whom, about what, when, where.
//
// Names and fields are as they came from servers and senders: escape them before printing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/format/snapshot.h"
#include "store/reader.h"
#include "store/search_index/envelope.h"
#include "store/search_index/query.h"

namespace store {

struct SearchScope {
  std::string account;
  std::optional<SnapshotInfo> snapshot = {};  // nothing: all that the account ever held
  std::size_t most = 1'000;                   // messages to answer with
  // A folder's name as people have it, for folder: and the answer.
  std::function<std::string(const SnapshotInfo&, const FolderInfo&)> shown_name;
};

// One message in one folder. One that is in two folders is found twice; one that a folder of the
// same UIDVALIDITY held under one UID in many snapshots, once.
struct FoundMessage {
  std::string account;
  std::string folder;  // shown
  std::uint32_t uid_validity = 0;
  MessageEntry entry;
  std::chrono::sys_seconds date{};  // of the Date field; if missing, INTERNALDATE
  Envelope envelope;
  SnapshotInfo snapshot;  // the newest that holds it
};

struct SearchResult {
  std::vector<FoundMessage> messages;  // by date, the newest first
  std::uint64_t total = 0;             // found; more than `messages` if there were too many
  std::vector<std::string> damage;     // what could not be looked into, a line each
};

// `reader` is used. Fails with kNotFound if there is no search index.
SearchResult search(Reader& reader, const Query& query, const SearchScope& scope);

}  // namespace store
