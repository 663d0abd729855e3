// Whatever happened in an account: with --reach, commands answer as if the store held nothing
// older.
#include <cstdio>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/reach.h"
#include "restore/selection.h"
#include "store/folder_draft.h"
#include "store/format/location.h"
#include "store/maintenance/dropping.h"
#include "store/writer.h"
#include "tests/long_run.h"
#include "tests/store/store_fixture.h"
#include "tests/temporary_directory.h"

namespace restore {
namespace {

// Folders and messages of an account that changes at random.
class ChangingAccount {
 public:
  explicit ChangingAccount(unsigned seed) : random_(seed) {}

  struct Folder {
    std::uint32_t uid_validity = 7;
    std::uint32_t next_uid = 1;
    std::map<std::uint32_t, unsigned> messages;  // contents by UID
  };

  void live_through_a_day() {
    for (int deed = 0; deed < 6; ++deed) do_something();
  }

  const std::map<std::string, Folder>& folders() const { return folders_; }

  static std::string message(unsigned content) {
    return fmt::format(
        "From: a@example.org\r\nSubject: letter {0} c{0}\r\nDate: Tue, 3 Nov 2026 10:00:{1:02} "
        "+0000\r\n\r\nbody\r\n",
        content, content % 60);
  }

 private:
  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

  std::map<std::string, Folder>::iterator any_folder() {
    return std::next(folders_.begin(), below(static_cast<unsigned>(folders_.size())));
  }

  void do_something() {
    const auto chosen = any_folder();
    Folder& folder = chosen->second;
    switch (below(8)) {
      case 0:
        folders_.try_emplace(fmt::format("F{}", below(4)),
                             Folder{.uid_validity = ++last_validity_, .messages = {}});
        return;
      case 1:
        if (chosen->first != "INBOX") folders_.erase(chosen);
        return;
      case 2:
        rename(chosen);
        return;
      case 3:
        folder.uid_validity = ++last_validity_;
        return;
      case 4:
      case 5:
        if (!folder.messages.empty()) {
          folder.messages.erase(std::next(folder.messages.begin(),
                                          below(static_cast<unsigned>(folder.messages.size()))));
        }
        return;
      default:
        // Few contents, so that messages move, and appear again after they vanished.
        folder.messages[folder.next_uid++] = below(12);
    }
  }

  void rename(std::map<std::string, Folder>::iterator folder) {
    const std::string name = fmt::format("F{}", below(4));
    if (folder->first == "INBOX" || folders_.contains(name)) return;
    auto node = folders_.extract(folder);
    node.key() = name;
    folders_.insert(std::move(node));
  }

  std::mt19937 random_;
  std::map<std::string, Folder> folders_ = {{"INBOX", {}}};
  std::uint32_t last_validity_ = 7;
};

class ReachPropertyTest : public testing::TestWithParam<unsigned> {
 protected:
  using Answers = std::map<std::string, std::string>;  // the command, and its output

  ReachPropertyTest() : account_(GetParam()), others_(GetParam() + 1'000) {
    store::init(location_, files_, clock_);
  }

  void back_up_everything(std::size_t night) {
    account_.live_through_a_day();
    others_.live_through_a_day();
    const auto time = first_night_ + std::chrono::days(night);
    const bool is_rescue = night % 4 == 2;
    snapshots_.push_back(back_up("alice", time, account_, is_rescue));
    others_snapshots_.push_back(back_up("bob", time, others_, false));
  }

  store::SnapshotInfo back_up(const std::string& name, std::chrono::sys_seconds time,
                              const ChangingAccount& account, bool is_rescue) {
    store::Writer writer = store::Writer::open(location_, files_, clock_);
    store::SnapshotDraft draft;
    draft.account = name;
    draft.time = time;
    if (is_rescue) draft.kind = store::SnapshotKind::kRescue;
    for (const auto& [folder_name, folder] : account.folders()) {
      store::FolderInfo info;
      info.raw_name = folder_name;
      info.delimiter = '/';
      info.uid_validity = folder.uid_validity;
      store::FolderDraft contents(writer.reader(), info);
      for (const auto& [uid, content] : folder.messages) {
        const std::string text = ChangingAccount::message(content);
        store::IncomingMessage incoming = writer.begin_message();
        incoming.add(base::as_bytes(text));
        const store::StoredMessage stored = writer.add(incoming);
        store::MessageEntry entry;
        entry.uid = {uid};
        entry.message = stored.id;
        entry.size = stored.size;
        contents.put(entry, stored.digest);
        messages_.insert(stored.id.object.hex());
      }
      draft.folders.push_back(writer.seal(contents));
    }
    const store::SnapshotInfo made = writer.add_snapshot(draft);
    writer.commit();
    return made;
  }

  base::Environment environment() {
    base::Config config;
    config.store.path = location_.store;
    config.store.index = location_.index;
    config.store.key_file = location_.key_file;
    return {.config = std::move(config),
            .format = base::OutputFormat::kJson,
            .files = files_,
            .clock = clock_};
  }

  static std::string answer_of(const std::function<void()>& command) {
    testing::internal::CaptureStdout();
    std::string error;
    try {
      command();
    } catch (const base::Error& caught) {
      error = fmt::format("{}: {}", base::error_word(caught.code()), caught.what());
    }
    return testing::internal::GetCapturedStdout() + error;
  }

