// The requests that the commands make of a store in a bucket, and how they grow, compared with the
// table "Requests in a bucket" of docs/benchmarks.md. After a change, this prints the rows as they
// are now.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/copies/copy_place.h"
#include "store/copies/copy_prune.h"
#include "store/copies/copying.h"
#include "store/fence.h"
#include "store/history.h"
#include "store/keys/key_ring.h"
#include "store/maintenance/check.h"
#include "store/maintenance/copy_check.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "store/maintenance/repair.h"
#include "store/maintenance/storage_probe.h"
#include "store/search.h"
#include "store/snapshot_difference.h"
#include "store/tree_host.h"
#include "store/tree_record.h"
#include "tests/store/storage/counting_storage.h"
#include "tests/store/storage/model_storage.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using std::chrono::hours;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kTableHead =
    "| command | LIST | GET | HEAD | PUT | DELETE | each pack |";

// By kind, in the order of the table.
using RequestCounts = std::array<std::int64_t, 5>;
constexpr std::array<const char*, 5> kRequestKinds{"LIST", "GET", "HEAD", "PUT", "DELETE"};

RequestCounts by_kind(const tests::StorageCounts& counts) {
  return {static_cast<std::int64_t>(counts.lists),
          static_cast<std::int64_t>(counts.reads - counts.sizes),
          static_cast<std::int64_t>(counts.sizes), static_cast<std::int64_t>(counts.writes),
          static_cast<std::int64_t>(counts.removals)};
}

struct CommandRequests {
  std::string command;
  RequestCounts counts;
};

// The lines of the table below its head, by command.
std::map<std::string, std::string> documented_commands() {
  std::ifstream file(MAILSTOW_BENCHMARKS);
  std::map<std::string, std::string> rows;
  bool is_in_table = false;
  for (std::string line; std::getline(file, line);) {
    if (line == kTableHead) {
      is_in_table = true;
    } else if (is_in_table && !line.starts_with('|')) {
      break;
    } else if (is_in_table && !line.starts_with("|--")) {
      rows[line.substr(2, line.find(" |", 2) - 2)] = line;
    }
  }
  return rows;
}

class BucketRequestsTest : public StoreFixture {
 protected:
  static constexpr const char* kAccount = "alice";

  // Everything that a night stores is in a pack of its own: one message more, and its lists.
  std::vector<CommandRequests> measure(unsigned nights) {
    make_bucket(nights);
    count("init", [&] { make_store(); });
    EXPECT_EQ(Fence::kTrusted, open_fence(*storage_, files_, location_, clock_.now_seconds()));
    count("once, the first", [&] { back_up(1); });
    for (unsigned night = 2; night <= nights; ++night) back_up(night);
    count("once, nothing new", [&] { back_up_nothing_new(); });
    measure_reading(nights);
    measure_trees();
    measure_checks(nights);
    measure_copies();
    measure_writing();
    return std::exchange(rows_, {});
  }

  void make_bucket(unsigned nights) {
    model_ = std::make_shared<tests::ModelStorage>(StorageTraits{});
    model_->set_conditions(tests::Conditions::kKept);
    storage_ = std::make_shared<tests::CountingStorage>(model_);
    copy_ = std::make_shared<tests::CountingStorage>(
        std::make_shared<tests::ModelStorage>(StorageTraits{}));
    const base::Path machine = directory_ / std::to_string(nights);
    location_ = {};
    location_.index = machine / "index";
    location_.key_file = machine / "store.key";
    location_.storage = storage_;
    location_.fenced_bucket = "the bucket";
  }

