#include "backupd/drill_sample.h"

#include <algorithm>
#include <random>
#include <set>
#include <utility>

#include "base/error.h"
#include "imap/folder_name.h"

namespace backupd {

namespace {

using store::FolderRecord;
using store::SnapshotInfo;

// A drill is spread over about this many folders: listing a folder takes time in proportion to its
// size.
constexpr std::uint64_t kFewFolders = 16;
constexpr std::uint64_t kSmallFolder = 50;
// Ends the draws: in a small store the same folders are drawn again and again.
constexpr int kMaxDraws = 200;

class Sampling {
 public:
  Sampling(store::Reader& reader, std::uint64_t messages, std::uint64_t seed)
      : reader_(reader),
        left_(messages),
        share_(std::max(kSmallFolder, messages / kFewFolders)),
        random_(seed) {}

  Sample draw() {
    const std::vector<std::string> accounts = reader_.accounts();
    for (int draw = 0; draw < kMaxDraws && left_ > 0 && !accounts.empty(); ++draw) {
      const auto snapshots = reader_.snapshots(one_of(accounts));
      if (!snapshots.empty()) draw_from(one_of(snapshots));
    }
    return std::move(sample_);
  }

 private:
  std::uint64_t below(std::uint64_t end) {
    return std::uniform_int_distribution<std::uint64_t>(0, end - 1)(random_);
  }

  template <typename Value>
  const Value& one_of(const std::vector<Value>& values) {
    return values[below(values.size())];
  }

  void draw_from(const SnapshotInfo& snapshot) {
    if (failed_.contains(snapshot.id)) return;
    std::vector<FolderRecord> folders;
    try {
      folders = reader_.folders(snapshot);
    } catch (const base::Error& error) {
      failed_.insert(snapshot.id);
      give_up({snapshot, "", error.what()}, error);
      return;
    }
    const FolderRecord* const folder = draw_folder(folders);
    if (folder == nullptr) return;
    drawn_.insert(folder->id);
    try {
      take(snapshot, *folder);
    } catch (const base::Error& error) {
      const std::string name = imap::shown_folder_name(
          folder->info.raw_name, folder->info.delimiter, snapshot.personal_prefix);
      give_up({snapshot, name, error.what()}, error);
    }
  }

  void give_up(Sample::Unreadable unreadable, const base::Error& error) {
    if (!base::is_unreadable(error.code())) throw error;
    sample_.unreadable.push_back(std::move(unreadable));
  }

  // Picks the folder that holds a message drawn at random from all folders not drawn yet. A folder
  // that did not change is the same object in many snapshots.
  const FolderRecord* draw_folder(const std::vector<FolderRecord>& folders) {
    const auto weight = [&](const FolderRecord& folder) {
      return drawn_.contains(folder.id) ? 0 : folder.receipt.messages;
    };
    std::uint64_t messages = 0;
    for (const FolderRecord& folder : folders) messages += weight(folder);
    if (messages == 0) return nullptr;
    std::uint64_t position = below(messages);
    for (const FolderRecord& folder : folders) {
      if (position < weight(folder)) return &folder;
      position -= weight(folder);
    }
    return nullptr;
  }

  void take(const SnapshotInfo& snapshot, const FolderRecord& folder) {
    const std::uint64_t wanted = std::min(left_, share_);
    FolderSample sample{snapshot, folder, {}, folder.receipt.messages <= wanted};
    const std::set<std::uint64_t> positions =
        sample.is_whole ? std::set<std::uint64_t>() : some_of(folder.receipt.messages, wanted);
    std::uint64_t position = 0;
    reader_.for_each_message(folder, [&](const store::MessageEntry& entry) {
      if (sample.is_whole || positions.contains(position)) sample.messages.push_back(entry);
      ++position;
    });
    left_ -= std::min<std::uint64_t>(left_, sample.messages.size());
    sample_.folders.push_back(std::move(sample));
  }

  // R. W. Floyd's algorithm: all sets of `wanted` numbers below `end` are equally likely.
  std::set<std::uint64_t> some_of(std::uint64_t end, std::uint64_t wanted) {
    std::set<std::uint64_t> chosen;
    for (std::uint64_t number = end - wanted; number < end; ++number) {
      if (!chosen.insert(below(number + 1)).second) chosen.insert(number);
    }
    return chosen;
  }

  store::Reader& reader_;
  std::uint64_t left_;
  std::uint64_t share_;  // at most this many messages of one folder
  std::mt19937_64 random_;
  std::set<store::ObjectId> drawn_;   // folders
  std::set<store::ObjectId> failed_;  // snapshots
  Sample sample_;
};

}  // namespace

Sample draw_sample(store::Reader& reader, std::uint64_t messages, std::uint64_t seed) {
  return Sampling(reader, messages, seed).draw();
}

}  // namespace backupd
