// A store with snapshots of several accounts, whose sequence numbers are the subject.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/maintenance/check.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "tests/store/older_store.h"
#include "tests/store/store_fixture.h"

namespace store {

class SequenceTest : public StoreFixture {
 protected:
  static constexpr std::chrono::sys_seconds kMonday{std::chrono::seconds(1'700'000'000)};
  static constexpr std::chrono::days kDay{1};

  SequenceTest() { make_store(); }

  SnapshotInfo back_up(const std::string& account, std::chrono::sys_seconds time,
                       SnapshotKind kind = SnapshotKind::kBackup) {
    return back_up_at(time, account, samples(next_message_++, 2), kind);
  }

  std::vector<std::uint64_t> sequences(const std::string& account) {
    std::vector<std::uint64_t> all;
    for (const SnapshotInfo& info : open_reader().snapshots(account)) all.push_back(info.sequence);
    return all;
  }

  std::vector<std::chrono::sys_seconds> times(const std::string& account) {
    std::vector<std::chrono::sys_seconds> all;
    for (const SnapshotInfo& info : open_reader().snapshots(account)) all.push_back(info.time);
    return all;
  }

  SnapshotInfo newest(const std::string& account) {
    return open_reader().newest_snapshot(account).value();
  }

  void prune_all(std::set<ObjectId> drop = {}) {
    PruneOptions options;
    options.drop = std::move(drop);
    options.limits.dead_percent = 0;
    prune(location_, files_, clock_, options);
  }

  void lose_index() {
    std::filesystem::remove_all(location_.index);
    EXPECT_THAT(reindex(location_, files_).damage, testing::IsEmpty());
  }

  // As after the machine is lost: the store's files are copied, the index is not.
  void go_on_with_a_copy() {
    const base::Path copy = directory_ / ("copy" + std::to_string(++copies_));
    std::filesystem::copy(location_.store, copy, std::filesystem::copy_options::recursive);
    location_.store = copy;
    lose_index();
  }

  void forget(const std::string& account) {
    drop_snapshots(location_, files_, clock_, ids_of(account));
    EXPECT_THAT(sequences(account), testing::IsEmpty());
  }

  std::set<ObjectId> ids_of(const std::string& account) {
    std::set<ObjectId> ids;
    for (const SnapshotInfo& info : open_reader().snapshots(account)) ids.insert(info.id);
    return ids;
  }

  void expect_intact() { EXPECT_THAT(check(location_, files_, {}).damage, testing::IsEmpty()); }

  void forget_sequences() { store::forget_sequences(location_, files_, clock_); }

 private:
  unsigned next_message_ = 0;
  unsigned copies_ = 0;
};

}  // namespace store
