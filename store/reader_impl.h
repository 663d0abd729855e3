// The internals of a Reader, for drafts and the writer, which read in the same way.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/file_system.h"
#include "store/format/commit.h"
#include "store/format/layout.h"
#include "store/index/index.h"
#include "store/index/object_reader.h"
#include "store/reader.h"

namespace store {

class Reader::Impl {
 public:
  Impl(base::FileSystem& files, const Location& location, const BlockContext& opened)
      : context(opened),
        search_file(search_index_file(location)),
        index(Index::open_read_only(index_file(location), opened.store)),
        objects(files, packs_directory(location), context, index) {}

  static Reader make(base::FileSystem& files, const Location& location,
                     const BlockContext& context) {
    return Reader(std::make_unique<Impl>(files, location, context));
  }

  Root root_of(const SnapshotInfo& snapshot);

  // The lowest sequence number of the account's snapshots that is within reach.
  std::uint64_t first_within_reach(std::string_view account) const;

  BlockContext context;
  base::Path search_file;
  Index index;
  ObjectReader objects;
  std::optional<base::Reach> reach = {};      // nullopt in a writer, and for all of the history
  std::unique_ptr<base::FileLock> lock = {};  // null in a writer, which itself keeps prune out
};

}  // namespace store
