// The requests that each operation makes of a storage, compared with the table "Requests" of
// docs/benchmarks.md. After a change, this prints the rows as they are now.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "tests/store/storage/counting_storage.h"
#include "tests/store/storage/model_storage.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::IsEmpty;

struct DocumentedRow {
  std::string requests;       // listings, reads, writes, removals
  std::uint64_t percent = 0;  // of the store's bytes that are read, at most
};

// By operation.
std::map<std::string, DocumentedRow> documented_rows() {
  std::ifstream file(MAILSTOW_BENCHMARKS);
  const std::regex row(R"(\| ([^|]+) \| (\d+ \| \d+ \| \d+ \| \d+) \| (\d+) % \|)");
  std::map<std::string, DocumentedRow> rows;
  for (std::string line; std::getline(file, line);) {
    std::smatch cells;
    if (!std::regex_match(line, cells, row)) continue;
    rows[cells[1]] = {.requests = cells[2], .percent = std::stoull(cells[3])};
  }
  return rows;
}

// Three accounts, each with blocks of its own in the first pack.
class RequestCountTest : public StoreFixture {
 protected:
  static constexpr unsigned kMessages = 30;  // of each account
  static constexpr std::size_t kTextLines = 122;
  static constexpr std::size_t kAttachmentLines = 351;

  RequestCountTest() {
    location_.storage = storage_;
    make_store();
  }

  // Text and attachment are not compressible, as far as base64 allows.
  static std::string mail(unsigned number, std::size_t attachment_lines = kAttachmentLines) {
    const auto part = [](const std::string& type, const std::string& body) {
      return "--=_1\r\nContent-Type: " + type + "\r\n\r\n" + body + "\r\n";
    };
    return "Subject: " + std::to_string(number) +
           "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_1\"\r\n\r\n" +
           part("text/plain", base64_lines(10'000 + number, kTextLines)) +
           part("application/octet-stream\r\nContent-Transfer-Encoding: base64",
                base64_lines(number, attachment_lines)) +
           "--=_1--\r\n";
  }

  static std::vector<std::string> mail_of(unsigned account) {
    std::vector<std::string> messages;
    for (unsigned i = 0; i < kMessages; ++i) messages.push_back(mail(account * 100 + i));
    return messages;
  }

  std::uint64_t stored_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& [name, blob] : model_->contents()) bytes += blob.size();
    return bytes;
  }

  // Adds the row of an operation.
  tests::StorageCounts count(const std::string& operation, const std::function<void()>& work) {
    const std::uint64_t before = stored_bytes();
    storage_->forget();
    work();
    const tests::StorageCounts counts = storage_->counts();
    const std::uint64_t stored = std::max(before, stored_bytes());
    const std::uint64_t percent = (counts.bytes_read * 100 + stored - 1) / stored;
    const std::string requests = fmt::format("{} | {} | {} | {}", counts.lists, counts.reads,
                                             counts.writes, counts.removals);
    const std::string row = fmt::format("| {} | {} | {} % |", operation, requests, percent);
    ++counted_;
    const auto documented = documented_.find(operation);
    if (documented == documented_.end()) {
      ADD_FAILURE() << "docs/benchmarks.md lacks " << row;
      return counts;
    }
    EXPECT_EQ(documented->second.requests, requests) << row;
    EXPECT_LE(percent, documented->second.percent) << row;
    EXPECT_LE(documented->second.percent, percent + kSlack) << "the bound is too wide: " << row;
    return counts;
  }

  void back_up_all() {
    Writer writer = open_writer();
    for (unsigned i = 0; i < accounts_.size(); ++i) {
      add_snapshot(writer, accounts_[i], {add_folder(writer, "INBOX", mail_of(i), accounts_[i])});
    }
    writer.commit();
  }