  void measure_reading(unsigned nights) {
    count("accounts, snapshots, status", [&] { open_reader(); });
    Location own = location_;
    own.index += "-of-readers";
    own.has_own_index = true;
    Reader::open(own, files_);
    count("the same, with own_index", [&] { Reader::open(own, files_); });
    count("folders", [&] {
      Reader reader = open_reader();
      EXPECT_THAT(reader.folders(newest(reader)), SizeIs(1));
    });
    count("messages", [&] {
      Reader reader = open_reader();
      EXPECT_THAT(messages_of(reader), SizeIs(nights));
    });
    count("show", [&] {
      Reader reader = open_reader();
      EXPECT_EQ(mail(nights),
                base::to_text(reader.read_message(messages_of(reader).back()).bytes()));
    });
    count("search", [&] {
      Reader reader = open_reader();
      const SearchScope scope{.account = kAccount,
                              .shown_name = [](const SnapshotInfo&, const FolderInfo& folder) {
                                return folder.raw_name;
                              }};
      EXPECT_EQ(1U, search(reader, Query::parse("number1", "UTC", {}), scope).total);
    });
    count("vanished", [&] {
      Reader reader = open_reader();
      std::size_t changes = 0;
      for_each_change(reader, kAccount, std::nullopt, [&](const FolderChange&) { ++changes; });
      EXPECT_EQ(nights - 1, changes);
    });
    count("diff", [&] {
      Reader reader = open_reader();
      const std::vector<SnapshotInfo> snapshots = reader.snapshots(kAccount);
      std::size_t added = 0;
      for_each_difference(reader, snapshots.at(nights - 2), snapshots.at(nights - 1),
                          [&](const FolderDifference& folder) { added += folder.added.size(); });
      EXPECT_EQ(1U, added);
    });
    count("export", [&] {
      Reader reader = open_reader();
      EXPECT_THAT(restore(reader, kAccount, "INBOX"), SizeIs(nights));
    });
  }

  void measure_trees() {
    TreeRecord tree;
    tree.id = TreeRecords::new_id();
    tree.account = kAccount;
    {
      std::optional<TreeRecords> trees;
      count("run, its first record", [&] {
        trees = open_trees();
        trees->begin(tree.id);
        trees->put(tree);
      });
      count("run, each further record", [&] { trees->put(tree); });
      tree.state = TreeState::kComplete;
      count("run, its last record", [&] { trees->put(tree); });
    }
    count("extend", [&] {
      tree.expires += hours(1);
      open_trees().put(tree);
    });
    count("trees, with one", [&] { EXPECT_THAT(open_trees().list().records, SizeIs(1)); });
    count("sweep, to find out who sweeps",
          [&] { EXPECT_TRUE(this_sweeping_host(location_, files_, clock_).owns_store); });
    count("sweep, the end of a record", [&] { EXPECT_TRUE(open_trees().remove(tree.id)); });
  }

  void measure_checks(unsigned nights) {
    count("check", [&] { check_all(CheckDepth::kQuick, nights); });
    count("check --read-data", [&] { check_all(CheckDepth::kReadData, nights); });
    count("reindex", [&] { EXPECT_THAT(reindex(location_, files_).damage, IsEmpty()); });
    count("doctor, its own object",
          [&] { EXPECT_EQ("", probe_storage(location_, files_).failure); });
  }

  void measure_copies() {
    count_copying("copy, the first");
    count_copying("copy, nothing new");
    Location place;
    place.storage = copy_;
    copy_->forget();
    EXPECT_TRUE(check_copy(location_, place, files_, {}).check.is_intact());
    add_row("check --copy", *copy_);
  }

  void count_copying(const std::string& name) {
    storage_->forget();
    copy_->forget();
    {
      const OpenedCopy opened = open_place();
      EXPECT_THAT(copy_store(location_, files_, *opened.storage).damage, IsEmpty());
    }
    add_row(name + ": of the store", *storage_);
    add_row(name + ": of the copy", *copy_);
  }

  OpenedCopy open_place() {
    return open_copy_bucket(copy_, location_.index / "copy-cloud.lock", files_,
                            ExpectedCopy::kMayBeNew);
  }

  void measure_writing() {
    const std::vector<SnapshotInfo> snapshots = open_reader().snapshots(kAccount);
    count("pin", [&] {
      pin_snapshot(location_, files_, clock_, snapshots.front().id, kPinnedWithoutEnd);
    });
    count("forget",
          [&] { EXPECT_EQ(1U, drop_snapshots(location_, files_, clock_, {snapshots.at(1).id})); });
    std::string key;
    count("key add", [&] {
      key = add_key_file(location_, files_, clock_, location_.key_file.string() + "-2");
    });
    count("key list", [&] { EXPECT_THAT(list_keys(location_, files_), SizeIs(2)); });
    count("key remove", [&] { remove_key(location_, files_, key); });
    count("check --repair, nothing is damaged",
          [&] { EXPECT_TRUE(repair(location_, files_, clock_).after.is_intact()); });
    count("prune", [&] { EXPECT_GT(prune(location_, files_, clock_, {}).condemned, 0U); });
    EXPECT_FALSE(copy_store(location_, files_, *open_place().storage).held);
    clock_.moment += hours(25);
    count("prune, a day later",
          [&] { EXPECT_GT(prune(location_, files_, clock_, {}).deleted, 0U); });
    copy_->forget();
    const OpenedCopy opened = open_place();
    EXPECT_GT(prune_copy(location_, files_, *opened.storage,
                         {.grace = hours(24), .now = clock_.now_seconds()})
                  .deleted,
              0U);
    add_row("copy --prune: of the copy", *copy_);
  }

