// The order of the objects in the packs that prune writes.
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "store/format/layout.h"
#include "store/format/pack.h"
#include "store/index/index.h"
#include "store/keys/key_slot.h"
#include "tests/store/maintenance/prune_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class RegroupingTest : public tests::OnEachStorage<PruneFixture> {
 protected:
  static std::string mail(const std::string& sender, unsigned number) {
    return "From: " + sender + "\r\nSubject: " + std::to_string(number) + "\r\n\r\n";
  }

  // Stores a message for the account and the folder of the draft.
  void receive(Writer& writer, const std::string& account, const std::string& folder,
               const std::string& sender) {
    auto [draft, is_new] = drafts_[account].try_emplace(folder, folder_named(folder));
    const StoredMessage stored = add_message(writer, mail(sender, ++number_), account);
    draft->second.put(entry_of(number_, stored), stored.digest);
    names_[stored.id.object] = account + "/" + folder + "/" + sender;
  }

  void end_night(Writer& writer) {
    for (auto& [account, folders] : drafts_) {
      std::vector<FolderRecord> records;
      for (auto& [name, draft] : folders) records.push_back(writer.seal(draft));
      add_snapshot(writer, account, records);
    }
    writer.commit();
  }

  std::vector<BlockEntry> blocks_of_newest_pack() {
    const BlockContext context = open_keys(location_, files_);
    const PackName name =
        Index::open_read_only(index_file(location_), context.store).packs().back();
    return stored().blocks_of(blob_of(name));
  }

  std::map<std::string, std::map<std::string, FolderDraft>> drafts_;
  std::map<ObjectId, std::string> names_;
  unsigned number_ = 0;
};

TEST_P(RegroupingTest, AFoldersMailLiesTogetherAndASendersInIt) {
  for (int night = 0; night < 2; ++night) {
    Writer writer = open_writer();
    for (const char* sender : {"bob@example.net", "carol@example.org"}) {
      for (const char* folder : {"INBOX", "Sent"}) {
        receive(writer, "alice", folder, sender);
        receive(writer, "dave", folder, sender);
      }
    }
    end_night(writer);
  }
  prune();
  std::vector<std::string> order;
  for (const BlockEntry& block : blocks_of_newest_pack()) {
    if (block.stream != Stream::kRecords) continue;
    for (const ObjectEntry& object : block.objects) order.push_back(names_.at(object.id));
  }
  EXPECT_THAT(order, SizeIs(16));
  // Each name is one run: two messages, whatever the order of the runs.
  for (std::size_t i = 0; i < order.size(); i += 2) EXPECT_EQ(order[i], order[i + 1]);
  const auto folder_of = [](const std::string& name) { return name.substr(0, name.rfind('/')); };
  for (std::size_t i = 0; i < order.size(); i += 4) {
    EXPECT_EQ(folder_of(order[i]), folder_of(order[i + 2]));
  }
  for (std::size_t i = 0; i < order.size(); i += 8) {
    EXPECT_EQ(order[i].substr(0, 4), order[i + 4].substr(0, 4)) << "of one account";
  }
  expect_intact();
}

// The states of a folder in many nights are alike.
TEST_P(RegroupingTest, AnAccountsManifestsLieTogether) {
  const std::vector<std::string> accounts{"alice", "bob", "carol"};
  for (unsigned night = 0; night < 4; ++night) {
    Writer writer = open_writer();
    for (const std::string& account : accounts) {
      receive(writer, account, "INBOX", account + std::to_string(night));
    }
    end_night(writer);
  }
  std::map<ObjectId, std::string> roots;
  {
    const BlockContext context = open_keys(location_, files_);
    Index index = Index::open_read_only(index_file(location_), context.store);
    for (const std::string& account : accounts) {
      for (const SnapshotInfo& snapshot : index.snapshots(account)) {
        roots[index.root_of(snapshot.id).value()] = account;
      }
    }
  }
  prune();
  std::vector<std::string> runs;
  for (const BlockEntry& block : blocks_of_newest_pack()) {
    for (const ObjectEntry& object : block.objects) {
      const auto root = roots.find(object.id);
      if (root == roots.end()) continue;
      if (runs.empty() || runs.back() != root->second) runs.push_back(root->second);
    }
  }
  EXPECT_THAT(runs, ElementsAre("alice", "bob", "carol"));
  expect_intact();
}

INSTANTIATE_TEST_SUITE_P(Directory, RegroupingTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, RegroupingTest, tests::a_late_storage());

}  // namespace
}  // namespace store
