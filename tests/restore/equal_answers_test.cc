// A person gets the same answer about what is out of reach and what does not exist: as text and
// with --json, on stdout and stderr, and in the exit status. No answer names what is out of reach.
#include <chrono>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "store/tree_record.h"
#include "tests/restore/written_history.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using testing::HasSubstr;
using testing::Not;

// An answer with the text that was asked for replaced.
struct Answer {
  int status = 0;
  std::string out;
  std::string err;
  bool operator==(const Answer&) const = default;
  friend void PrintTo(const Answer& answer, std::ostream* stream) {
    *stream << answer.status << "\n" << answer.out << "\n" << answer.err;
  }
};

using CommandLine = std::vector<std::string>;

class EqualAnswersTest : public WrittenHistory {
 protected:
  EqualAnswersTest()
      : bobs_(back_up("bob", {{"Private", {"letter private"}}})),
        old_(back_up("alice", {{"INBOX", {"letter first"}}, {"Beyond", {"letter lost"}}})),
        start_(back_up("alice", {{"INBOX", {"letter first", "letter second"}}})),
        newest_(back_up("alice", {{"INBOX", {"", "letter second", "letter third"}}})) {}

  static std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
      text.replace(at, from.size(), to);
    }
    return text;
  }

  // `asked` replaces <it> in the words.
  Answer answer_to(const CommandLine& words, const std::string& asked) const {
    CommandLine arguments;
    for (const std::string& word : words) arguments.push_back(replaced(word, "<it>", asked));
    const auto result = mailstow_.restore(arguments);
    return {.status = result.status,
            .out = replaced(result.out, asked, "<it>"),
            .err = replaced(result.err, asked, "<it>")};
  }

  // Expects a failure within reach, the same for each.
  void expect_equal(const CommandLine& words, const std::vector<std::string>& unknown) const {
    for (const bool is_json : {false, true}) {
      CommandLine command = words;
      if (is_json) command.emplace_back("--json");
      SCOPED_TRACE(testing::PrintToString(command));
      const Answer answer = answer_to(command, unknown.front());
      EXPECT_TRUE(answer.status == 1 || answer.status == 2) << testing::PrintToString(answer);
      EXPECT_EQ(answer.out.empty(), !is_json);
      for (auto other = std::next(unknown.begin()); other != unknown.end(); ++other) {
        EXPECT_EQ(answer_to(command, *other), answer);
      }
    }
  }

  std::string message_in(const std::string& account, const std::string& folder,
                         const std::string& snapshot) const {
    return mailstow_.restore_json(
        {"messages", account, folder, "--at", snapshot})["messages"][0]["message"];
  }

  std::string time_of(const std::string& snapshot) const {
    return find_by(mailstow_.restore_json({"snapshots", "alice"})["snapshots"], "snapshot",
                   snapshot)["time"];
  }

  static inline const std::string kInvented =
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  std::string bobs_;    // snapshot
  std::string old_;     // alice's first, out of reach
  std::string start_;   // the first within reach
  std::string newest_;  // alice's
  const std::string to_ = (mailstow_.directory() / "exported").string();
};

TEST_F(EqualAnswersTest, OfSnapshots) {
  const std::vector<CommandLine> table = {
      {"folders", "alice", "--at", "<it>", "--reach", start_},
      {"messages", "alice", "INBOX", "--at", "<it>", "--reach", start_},
      {"search", "alice", "letter", "--at", "<it>", "--reach", start_},
      {"search", "alice", "after:<it>", "--reach", start_},
      {"vanished", "alice", "--since", "<it>", "--reach", start_},
      {"diff", "alice", "--from", "<it>", "--reach", start_},
      {"diff", "alice", "--from", start_, "--to", "<it>", "--reach", start_},
      {"export", "alice", "--at", "<it>", "--format", "eml", "--to", to_, "--reach", start_},
      {"export", "alice", "--since", "<it>", "--format", "eml", "--to", to_, "--reach", start_}};
  for (const CommandLine& words : table) {
    expect_equal(words, {kInvented, bobs_, old_});
    expect_equal(words, {kInvented.substr(0, 16), bobs_.substr(0, 16), old_.substr(0, 16)});
  }
}

TEST_F(EqualAnswersTest, OfMessages) {
  const std::string of_bob = message_in("bob", "Private", bobs_);
  const std::string beyond = message_in("alice", "Beyond", old_);
  const std::vector<CommandLine> table = {
      {"show", "alice", "<it>", "--reach", start_},
      {"export", "alice", "--message", "<it>", "--format", "eml", "--to", to_, "--reach", start_}};
  for (const CommandLine& words : table) {
    expect_equal(words, {kInvented, of_bob, beyond});
    expect_equal(words, {kInvented.substr(0, 16), of_bob.substr(0, 16), beyond.substr(0, 16)});
  }
  // Without the bound, of another account's.
  expect_equal({"show", "alice", "<it>"}, {kInvented, of_bob});
}

TEST_F(EqualAnswersTest, OfFolders) {
  const std::vector<CommandLine> table = {
      {"messages", "alice", "<it>", "--reach", start_},
      {"messages", "alice", "<it>", "--at", newest_, "--reach", start_},
      {"diff", "alice", "--from", start_, "--folder", "<it>", "--reach", start_},
      {"folders", "alice", "--after", "<it>", "--reach", start_},
      {"export", "alice", "--folder", "<it>", "--format", "eml", "--to", to_, "--reach", start_}};
  for (const CommandLine& words : table) {
    // The misspelt ones would suggest the folders, if these existed.
    expect_equal(words, {"Nowhere", "Private", "Privat", "Beyond", "Beyon", "beyond"});
  }
}

