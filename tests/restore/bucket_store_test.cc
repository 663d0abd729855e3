// The commands of mailstow-restore on a store in a bucket.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "restore/commands.h"
#include "store/folder_draft.h"
#include "store/format/layout.h"
#include "store/format/location.h"
#include "store/writer.h"
#include "tests/programs/installation.h"
#include "tests/programs/program_in_process.h"
#include "tests/programs/recorded_mail.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/store/storage/model_bucket.h"

namespace restore {
namespace {

namespace fs = std::filesystem;
using programs::json;

base::ProgramDescription restoring_program() {
  return {
      .name = "mailstow-restore",
      .purpose = "Restores.",
      .footer = "",
      .version = "0",
      .commands = {accounts_command(), snapshots_command(), folders_command(), messages_command(),
                   show_command(), search_command(), vanished_command(), run_command(),
                   export_command(), trees_command(), expire_command(), sweep_command()}};
}

constexpr store::StorageTraits kAllPromises{
    .creates_once = true, .lists_at_once = true, .replaces_at_once = true};

class RestoreFromBucketTest : public testing::Test {
 protected:
  explicit RestoreFromBucketTest(const store::StorageTraits& traits = kAllPromises)
      : bucket_("s3://mail", traits) {
    const json bucket = {{"url", "https://storage.invalid"},
                         {"bucket", "mail"},
                         {"access_key", "key"},
                         {"secret_key_file", "/nowhere"}};
    mailstow_.config()["store"] = {{"s3", bucket},
                                   {"index", mailstow_.index().string()},
                                   {"key_file", mailstow_.key_file().string()}};
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.save();
    const store::Location location = store::location_of(
        base::load_config(base::real_file_system(), mailstow_.config_file()).store);
    store::init(location, base::real_file_system(), base::system_clock());
    record(location, servers::account_state(server_, "alice").folders.at("INBOX").uid_validity);
  }

  // A snapshot with three messages, of the mailbox that is still there.
  static void record(const store::Location& location, std::uint32_t uid_validity) {
    store::Writer writer =
        store::Writer::open(location, base::real_file_system(), base::system_clock());
    store::FolderInfo inbox = programs::recorded_folder("INBOX");
    inbox.uid_validity = uid_validity;
    store::FolderDraft draft(inbox);
    for (std::uint32_t uid = 1; uid <= 3; ++uid) {
      store::IncomingMessage message = writer.begin_message();
      const std::string text = "Subject: letter" + std::to_string(uid) + "\r\n\r\nHello.\r\n";
      message.add(base::as_bytes(text));
      const store::StoredMessage stored = writer.add(message);
      draft.put({.uid = base::Uid{uid},
                 .message = stored.id,
                 .internal_date = {},
                 .size = stored.size,
                 .flags = {}},
                stored.digest);
    }
    store::SnapshotDraft snapshot;
    snapshot.account = "alice";
    snapshot.time = base::system_clock().now_seconds() - std::chrono::hours(1);
    snapshot.folders = {writer.seal(draft)};
    writer.add_snapshot(snapshot);
    writer.commit();
  }

  json document_of(std::vector<std::string> arguments, int status = 0) {
    arguments.push_back("--json");
    const servers::ProcessResult result =
        programs::run_in_process(restoring_program(), mailstow_, arguments);
    EXPECT_EQ(status, result.status) << result.out;
    return json::parse(result.out, nullptr, false);
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  tests::ModelBucket bucket_;
};

// A bucket, for which no trait is promised.
class RestoreFromRealBucketTest : public RestoreFromBucketTest {
 protected:
  RestoreFromRealBucketTest() : RestoreFromBucketTest(store::StorageTraits{}) {}
};

TEST_F(RestoreFromBucketTest, MailIsShownFoundAndExported) {
  EXPECT_EQ("alice", document_of({"accounts"})["accounts"][0]["account"]);
  EXPECT_EQ(1U, document_of({"snapshots", "alice"})["snapshots"].size());
  EXPECT_EQ(3, document_of({"folders", "alice"})["folders"][0]["messages"]);
  const json messages = document_of({"messages", "alice", "INBOX"})["messages"];
  ASSERT_EQ(3U, messages.size());
  EXPECT_EQ("letter2", messages[1]["subject"]);
  EXPECT_EQ(1U, document_of({"search", "alice", "subject:letter3"})["messages"].size());
  const base::Path to = mailstow_.directory() / "exported";
  document_of({"export", "alice", "--folder", "INBOX", "--format", "eml", "--to", to.string()});
  std::size_t exported = 0;
  for (const auto& entry : fs::recursive_directory_iterator(to)) {
    exported += entry.path().extension() == ".eml" ? 1U : 0U;
  }
  EXPECT_EQ(3U, exported);
}

TEST_F(RestoreFromBucketTest, ATreeIsMadeAndSweptAway) {
  const servers::AccountState before = servers::account_state(server_, "alice");
  const std::string tree = document_of({"run", "alice", "--all"})["tree"];
  const servers::AccountState restored = servers::account_state(server_, "alice");
  EXPECT_EQ(3U, restored.folders.at(tree + "/INBOX").messages.size());
  EXPECT_EQ(1U, document_of({"trees"})["trees"].size());
  document_of({"expire", "alice", tree});
  EXPECT_EQ(true, document_of({"sweep"})["trees"][0]["finished"]);
  EXPECT_EQ(before, servers::account_state(server_, "alice"));
  EXPECT_EQ(0U, document_of({"trees"})["trees"].size());
  EXPECT_FALSE(fs::exists(mailstow_.store()));
}

// The records of a tree are the only thing that a run writes, and each request is a round trip.
TEST_F(RestoreFromRealBucketTest, ARunPutsSixRecordsOfItsTree) {
  const tests::ModelStorage& storage = bucket_.storage();
  std::map<std::string, std::uint64_t> before;
  const std::vector<std::string> kinds = {"list", "get", "size", "put", "create", "remove"};
  for (const std::string& kind : kinds) before[kind] = storage.operations(kind);
  const std::string tree = document_of({"run", "alice", "--all"})["tree"];
  std::map<std::string, std::uint64_t> now;
  for (const std::string& kind : kinds) now[kind] = storage.operations(kind) - before[kind];
  EXPECT_EQ(6U, now["put"]) << "one is for the message that shows whether the tree counts";
  EXPECT_EQ(1U, now["remove"]);
  EXPECT_EQ(0U, now["size"] + now["create"]);
  EXPECT_EQ(3U, now["list"]) << "key slots twice, and the trees that there are";
  EXPECT_LE(now["get"], 12U);
  const servers::AccountState restored = servers::account_state(server_, "alice");
  EXPECT_EQ(3U, restored.folders.at(tree + "/INBOX").messages.size());
  std::size_t records = 0;
  for (const auto& [name, bytes] : storage.contents()) {
    records += name.area() == store::kTreesArea ? 1U : 0U;
  }
  EXPECT_EQ(1U, records);
}

}  // namespace
}  // namespace restore
