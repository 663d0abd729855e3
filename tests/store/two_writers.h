// Hosts that write to one storage without a common lock: each has an index of its own, and all have
// the store's keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/log.h"
#include "store/format/layout.h"
#include "store/format/owner_record.h"
#include "tests/store/storage/model_storage.h"
#include "tests/store/store_fixture.h"
#include "tests/temporary_directory.h"

namespace store {

inline constexpr StorageTraits kCreatesOnce{
    .creates_once = true, .lists_at_once = true, .replaces_at_once = true};
inline constexpr StorageTraits kSharesNames{
    .creates_once = false, .lists_at_once = true, .replaces_at_once = true};

// The text of each snapshot's only message, by the snapshot's id.
using Snapshots = std::map<ObjectId, std::string>;

class TwoWriters : public testing::Test {
 public:
  TwoWriters() { base::set_log_level(base::LogLevel::kError); }
  ~TwoWriters() override { base::set_log_level(base::LogLevel::kInfo); }

 protected:
  // A new store. All hosts have its key file, and an index each.
  void make_store(const StorageTraits& traits) {
    std::filesystem::remove_all(directory_.path() / "hosts");
    storage_ = std::make_shared<tests::ModelStorage>(traits);
    const Location first = location_of("first");
    init(first, files_, clock_);
    for (const char* host : {"second", "third"}) {
      const Location location = location_of(host);
      std::filesystem::create_directories(location.key_file.parent_path());
      std::filesystem::copy(first.key_file, location.key_file);
    }
  }

  Location location_of(const std::string& host, std::shared_ptr<Storage> storage = nullptr) {
    const base::Path directory = directory_.path() / "hosts" / host;
    return {.store = directory / "store",
            .index = directory / "index",
            .key_file = directory / "store.key",
            .storage = storage ? std::move(storage) : storage_,
            .fenced_bucket = fenced_.contains(host) ? "the model" : ""};
  }

  Writer open_writer(const std::string& host) {
    return Writer::open(location_of(host), files_, clock_);
  }

  static std::string message_of(const std::string& account, unsigned number) {
    return "Subject: " + account + "\r\n\r\nMessage " + std::to_string(number) + "\r\n";
  }

  // Adds a snapshot with one message, without a commit.
  static ObjectId add(Writer& writer, const std::string& account, unsigned number) {
    return add(writer, account, number, message_of(account, number));
  }
  static ObjectId add(Writer& writer, const std::string& account, unsigned number,
                      const std::string& message) {
    SnapshotDraft draft;
    draft.account = account;
    draft.time = std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000 + number));
    draft.folders = {add_folder(writer, "INBOX", {message}, account)};
    return writer.add_snapshot(draft).id;
  }

  static Snapshots found_in(Reader& reader) {
    Snapshots found;
    for (const std::string& account : reader.accounts()) {
      for (const SnapshotInfo& snapshot : reader.snapshots(account)) {
        for (const FolderRecord& folder : reader.folders(snapshot)) {
          reader.for_each_message(folder, [&](const MessageEntry& entry) {
            found[snapshot.id] = base::to_text(reader.read_message(entry.message).bytes());
          });
        }
      }
    }
    return found;
  }

  // The numbers of the commit records, in their order.
  std::vector<std::uint64_t> recorded() const {
    std::vector<std::uint64_t> numbers;
    for (const auto& [name, bytes] : storage_->contents()) {
      if (name.area() == kCommitsArea) numbers.push_back(number_in_key(name.key()).value());
    }
    return numbers;
  }

  std::size_t packs() const {
    std::size_t count = 0;
    for (const auto& [name, bytes] : storage_->contents()) count += name.area() == kPacksArea;
    return count;
  }

  static void expect_all(const Snapshots& acknowledged, const Snapshots& found) {
    for (const auto& [id, message] : acknowledged) {
      ASSERT_TRUE(found.contains(id)) << "an acknowledged snapshot is gone: " << message;
      EXPECT_EQ(message, found.at(id));
    }
  }

  tests::TemporaryDirectory directory_;
  base::FileSystem& files_ = base::real_file_system();
  TestClock clock_;
  std::shared_ptr<tests::ModelStorage> storage_;
  std::set<std::string> fenced_;  // hosts that use the fence, if it is proven to them
};

}  // namespace store
