// A store in a temporary directory or in the model of object storage, and a small vocabulary for
// filling it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "store/folder_draft.h"
#include "store/format/location.h"
#include "store/reader.h"
#include "store/writer.h"
#include "tests/store/storage/each_storage.h"
#include "tests/store/storage/stored_blobs.h"
#include "tests/temporary_directory.h"

namespace store {

class TestClock : public base::Clock {
 public:
  base::TimePoint now() const override { return moment; }
  std::chrono::steady_clock::time_point steady_now() const override { return {}; }
  void sleep_for(std::chrono::milliseconds duration) override { moment += duration; }

  base::TimePoint moment{std::chrono::seconds(1'800'000'000)};
};

std::string random_text(unsigned seed, std::size_t size);

// Random bytes in base64, 57 of them in a line.
std::string base64_lines(unsigned seed, std::size_t lines);

// A message with text and a base64 attachment; the same for the same number.
std::string sample_message(unsigned number);

// The sample messages from `first` on.
std::vector<std::string> samples(unsigned first, unsigned count);

StoredMessage add_message(Writer& writer, std::string_view text, std::string_view account = {});

MessageEntry entry_of(std::uint32_t uid, const StoredMessage& message,
                      std::vector<std::string> flags = {"\\Seen"}, std::uint64_t modseq = 1);

FolderInfo folder_named(const std::string& name);

// Stores the messages and puts them into the folder as UIDs 1, 2, ...
FolderRecord add_folder(Writer& writer, const std::string& name,
                        const std::vector<std::string>& messages, std::string_view account = {});

class StoreFixture : public testing::Test {
 protected:
  explicit StoreFixture(tests::HeldBy held_by = tests::HeldBy::kDirectory);

  void make_store();
  Writer open_writer();
  Reader open_reader();

  // A snapshot a second after the last one.
  SnapshotInfo add_snapshot(Writer& writer, const std::string& account,
                            const std::vector<FolderRecord>& folders);

  // A snapshot of that time, which has only INBOX, committed.
  SnapshotInfo back_up_at(std::chrono::sys_seconds time, const std::string& account,
                          const std::vector<std::string>& messages,
                          SnapshotKind kind = SnapshotKind::kBackup);

  // The messages of a folder of the account's newest snapshot, in UID order.
  static std::vector<std::string> restore(Reader& reader, const std::string& account,
                                          const std::string& folder);

  // The paths of the packs, which only a store in a directory has.
  std::vector<base::Path> packs() const;

  tests::StoredBlobs stored() const { return {location_, files_}; }
  std::vector<BlobName> pack_names() const { return stored().names_in(kPacksArea); }
  BlobName pack_added_since(const std::vector<BlobName>& before) const;
  std::string shown(const BlobName& name) const;  // in messages

  // From now on, listings of the model are complete. A directory's always are.
  void end_late_listings();

  tests::TemporaryDirectory temporary_;
  base::Path directory_ = temporary_.path();
  std::shared_ptr<tests::ModelStorage> late_storage_;  // null: the store is in a directory
  Location location_;
  TestClock clock_;
  base::FileSystem& files_ = base::real_file_system();

 private:
  std::chrono::sys_seconds next_time_{std::chrono::seconds(1'700'000'000)};
};

}  // namespace store