  void count(const std::string& command, const std::function<void()>& work) {
    storage_->forget();
    work();
    add_row(command, *storage_);
  }

  void add_row(const std::string& command, const tests::CountingStorage& storage) {
    rows_.push_back({.command = command, .counts = by_kind(storage.counts())});
  }

  // So short that its record has all of it.
  static std::string mail(unsigned number) {
    return fmt::format("Subject: number{}\r\n\r\nshort\r\n", number);
  }

  void back_up(unsigned messages) {
    std::vector<std::string> mails;
    for (unsigned number = 1; number <= messages; ++number) mails.push_back(mail(number));
    Writer writer = open_writer();
    add_snapshot(writer, kAccount, {add_folder(writer, "INBOX", mails)});
    writer.commit();
  }

  void back_up_nothing_new() {
    Writer writer = open_writer();
    Reader& reader = writer.reader();
    add_snapshot(writer, kAccount, reader.folders(newest(reader)));
    writer.commit();
  }

  static SnapshotInfo newest(Reader& reader) { return reader.newest_snapshot(kAccount).value(); }

  static std::vector<MessageId> messages_of(Reader& reader) {
    std::vector<MessageId> ids;
    reader.for_each_message(reader.folders(newest(reader)).at(0),
                            [&](const MessageEntry& entry) { ids.push_back(entry.message); });
    return ids;
  }

  TreeRecords open_trees() { return TreeRecords::open(location_, files_, clock_); }

  void check_all(CheckDepth depth, unsigned messages) {
    CheckOptions options;
    options.depth = depth;
    options.threads = 1;
    const CheckReport report = check(location_, files_, options);
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_EQ(messages, report.messages);
  }

  std::vector<CommandRequests> rows_;
  std::shared_ptr<tests::ModelStorage> model_;
  std::shared_ptr<tests::CountingStorage> storage_;
  std::shared_ptr<tests::CountingStorage> copy_;
};

// "2 GET, 1 HEAD": by how many requests one pack more makes the second store more expensive.
std::string growth_of(const RequestCounts& small, const RequestCounts& large, unsigned packs) {
  std::string growth;
  for (std::size_t kind = 0; kind < small.size(); ++kind) {
    const std::int64_t more = large[kind] - small[kind];
    if (more == 0) continue;
    if (!growth.empty()) growth += ", ";
    growth += more % packs == 0 ? fmt::format("{} {}", more / packs, kRequestKinds[kind])
                                : fmt::format("{} of {} {}", more, packs, kRequestKinds[kind]);
  }
  return growth.empty() ? "0" : growth;
}

TEST_F(BucketRequestsTest, EveryCommandRequestsWhatIsDocumented) {
  constexpr unsigned kNights = 2;
  constexpr unsigned kMoreNights = 4;
  const std::vector<CommandRequests> small = measure(kNights);
  const std::vector<CommandRequests> large = measure(kMoreNights);
  ASSERT_EQ(small.size(), large.size());
  const std::map<std::string, std::string> documented = documented_commands();
  std::string now;
  for (std::size_t i = 0; i < small.size(); ++i) {
    const RequestCounts& counts = small[i].counts;
    const std::string row = fmt::format("| {} | {} | {} | {} | {} | {} | {} |", small[i].command,
                                        counts[0], counts[1], counts[2], counts[3], counts[4],
                                        growth_of(counts, large[i].counts, kMoreNights - kNights));
    now += row + "\n";
    const auto found = documented.find(small[i].command);
    EXPECT_EQ(found == documented.end() ? "" : found->second, row);
  }
  EXPECT_EQ(documented.size(), small.size()) << "the table has other rows";
  if (HasFailure()) ADD_FAILURE() << "The table as it is now:\n" << kTableHead << "\n" << now;
}

}  // namespace
}  // namespace store
