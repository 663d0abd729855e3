// Opens a store as of an earlier commit: with all that it had then, whatever was dropped since.
//
// That commit has an index of its own, in a directory below that of the store's index. It is made
// when it is first needed, and stays until reindex() removes it; its search index, if it has one,
// until a prune. Nothing is written to the store, and nothing can be written through such an index.
//
// Of a storage that keeps versions, packs and commit records are read as they were first
// (store/format/right_version.h), what was deleted included, from the opening to the end of the
// process.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/file_system.h"
#include "store/format/location.h"
#include "store/index/past_commit.h"

namespace store {

struct OpenedPast {
  PastCommit commit;
  // A line for each commit and pack that it needs and that was deleted since. Objects that other
  // packs have can still be read.
  std::vector<std::string> damage;
  Location location;  // of the store as of that commit, for Reader::open() and check()
};

// Takes the index of that commit if it exists, every pack in it is still there, and those that were
// missing are still missing; or else makes it, without a search index. A pack that could not be
// read and was put right since is noticed by reindex_past() only. Reads the ends of all packs for
// it. Fails as choose_commit() does, and like the storage.
OpenedPast open_past(const Location& location, base::FileSystem& files, const WantedCommit& wanted);

// "As of commit 41 of 2026-11-24T02:30:00+01:00 (12ab...)", and what the next one did: a line each.
std::string past_text(const PastCommit& commit);
// The same as a document, and whether everything of the commit is still there.
nlohmann::ordered_json past_json(const OpenedPast& past);
// For commands that go on with what is left, if there is damage: a line.
std::string past_warning(const OpenedPast& past);

struct PastReindexReport {
  OpenedPast opened;
  std::uint64_t packs = 0;
  std::uint64_t messages = 0;
};

// Makes the index again, with a search index.
PastReindexReport reindex_past(const Location& location, base::FileSystem& files,
                               const WantedCommit& wanted);

// Removes all indexes of earlier commits. A program that reads one can continue.
void remove_past_indexes(const Location& location);

// Removes their search indexes, which are plain text, and those of indexes that are being made or
// were not completed. What can't be removed is a warning in the log.
void remove_past_search_indexes(const Location& location);

}  // namespace store