  void back_up_new_messages() {
    Writer writer = open_writer();
    Reader& reader = writer.reader();
    FolderDraft draft(reader, newest_inbox(reader, "alice"));
    for (unsigned number = 1; number <= 2; ++number) {
      const std::string text = mail(1'000 + number, kAttachmentLines / 2);
      const StoredMessage stored = add_message(writer, text, "alice");
      draft.put(entry_of(kMessages + number, stored), stored.digest);
    }
    add_snapshot(writer, "alice", {writer.seal(draft)});
    writer.commit();
  }

  void back_up_unchanged() {
    Writer writer = open_writer();
    for (const std::string& account : accounts_) {
      add_snapshot(writer, account, {newest_inbox(writer.reader(), account)});
    }
    writer.commit();
  }

  static FolderRecord newest_inbox(Reader& reader, const std::string& account) {
    return reader.folders(reader.newest_snapshot(account).value()).at(0);
  }

  void list_messages() {
    Reader reader = open_reader();
    std::size_t messages = 0;
    reader.for_each_message(newest_inbox(reader, "bob"), [&](const MessageEntry&) { ++messages; });
    EXPECT_EQ(kMessages, messages);
  }

  void read_one_message() {
    Reader reader = open_reader();
    FolderDraft inbox(reader, newest_inbox(reader, "bob"));
    const MessageId id = inbox.find({7}).value().message;
    EXPECT_EQ(mail_of(1).at(6), base::to_text(reader.read_message(id).bytes()));
  }

  void export_account() {
    Reader reader = open_reader();
    EXPECT_EQ(mail_of(1), restore(reader, "bob", "INBOX"));
  }

  void check_all(CheckDepth depth) {
    CheckOptions options;
    options.depth = depth;
    options.threads = 2;
    const CheckReport report = check(location_, files_, options);
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_THAT(report.damaged_messages, IsEmpty());
  }

  void prune_without_carol() {
    std::set<ObjectId> drop;
    for (const SnapshotInfo& snapshot : open_reader().snapshots("carol")) drop.insert(snapshot.id);
    storage_->forget();
    const PruneReport report = prune(location_, files_, clock_, {.drop = drop});
    EXPECT_EQ(2U, report.rewritten);
  }

  static constexpr std::uint64_t kSlack = 10;  // percent

  const std::vector<std::string> accounts_{"alice", "bob", "carol"};
  const std::map<std::string, DocumentedRow> documented_ = documented_rows();
  std::size_t counted_ = 0;
  std::shared_ptr<tests::ModelStorage> model_ = std::make_shared<tests::ModelStorage>();
  std::shared_ptr<tests::CountingStorage> storage_ =
      std::make_shared<tests::CountingStorage>(model_);
};

TEST_F(RequestCountTest, EveryOperationRequestsWhatIsDocumented) {
  count("a first backup", [&] { back_up_all(); });
  count("a backup of two new messages", [&] { back_up_new_messages(); });
  count("a backup without changes", [&] { back_up_unchanged(); });
  count("the messages of a folder", [&] { list_messages(); });

  const std::uint64_t stored = stored_bytes();
  const tests::StorageCounts message = count("one message", [&] { read_one_message(); });
  EXPECT_EQ(0U, message.bytes_read_again);
  const tests::StorageCounts account = count("export of one account", [&] { export_account(); });
  EXPECT_EQ(0U, account.bytes_read_again);
  EXPECT_LT(account.bytes_read, 2 * stored / accounts_.size());
  count("check", [&] { check_all(CheckDepth::kQuick); });
  const tests::StorageCounts all =
      count("check --read-data", [&] { check_all(CheckDepth::kReadData); });
  EXPECT_EQ(0U, all.bytes_read_again);
  EXPECT_LE(all.bytes_read, stored / 100 * 105);

  count("reindex", [&] { EXPECT_THAT(reindex(location_, files_).damage, IsEmpty()); });
  count("a prune that drops one account", [&] { prune_without_carol(); });
  clock_.moment += std::chrono::hours(25);
  count("the prune a day later",
        [&] { EXPECT_EQ(4U, prune(location_, files_, clock_, {}).deleted); });
  EXPECT_EQ(documented_.size(), counted_) << "the table has other rows";
  check_all(CheckDepth::kReadData);
  export_account();
}

}  // namespace
}  // namespace store
