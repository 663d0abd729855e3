// Extensions of a store: those that this mailstow does not know survive everything that rewrites
// commits or the index, and forbid what they say.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/index/index.h"
#include "store/index/sqlite.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/check.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "store/maintenance/repair.h"
#include "store/write_session.h"
#include "tests/expect_error.h"
#include "tests/store/change_byte.h"
#include "tests/store/store_fixture.h"
#include "tests/text_of.h"

namespace store {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace fs = std::filesystem;

// An extension whose tag only a later version knows.
Extension unknown_extension(const std::string& name, Forbids forbids,
                            const std::string& content = std::string("\0\xff", 2)) {
  return {.tag = 4'711, .name = name, .forbids = forbids, .content = content};
}

TEST(ExtensionTest, TheLaterOneOfANameCountsAndAnEmptyOneEndsIt) {
  const Extension first = unknown_extension("a", Forbids::kNothing, "1");
  const Extension second = unknown_extension("a", Forbids::kDropping, "2");
  const Extension other = unknown_extension("b", Forbids::kNothing, "3");
  const Extension end = unknown_extension("a", Forbids::kNothing, "");
  const std::vector<Extension> both{second, other};
  EXPECT_EQ(merged(std::vector{first}, both), both);
  EXPECT_EQ(merged(both, std::vector{first}), (std::vector{first, other}));
  EXPECT_EQ(merged(both, std::vector{end}), std::vector{other});
  Extension kind = other;
  kind.tag = 4'710;
  EXPECT_EQ(merged(both, std::vector{kind}), (std::vector{kind, second, other})) << "by tag, name";
}

TEST(ExtensionTest, AStoreWithoutAFormatHasTheFirst) {
  EXPECT_EQ(format_of({}), 1U);
  EXPECT_EQ(format_of(std::vector{format_extension()}), kStoreFormat);
  EXPECT_EQ(format_of(std::vector{unknown_extension("a", Forbids::kNothing),
                                  format_extension(1'000'000)}),
            1'000'000U);
  Extension broken = format_extension();
  broken.content += "x";
  EXPECT_ERROR(kDamaged, "the store's format", format_of(std::vector{broken}));
}

TEST(ExtensionTest, EachUseIncludesThoseBeforeIt) {
  const std::vector<Forbids> uses{Forbids::kDropping, Forbids::kWriting, Forbids::kReading};
  for (const Forbids forbids : uses) {
    const std::vector extensions{format_extension(), unknown_extension("a", forbids)};
    for (const Forbids use : uses) {
      if (use > forbids) {
        EXPECT_NO_THROW(require_allowed(extensions, use, "open it"));
      } else {
        EXPECT_ERROR(kConfig,
                     "open it: a newer version of mailstow wrote to this store: update mailstow",
                     require_allowed(extensions, use, "open it"));
      }
    }
  }
  for (const Forbids use : uses) {
    EXPECT_NO_THROW(
        require_allowed(std::vector{unknown_extension("a", Forbids::kNothing)}, use, ""));
    EXPECT_ERROR(kConfig, "a newer version of mailstow",
                 require_allowed(std::vector{format_extension(kStoreFormat + 1)}, use, ""));
  }
}

class ExtensionsTest : public StoreFixture {
 protected:
  ExtensionsTest() {
    make_store();
    back_up("alice", 0);
    dropped_ = back_up("alice", 3);
    back_up("alice", 6);
  }

  SnapshotInfo back_up(const std::string& account, unsigned first) {
    return back_up_at(next_ += std::chrono::hours(1), account, samples(first, 3));
  }

  // As a later version does.
  void set(const Extension& extension) {
    WriteSession session(location_, files_, clock_, Effort::kFast);
    Commit commit;
    commit.extensions = {extension};
    session.commit({commit});
  }

  std::vector<Extension> extensions() {
    return Index::open_read_only(index_file(location_), open_keys(location_, files_).store)
        .extensions();
  }

  void prune_all(std::set<ObjectId> drop = {}) {
    PruneOptions options;
    options.drop = std::move(drop);
    options.grace = std::chrono::hours(0);
    options.limits.dead_percent = 0;
    prune(location_, files_, clock_, options);
  }

  void lose_index() {
    fs::remove_all(location_.index);
    EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  }

  void expect_intact() { EXPECT_THAT(check(location_, files_, {}).damage, IsEmpty()); }

  std::map<base::Path, std::string> everything() {
    std::map<base::Path, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(location_.store)) {
      if (entry.path().parent_path() == readers_directory(location_)) continue;
      if (entry.is_regular_file()) all[entry.path()] = tests::text_of(entry.path());
    }
    return all;
  }

  SnapshotInfo dropped_;

 private:
  std::chrono::sys_seconds next_{std::chrono::seconds(1'700'000'000)};
};

TEST_F(ExtensionsTest, ANewStoreHasItsFormatFromTheFirstCommitOn) {
  const auto expect_format = [&] {
    EXPECT_THAT(extensions(), ElementsAre(format_extension()));
    expect_intact();
  };
  expect_format();
  lose_index();
  expect_format();
  prune_all({dropped_.id});
  expect_format();
  lose_index();
  expect_format();
}

TEST_F(ExtensionsTest, UnknownOnesSurviveAllThatRewritesCommitsOrTheIndex) {
  const Extension kept = unknown_extension("kept", Forbids::kNothing);
  const Extension earlier = unknown_extension("changed", Forbids::kNothing, "earlier");
  const Extension changed = unknown_extension("changed", Forbids::kNothing, "later");
  set(kept);
  set(earlier);
  set(unknown_extension("ended", Forbids::kNothing));
  set(changed);
  set(unknown_extension("ended", Forbids::kNothing, ""));
  const auto expect_both = [&](const std::string& after) {
    SCOPED_TRACE(after);
    EXPECT_THAT(extensions(), ElementsAre(format_extension(), changed, kept));
    expect_intact();
  };
  expect_both("its commit");
  lose_index();
  expect_both("a reindex");
  back_up("bob", 10);
  expect_both("a backup");
  prune_all({dropped_.id});
  expect_both("a prune");
  prune_all();
  lose_index();
  expect_both("another prune and a reindex");
  drop_snapshots(location_, files_, clock_, {open_reader().snapshots("bob").front().id});
  expect_both("a forgotten account");
}

// A repair writes a checkpoint without the commits that it can't read.
TEST_F(ExtensionsTest, UnknownOnesSurviveARepair) {
  constexpr std::uint64_t kInAPack = 100;
  const Extension kept = unknown_extension("kept", Forbids::kNothing);
  const std::vector<base::Path> before = packs();
  set(kept);
  for (const base::Path& pack : packs()) {
    if (std::ranges::find(before, pack) == before.end()) tests::change_byte(pack, kInAPack);
  }
  EXPECT_FALSE(check(location_, files_, {.depth = CheckDepth::kReadData}).is_intact());
  EXPECT_TRUE(repair(location_, files_, clock_).after.is_intact());
  EXPECT_THAT(extensions(), ElementsAre(format_extension(), kept));
  lose_index();
  EXPECT_THAT(extensions(), ElementsAre(format_extension(), kept));
}

TEST_F(ExtensionsTest, AnIndexWithOthersThanTheCommitsIsReportedAndMended) {
  const Extension kept = unknown_extension("kept", Forbids::kNothing);
  set(kept);
  const std::vector<std::string> changes{
      "DELETE FROM extensions WHERE tag = 4711",
      "UPDATE extensions SET content = x'01' WHERE tag = 4711",
      "UPDATE extensions SET name = x'01' WHERE tag = 4711",
      "INSERT INTO extensions VALUES (4712, x'', 0, x'01')",
  };
  for (const std::string& change : changes) {
    for (const bool is_repaired : {false, true}) {
      SCOPED_TRACE(change + (is_repaired ? ", repair" : ", reindex"));
      Database::open_or_create(index_file(location_)).run(change);
      const CheckReport found = check(location_, files_, {});
      EXPECT_THAT(found.damage, ElementsAre(HasSubstr("the index's extensions are not those")));
      EXPECT_TRUE(found.is_index_wrong);
      if (is_repaired) {
        EXPECT_TRUE(repair(location_, files_, clock_).after.is_intact());
      } else {
        EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
      }
      EXPECT_THAT(extensions(), ElementsAre(format_extension(), kept));
      expect_intact();
    }
  }
}

// Commits that can't be read may have what the index has.
TEST_F(ExtensionsTest, AnIndexThatKnowsMoreThanCommitsThatAreLostIsNotWrong) {
  const std::vector<base::Path> before = packs();
  set(unknown_extension("kept", Forbids::kNothing));
  for (const base::Path& pack : packs()) {
    if (std::ranges::find(before, pack) == before.end()) fs::remove(pack);
  }
  const CheckReport report = check(location_, files_, {});
  EXPECT_THAT(report.damage, Contains(HasSubstr("it is missing")));
  EXPECT_THAT(report.damage, Not(Contains(HasSubstr("extensions"))));
  EXPECT_FALSE(report.is_index_wrong);
}

TEST_F(ExtensionsTest, OneThatForbidsDroppingAllowsBackups) {
  set(unknown_extension("a hold", Forbids::kDropping));
  back_up("bob", 10);
  const auto before = everything();
  EXPECT_ERROR(kConfig, "a newer version of mailstow wrote to this store", prune_all());
  EXPECT_ERROR(kConfig, "a newer version of mailstow wrote to this store",
               prune(location_, files_, clock_, {.mode = PruneMode::kPlan}));
  EXPECT_ERROR(kConfig, "a newer version of mailstow wrote to this store",
               drop_snapshots(location_, files_, clock_, {dropped_.id}));
  EXPECT_ERROR(kConfig, "a newer version of mailstow wrote to this store",
               repair(location_, files_, clock_));
  EXPECT_EQ(before, everything());
  lose_index();
  EXPECT_ERROR(kConfig, "a newer version of mailstow wrote to this store", prune_all());
  Reader reader = open_reader();
  EXPECT_EQ(samples(10, 3), restore(reader, "bob", "INBOX"));
}

TEST_F(ExtensionsTest, OneThatForbidsWritingAllowsReaders) {
  set(unknown_extension("a tenant", Forbids::kWriting));
  const auto before = everything();
  EXPECT_ERROR(kConfig, "a newer version of mailstow wrote to this store", open_writer());
  EXPECT_ERROR(kConfig, "a newer version of mailstow wrote to this store", prune_all());
  EXPECT_ERROR(kConfig, "a newer version of mailstow wrote to this store",
               repair(location_, files_, clock_));
  expect_intact();
  lose_index();
  EXPECT_ERROR(kConfig, "a newer version of mailstow wrote to this store", open_writer());
  EXPECT_EQ(before, everything());
  Reader reader = open_reader();
  EXPECT_EQ(samples(6, 3), restore(reader, "alice", "INBOX"));
}

TEST_F(ExtensionsTest, NothingOpensAStoreThatIsForbiddenOrOfANewerFormat) {
  const std::vector<Extension> all{unknown_extension("a key", Forbids::kReading),
                                   format_extension(kStoreFormat + 1)};
  const base::Path copy = directory_ / "copy";
  fs::copy(location_.store, copy, fs::copy_options::recursive);
  for (const Extension& extension : all) {
    location_.store = directory_ / ("forbidden by " + std::to_string(extension.tag));
    fs::copy(copy, location_.store, fs::copy_options::recursive);
    fs::remove_all(location_.index);
    for (const auto& entry : fs::directory_iterator(location_.key_file.parent_path())) {
      if (entry.path().string().ends_with(".commit")) fs::remove(entry.path());
    }
    EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
    set(extension);
    const auto before = everything();
    for (const bool is_index_lost : {false, true}) {
      SCOPED_TRACE(is_index_lost);
      if (is_index_lost) fs::remove_all(location_.index);
      EXPECT_ERROR(kConfig, "a newer version of mailstow wrote to this store",
                   reindex(location_, files_));
      EXPECT_EQ(!is_index_lost, fs::exists(index_file(location_)));
      // It adds the extension to the index, where the others find it.
      EXPECT_ERROR(kConfig, "a newer version of mailstow wrote to this store", open_writer());
      EXPECT_ERROR(kConfig, "a newer version of mailstow wrote to this store", open_reader());
      EXPECT_ERROR(kConfig, "a newer version of mailstow wrote to this store", prune_all());
      EXPECT_ERROR(kConfig, "a newer version of mailstow wrote to this store",
                   check(location_, files_, {}));
      EXPECT_ERROR(kConfig, "a newer version of mailstow wrote to this store",
                   repair(location_, files_, clock_));
      EXPECT_EQ(before, everything());
    }
  }
}

}  // namespace
}  // namespace store
