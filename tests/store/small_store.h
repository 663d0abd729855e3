// A store so small that every byte of it can be tried: two accounts in two packs, a tree record. In
// memory except for the index: in a simulated file system, or in the model of object storage.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/maintenance/check.h"
#include "store/tree_record.h"
#include "tests/store/simulated_file_system.h"
#include "tests/store/storage/each_storage.h"
#include "tests/store/storage/stored_blobs.h"
#include "tests/store/store_fixture.h"
#include "tests/temporary_directory.h"

namespace store {

class SmallStore : public testing::Test {
 protected:
  explicit SmallStore(tests::HeldBy held_by = tests::HeldBy::kDirectory)
      : late_storage_(tests::model_of(held_by)) {
    location_ = {.store = "/simulated/store",
                 .index = directory_.path() / "index",
                 .key_file = "/simulated/store.key",
                 .storage = late_storage_};
    init(location_, files_, clock_);
    Writer writer = Writer::open(location_, files_, clock_);
    back_up(writer, "alice", 1);
    first_pack_ = stored().names_in(kPacksArea).front();
    back_up(writer, "bob", 2);
    TreeRecord record;
    record.id = TreeRecords::new_id();
    record.account = "alice";
    TreeRecords::open(location_, files_).put(record);
  }

  void back_up(Writer& writer, const std::string& account, unsigned messages) {
    FolderDraft draft(folder_named("INBOX"));
    for (unsigned uid = 1; uid <= messages; ++uid) {
      const StoredMessage stored = add_message(writer, text_of(account, uid), account);
      draft.put(entry_of(uid, stored, {account}), stored.digest);
      ids_[account].push_back(stored.id);
    }
    SnapshotDraft snapshot;
    snapshot.account = account;
    snapshot.folders = {writer.seal(draft)};
    writer.add_snapshot(snapshot);
    writer.commit();
  }

  static std::string text_of(const std::string& account, unsigned number) {
    return "Subject: " + account + std::to_string(number) + "\r\n\r\n" +
           random_text(number + static_cast<unsigned>(account.size()) * 100, 2'500);
  }

  CheckReport check_all(CheckDepth depth = CheckDepth::kReadData) {
    CheckOptions options;
    options.depth = depth;
    options.threads = 1;
    return check(location_, files_, options);
  }

  static std::string restored(Reader& reader, const std::string& account) {
    std::string all;
    for (const FolderRecord& folder : reader.folders(reader.newest_snapshot(account).value())) {
      reader.for_each_message(folder, [&](const MessageEntry& entry) {
        all += base::as_text(reader.read_message(entry.message).bytes());
      });
    }
    return all;
  }

  tests::StoredBlobs stored() { return {location_, files_}; }

  // From now on, listings of the model are complete.
  void end_late_listings() {
    if (late_storage_) late_storage_->stop_failing();
  }

  tests::TemporaryDirectory directory_;
  std::shared_ptr<tests::ModelStorage> late_storage_;  // null: the store is in a directory
  Location location_;
  TestClock clock_;
  tests::SimulatedFileSystem files_;
  BlobName first_pack_{kPacksArea, "0"};  // alice's
  std::map<std::string, std::vector<MessageId>> ids_;
};

}  // namespace store
