#include "tests/store/model_store.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/maintenance/check.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"

namespace store {

namespace fs = std::filesystem;

using testing::IsEmpty;

namespace {

std::vector<std::string> content(Reader& reader, const SnapshotInfo& snapshot) {
  std::vector<std::string> messages;
  for (const FolderRecord& folder : reader.folders(snapshot)) {
    reader.for_each_message(folder, [&](const MessageEntry& entry) {
      messages.push_back(base::to_text(reader.read_message(entry.message).bytes()));
    });
  }
  return messages;
}

}  // namespace

ModelStore::ModelStore(std::shared_ptr<Storage> storage)
    : files_(std::make_unique<tests::SimulatedFileSystem>()) {
  location_ = {.store = "/simulated/store",
               .index = directory_.path() / "index",
               .key_file = "/simulated/store.key",
               .storage = std::move(storage)};
  init(location_, *files_, clock_);
}

bool ModelStore::attempt(const std::function<void()>& work) {
  try {
    work();
    return true;
  } catch (const base::Error& error) {
    EXPECT_THAT(error.code(), testing::AnyOf(base::ErrorCode::kIo, base::ErrorCode::kNoSpace,
                                             base::ErrorCode::kStorage))
        << error.what();
    return false;
  }
}

void ModelStore::back_up(const std::string& account, unsigned first, unsigned count) {
  ObjectId id;
  const bool done = attempt([&] {
    Writer writer = Writer::open(location_, *files_, clock_);
    FolderDraft draft(folder_named("INBOX"));
    std::vector<std::string> messages;
    for (unsigned i = 0; i < count; ++i) {
      messages.push_back(sample_message(first + i));
      const StoredMessage stored = add_message(writer, messages.back(), account);
      draft.put(entry_of(i + 1, stored), stored.digest);
    }
    SnapshotDraft snapshot;
    snapshot.account = account;
    snapshot.time = std::chrono::sys_seconds(std::chrono::seconds(next_time_++));
    snapshot.folders = {writer.seal(draft)};
    id = writer.add_snapshot(snapshot).id;
    snapshots_[id] = {.account = account, .messages = messages, .standing = Standing::kMaybe};
    writer.commit();
  });
  if (done) snapshots_[id].standing = Standing::kThere;
}

void ModelStore::drop(const std::set<ObjectId>& ids, Standing standing) {
  for (const ObjectId& id : ids) snapshots_.at(id).standing = standing;
}

std::vector<ObjectId> ModelStore::newest_first(const std::string& account) {
  Reader reader = Reader::open(location_, *files_);
  std::vector<ObjectId> ids;
  for (const SnapshotInfo& snapshot : reader.snapshots(account)) ids.push_back(snapshot.id);
  return {ids.rbegin(), ids.rend()};
}

void ModelStore::forget(const std::string& account) {
  const std::vector<ObjectId> ids = newest_first(account);
  const std::set<ObjectId> all(ids.begin(), ids.end());
  drop(all, Standing::kMaybe);
  if (attempt([&] { drop_snapshots(location_, *files_, clock_, all); })) {
    drop(all, Standing::kGone);
  }
}

void ModelStore::prune(std::size_t keep_last) {
  PruneOptions options;
  for (const std::string& account : Reader::open(location_, *files_).accounts()) {
    const std::vector<ObjectId> ids = newest_first(account);
    for (std::size_t i = keep_last; i < ids.size(); ++i) options.drop.insert(ids[i]);
  }
  drop(options.drop, Standing::kMaybe);
  if (attempt([&] { store::prune(location_, *files_, clock_, options); })) {
    drop(options.drop, Standing::kGone);
  }
}

void ModelStore::leave_work_for_prune() {
  for (unsigned night = 0; night < 3; ++night) back_up("alice", night, 4);
  back_up("bob", 2, 3);
  prune(2);
  back_up("alice", 20, 3);
  back_up("carol", 30, 2);
  forget("carol");
  pass(std::chrono::hours(25));
}

void ModelStore::reindex() {
  // It reports that it could not note the highest commit, and succeeds all the same.
  attempt([&] {
    EXPECT_THAT(store::reindex(location_, *files_).damage,
                testing::Each(testing::HasSubstr("Input/output error")));
  });
}

void ModelStore::copy_index() {
  attempt([&] { Writer::open(location_, *files_, clock_).copy_index_if_due(); });
}

void ModelStore::check() {
  CheckOptions options;
  options.depth = CheckDepth::kReadData;
  options.threads = 1;
  const CheckReport report = store::check(location_, *files_, options);
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_THAT(report.damaged_messages, IsEmpty());
}

void ModelStore::crash(tests::Survival survival, std::mt19937& random) {
  files_ = files_->after_crash(survival, random);
}

void ModelStore::verify() {
  std::map<ObjectId, std::vector<std::string>> found;
  try {
    Writer writer = Writer::open(location_, *files_, clock_);
    EXPECT_THAT(writer.damage(), IsEmpty());
    Reader& reader = writer.reader();
    for (const std::string& account : reader.accounts()) {
      for (const SnapshotInfo& snapshot : reader.snapshots(account)) {
        found[snapshot.id] = content(reader, snapshot);
      }
    }
  } catch (const base::Error& error) {
    ADD_FAILURE() << error.what();
    return;
  }
  for (auto& [id, snapshot] : snapshots_) {
    const auto there = found.find(id);
    if (there == found.end()) {
      EXPECT_NE(Standing::kThere, snapshot.standing)
          << "a snapshot of " << snapshot.account << " is gone";
      snapshot.standing = Standing::kGone;
      continue;
    }
    EXPECT_NE(Standing::kGone, snapshot.standing) << "a dropped snapshot exists again";
    EXPECT_EQ(snapshot.messages, there->second);
    snapshot.standing = Standing::kThere;
    found.erase(there);
  }
  EXPECT_THAT(found, IsEmpty()) << "a snapshot that was never made";
}

void ModelStore::keep() {
  kept_files_ = files_->copy();
  kept_snapshots_ = snapshots_;
  kept_moment_ = clock_.moment;
  fs::remove_all(directory_.path() / "kept");
  fs::copy(location_.index, directory_.path() / "kept", fs::copy_options::recursive);
}

void ModelStore::revert() {
  files_ = kept_files_->copy();
  snapshots_ = kept_snapshots_;
  clock_.moment = kept_moment_;
  fs::remove_all(location_.index);
  fs::copy(directory_.path() / "kept", location_.index, fs::copy_options::recursive);
}

}  // namespace store