  // Queries everything that ever was in alice's account, by time and by id.
  Answers ask(const base::Environment& given) const {
    Answers answers;
    const auto add = [&](const std::string& question, const std::function<void()>& command) {
      answers[question] = answer_of(command);
    };
    add("snapshots", [&] { snapshots(given, "alice", {}); });
    for (const char* query : {"letter", "c3", "c7 folder:F1"}) {
      add(fmt::format("search {}", query),
          [&] { search(given, {.account = "alice", .query = query, .at = ""}); });
    }
    add("vanished", [&] { vanished(given, vanished_since("")); });
    std::vector<std::string> moments = {""};
    for (const store::SnapshotInfo& snapshot : snapshots_) {
      moments.push_back(snapshot.id.hex());
      moments.push_back(base::format_rfc3339(snapshot.time + std::chrono::hours(1)));
    }
    moments.push_back(others_snapshots_.front().id.hex());
    for (const std::string& at : moments) {
      add("folders " + at, [&] { folders(given, "alice", at, {}); });
      for (const char* folder : {"INBOX", "F1"}) {
        add(fmt::format("messages {} {}", folder, at),
            [&] { messages(given, "alice", folder, at, {}); });
      }
      if (at.empty()) continue;
      add("vanished " + at, [&] { vanished(given, vanished_since(at)); });
      add("diff from " + at, [&] { diff(given, difference(at, "")); });
      add("diff to " + at, [&] { diff(given, difference(snapshots_.back().id.hex(), at)); });
      add("search " + at,
          [&] { search(given, {.account = "alice", .query = "letter", .at = at}); });
    }
    for (const std::string& id : messages_) {
      add("select " + id, [&] { select_message(given, id); });
      add("show " + id, [&] { show(given, {.account = "alice", .message = id}); });
      add("show --raw " + id, [&] { show_raw_as_text(given, id); });
    }
    return answers;
  }

  static VanishedOptions vanished_since(const std::string& since) {
    VanishedOptions options;
    options.account = "alice";
    options.since = since;
    return options;
  }

  static DiffOptions difference(const std::string& from, const std::string& to) {
    DiffOptions options;
    options.account = "alice";
    options.from = from;
    options.to = to;
    return options;
  }

  static void show_raw_as_text(base::Environment given, const std::string& id) {
    given.format = base::OutputFormat::kText;
    show(given, {.account = "alice", .message = id, .raw = true});
  }

  // Prints the selection of run and export.
  static void select_message(const base::Environment& given, const std::string& id) {
    store::Reader reader = store::Reader::open(store::location_of(given.config.store), given.files);
    SelectionOptions options;
    options.messages = {id};
    for (const SelectedFolder& folder : select(given, reader, "alice", options).folders) {
      fmt::print("{} {}\n", folder.name, folder.messages.size());
    }
    static_cast<void>(std::fflush(stdout));
  }

  static std::string ask_of_all(const base::Environment& given) {
    VanishedOptions options;
    options.all = true;
    return answer_of([&] { vanished(given, options); });
  }

  tests::TemporaryDirectory directory_;
  store::Location location_{.store = directory_.path() / "store",
                            .index = directory_.path() / "index",
                            .key_file = directory_.path() / "store.key"};
  store::TestClock clock_;
  base::FileSystem& files_ = base::real_file_system();
  ChangingAccount account_;
  ChangingAccount others_;
  std::chrono::sys_seconds first_night_{std::chrono::seconds(1'700'000'000)};
  std::vector<store::SnapshotInfo> snapshots_;
  std::vector<store::SnapshotInfo> others_snapshots_;
  std::set<std::string> messages_;  // ids
};

TEST_P(ReachPropertyTest, AnswersAreThoseOfAStoreThatHoldsNothingOlder) {
  const std::size_t nights = tests::is_long_run() ? 12 : 4;
  for (std::size_t night = 0; night < nights; ++night) back_up_everything(night);
  std::vector<Answers> within;
  std::vector<std::string> within_of_all;
  for (const store::SnapshotInfo& snapshot : snapshots_) {
    within.push_back(ask(bounded(environment(), "alice", snapshot.id.hex())));
    const std::string time = base::format_rfc3339(snapshot.time);
    within_of_all.push_back(ask_of_all(bounded(environment(), "", time)));
    const base::Environment by_time = bounded(environment(), "alice", time);
    EXPECT_EQ(answer_of([&] { snapshots(by_time, "alice", {}); }), within.back()["snapshots"]);
    EXPECT_EQ(answer_of([&] { vanished(by_time, vanished_since("")); }), within.back()["vanished"]);
  }
  for (std::size_t oldest = 0; oldest < nights; ++oldest) {
    SCOPED_TRACE(oldest);
    if (oldest > 0) {
      const std::size_t older = oldest - 1;
      const std::set<store::ObjectId> dropped{snapshots_[older].id, others_snapshots_[older].id};
      ASSERT_EQ(store::drop_snapshots(location_, files_, clock_, dropped), 2U);
    }
    EXPECT_EQ(ask(environment()), within[oldest]);
    EXPECT_EQ(ask_of_all(environment()), within_of_all[oldest]);
  }
}

INSTANTIATE_TEST_SUITE_P(Histories, ReachPropertyTest, testing::Range(1U, 3U));

}  // namespace
}  // namespace restore