TEST_F(EqualAnswersTest, OfWordsThatOnlyAnotherAccountOrThePastHas) {
  for (const CommandLine& words :
       {CommandLine{"search", "alice", "<it>", "--reach", start_},
        CommandLine{"search", "alice", "<it>", "--reach", start_, "--json"}}) {
    const Answer nothing = answer_to(words, "zebra");
    EXPECT_EQ(nothing.status, 1);
    EXPECT_EQ(answer_to(words, "private"), nothing);
    EXPECT_EQ(answer_to(words, "lost"), nothing);
  }
}

TEST_F(EqualAnswersTest, OfTimesBeforeTheReach) {
  const std::string old_time = time_of(old_);
  const std::vector<CommandLine> table = {
      {"folders", "alice", "--at", "<it>", "--reach", start_},
      {"messages", "alice", "INBOX", "--at", "<it>", "--reach", start_},
      {"diff", "alice", "--from", "<it>", "--reach", start_},
      {"export", "alice", "--at", "<it>", "--format", "eml", "--to", to_, "--reach", start_}};
  for (const CommandLine& words : table) expect_equal(words, {"2001-01-01T00:00:00Z", old_time});
  const CommandLine vanished = {"vanished", "alice", "--since", "<it>",
                                "--reach",  start_,  "--json"};
  EXPECT_EQ(answer_to(vanished, old_time), answer_to(vanished, "2001-01-01T00:00:00Z"));
}

store::TreeRecord tree_of_bob() {
  const auto now = base::system_clock().now_seconds();
  store::TreeRecord record;
  record.id = store::TreeRecords::new_id();
  record.account = "bob";
  record.server = "main";
  record.user = "bob";
  record.name = "RESTORED/20260101T000000";
  record.raw_name = record.name;
  record.delimiter = '/';
  record.state = store::TreeState::kIncomplete;
  record.created = now;
  record.expires = now + std::chrono::hours(24);
  return record;
}

TEST_F(EqualAnswersTest, OfTrees) {
  store::TreeRecord record = tree_of_bob();
  record.request = "{";  // damaged
  store::TreeRecords::open(location_, base::real_file_system()).put(record);
  const std::vector<std::string> unknown = {"RESTORED/20260102T000000", record.name};
  expect_equal({"run", "alice", "--resume", "<it>"}, unknown);
  expect_equal({"run", "alice", "--resume", "<it>", "--reach", start_}, unknown);
  expect_equal({"extend", "alice", "<it>", "1d"}, unknown);
  expect_equal({"expire", "alice", "<it>"}, unknown);
}

TEST_F(EqualAnswersTest, AnOlderRecordOfAnotherAccountsTreeIsNotNamed) {
  base::FileSystem& files = base::real_file_system();
  store::TreeRecord record = tree_of_bob();
  auto records = store::TreeRecords::open(location_, files);
  records.put(record);
  const auto only_file = [&] {
    return location_.store / "trees" / files.list(location_.store / "trees").at(0);
  };
  const base::Path file = only_file();
  const base::Bytes old = base::read_file(files, file, std::size_t{1} << 20).value();
  record.expires += std::chrono::hours(24);
  records.put(record);
  files.remove(only_file());
  base::write_file(files, file, old, base::OnExisting::kFail);
  EXPECT_THAT(mailstow_.restore({"trees", "bob"}).err, HasSubstr("an older record"));
  EXPECT_EQ(mailstow_.restore({"trees", "alice"}).err, "");
}

TEST_F(EqualAnswersTest, NoAnswerWithinReachNamesOlderContent) {
  const std::string first = message_in("alice", "INBOX", start_);
  const std::string old_time = time_of(old_);
  const std::vector<CommandLine> table = {
      {"snapshots", "alice"},
      {"folders", "alice"},
      {"folders", "alice", "--at", start_},
      {"messages", "alice", "INBOX", "--at", start_},
      {"messages", "alice", "Beyond"},
      {"show", "alice", first},
      {"search", "alice", "letter"},
      {"vanished", "alice"},
      {"vanished", "--all"},
      {"diff", "alice", "--from", start_},
      {"export", "alice", "--folder", "Beyond", "--format", "eml", "--to", to_}};
  for (CommandLine words : table) {
    words.insert(words.end(),
                 {"--reach", words[1] == "--all" ? time_of(start_) : start_, "--json"});
    SCOPED_TRACE(testing::PrintToString(words));
    const auto result = mailstow_.restore(words);
    const std::string all = result.out + result.err;
    EXPECT_THAT(all, Not(HasSubstr(old_.substr(0, 16))));
    EXPECT_THAT(all, Not(HasSubstr(old_time)));
    EXPECT_THAT(all, Not(HasSubstr("lost")));
    EXPECT_THAT(all, Not(HasSubstr(bobs_.substr(0, 16))));
  }
  const json shown = mailstow_.restore_json({"show", "alice", first, "--reach", start_});
  EXPECT_EQ(shown["first_seen"], time_of(start_));
  EXPECT_EQ(shown["snapshots"].size(), 1U);
}

}  // namespace
}  // namespace restore
