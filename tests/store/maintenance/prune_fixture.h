// A store that is backed up and pruned, with a clock that the test controls.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "tests/store/store_fixture.h"

namespace store {

class PruneFixture : public StoreFixture {
 protected:
  explicit PruneFixture(tests::HeldBy held_by = tests::HeldBy::kDirectory) : StoreFixture(held_by) {
    make_store();
  }

  SnapshotInfo back_up(const std::string& account, unsigned first, unsigned count) {
    Writer writer = open_writer();
    SnapshotInfo snapshot =
        add_snapshot(writer, account, {add_folder(writer, "INBOX", samples(first, count))});
    writer.commit();
    return snapshot;
  }

  PruneReport prune(const std::set<ObjectId>& drop = {},
                    std::chrono::seconds grace = std::chrono::hours(24)) {
    return store::prune(location_, files_, clock_, {.drop = drop, .grace = grace});
  }

  std::vector<std::string> restored(const std::string& account) {
    Reader reader = open_reader();
    return restore(reader, account, "INBOX");
  }

  void expect_intact() {
    const CheckReport report =
        check(location_, files_,
              {.depth = CheckDepth::kReadData, .threads = 1, .skip = {}, .progress = {}});
    EXPECT_THAT(report.damage, testing::IsEmpty());
    EXPECT_THAT(report.damaged_messages, testing::IsEmpty());
  }

  std::uint64_t stored_bytes() {
    Reader reader = open_reader();
    return reader.size().pack_bytes;
  }

  void pass(std::chrono::seconds time) { clock_.moment += time; }
};

}  // namespace store
