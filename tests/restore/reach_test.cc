// `--reach`: an id that is out of reach, one of another account and one that does not exist have
// the same answer.
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/programs/installation.h"
#include "tests/servers/dovecot.h"

namespace restore {
namespace {

using programs::json;
using testing::HasSubstr;

// An answer in which the requested name is replaced.
struct Reply {
  int status = 0;
  std::string out;
  std::string err;
  bool operator==(const Reply&) const = default;
  friend void PrintTo(const Reply& reply, std::ostream* stream) {
    *stream << reply.status << "\n" << reply.out << "\n" << reply.err;
  }
};

// Names of three things of one kind.
struct Unknowns {
  std::string out_of_reach;
  std::string of_bob;
  std::string invented;
};

using Words = std::vector<std::string>;

// Alice's three backups, with bob's before them. Tests make trees, but no further backup.
class Scene {
 public:
  Scene() {
    mailstow_.make_store();
    server_.client("alice").command("CREATE Beyond");
    server_.client("bob").command("CREATE Private");
    append("alice", "INBOX", "letter first");
    append("alice", "Beyond", "letter lost");
    append("bob", "Private", "letter private");
    bobs = back_up("bob");
    old = back_up("alice");
    server_.client("alice").command("DELETE Beyond");
    append("alice", "INBOX", "letter second");
    start = back_up("alice");
    append("alice", "INBOX", "letter third");
    expunge("1");
    newest = back_up("alice");
  }

  const programs::Installation& mailstow() const { return mailstow_; }

  std::string bobs;    // snapshot
  std::string old;     // alice's first, out of reach
  std::string start;   // the first within reach
  std::string newest;  // alice's

 private:
  void append(const std::string& user, const std::string& folder, const std::string& subject) {
    const std::string mail = "From: a@example.org\r\nSubject: " + subject +
                             "\r\nDate: Tue, 3 Nov 2026 10:00:00 +0000\r\n\r\nbody\r\n";
    server_.client(user).append(folder, std::vector<servers::Delivery>{{mail}});
  }

  void expunge(const std::string& number) {
    auto alice = server_.client("alice");
    alice.command("SELECT INBOX");
    alice.command("STORE " + number + " +FLAGS.SILENT (\\Deleted)");
    alice.command("EXPUNGE");
  }

  std::string back_up(const std::string& user) {
    return mailstow_.backupd_json({"once", "--account", user})["accounts"][0]["snapshot"];
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

class ReachOptionTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { scene = std::make_unique<Scene>(); }
  static void TearDownTestSuite() { scene.reset(); }

  std::string message_in(const std::string& user, const std::string& folder,
                         const std::string& snapshot) {
    return mailstow_.restore_json(
        {"messages", user, folder, "--at", snapshot})["messages"][0]["message"];
  }

  Unknowns snapshots() const { return {old_, bobs_, kInvented}; }

  Unknowns messages() {
    return {message_in("alice", "Beyond", old_), message_in("bob", "Private", bobs_), kInvented};
  }

  static Unknowns first_digits(const Unknowns& ids) {
    constexpr std::size_t kShown = 16;
    return {ids.out_of_reach.substr(0, kShown), ids.of_bob.substr(0, kShown),
            ids.invented.substr(0, kShown)};
  }

  static std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
      text.replace(at, from.size(), to);
    }
    return text;
  }

  // `asked`: the text that replaces <it> in the words.
  Reply reply_to(Words words, const std::string& asked) const {
    words.emplace_back("--json");  // with it, an error is on both outputs
    return text_reply_to(words, asked);
  }

  Reply text_reply_to(const Words& words, const std::string& asked) const {
    Words arguments;
    for (const std::string& word : words) arguments.push_back(replaced(word, "<it>", asked));
    const auto result = mailstow_.restore(arguments);
    return {.status = result.status,
            .out = replaced(result.out, asked, "<it>"),
            .err = replaced(result.err, asked, "<it>")};
  }

  // Expects a failure, the same for each.
  void expect_equal_replies(Words words, const Unknowns& unknowns) const {
    words.insert(words.end(), {"--reach", start_});
    SCOPED_TRACE(testing::PrintToString(words));
    const Reply reply = reply_to(words, unknowns.invented);
    EXPECT_TRUE(reply.status == 1 || reply.status == 2) << testing::PrintToString(reply);
    EXPECT_THAT(reply.out, HasSubstr("\"error\""));
    EXPECT_EQ(reply_to(words, unknowns.of_bob), reply);
    EXPECT_EQ(reply_to(words, unknowns.out_of_reach), reply);
  }

  // The same for commands without a JSON document.
  void expect_equal_text_replies(const Words& words, const Unknowns& unknowns) const {
    SCOPED_TRACE(testing::PrintToString(words));
    const Reply reply = text_reply_to(words, unknowns.invented);
    EXPECT_TRUE(reply.status == 1 || reply.status == 2) << testing::PrintToString(reply);
    EXPECT_EQ(reply.out, "");
    EXPECT_THAT(reply.err, HasSubstr("<it>"));
    EXPECT_EQ(text_reply_to(words, unknowns.of_bob), reply);
    EXPECT_EQ(text_reply_to(words, unknowns.out_of_reach), reply);
  }

  // The subjects that a search finds.
  std::set<std::string> found(Words options = {}) {
    options.insert(options.begin(), {"search", "alice", "letter"});
    std::set<std::string> subjects;
    const json document = mailstow_.restore_json(options);
    for (const json& message : document["messages"]) {
      subjects.insert(message["subject"].get<std::string>());
    }
    return subjects;
  }

  static inline const std::string kInvented =
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  static inline std::unique_ptr<const Scene> scene;
  const programs::Installation& mailstow_ = scene->mailstow();
  const std::string bobs_ = scene->bobs;
  const std::string old_ = scene->old;
  const std::string start_ = scene->start;
  const std::string newest_ = scene->newest;
  const std::string export_folder_ =
      (mailstow_.directory() / testing::UnitTest::GetInstance()->current_test_info()->name())
          .string();
};

TEST_F(ReachOptionTest, ASnapshotOutOfReachIsAnyUnknownId) {
  const std::vector<Words> table = {
      {"folders", "alice", "--at", "<it>"},
      {"messages", "alice", "INBOX", "--at", "<it>"},
      {"search", "alice", "letter", "--at", "<it>"},
      {"search", "alice", "letter after:<it>"},
      {"search", "alice", "letter before:<it>"},
      {"vanished", "alice", "--since", "<it>"},
      {"diff", "alice", "--from", "<it>"},
      {"diff", "alice", "--from", start_, "--to", "<it>"},
      {"run", "alice", "--all", "--at", "<it>", "--dry-run"},
      {"run", "alice", "--since", "<it>", "--dry-run"},
      {"run", "alice", "--before", "<it>", "--dry-run"},
      {"run", "alice", "--query", "letter before:<it>", "--dry-run"},
      {"export", "alice", "--at", "<it>", "--format", "eml", "--to", export_folder_},
  };
  for (const Words& words : table) expect_equal_replies(words, snapshots());
  for (const std::size_t shortened : {0U, 3U, 5U, 6U, 7U, 8U}) {
    expect_equal_replies(table[shortened], first_digits(snapshots()));
  }
  expect_equal_replies({"snapshots", "alice", "--after", "<it>"}, snapshots());
  EXPECT_EQ(reply_to({"folders", "alice", "--at", "<it>"}, old_).status, 0) << "without a bound";
}

TEST_F(ReachOptionTest, AMessageOutOfReachIsAnyUnknownId) {
  const Unknowns ids = messages();
  const std::vector<Words> table = {
      {"show", "alice", "<it>"},
      {"run", "alice", "--message", "<it>", "--dry-run"},
      {"run", "alice", "--message", "<it>", "--at", start_, "--dry-run"},
      {"run", "alice", "--message", "<it>", "--at", old_, "--dry-run"},
      {"export", "alice", "--message", "<it>", "--format", "mbox", "--to", export_folder_},
  };
  for (const Words& words : table) {
    expect_equal_replies(words, ids);
    expect_equal_replies(words, first_digits(ids));
  }
  const Words raw = {"show", "alice", "<it>", "--raw", "--reach", start_};
  expect_equal_text_replies(raw, ids);
  expect_equal_text_replies(raw, first_digits(ids));
  EXPECT_EQ(text_reply_to({"show", "alice", "<it>", "--raw"}, ids.out_of_reach).status, 0)
      << "without a bound";
  EXPECT_EQ(
      reply_to({"run", "alice", "--message", "<it>", "--at", old_, "--dry-run"}, ids.out_of_reach)
          .status,
      0)
      << "without a bound";
}

TEST_F(ReachOptionTest, AFolderOutOfReachIsAnyUnknownName) {
  const Unknowns names = {"Beyond", "Private", "Nowhere"};
  const std::vector<Words> table = {
      {"messages", "alice", "<it>"},
      {"messages", "alice", "<it>", "--at", start_},
      {"folders", "alice", "--after", "<it>"},
      {"diff", "alice", "--from", start_, "--folder", "<it>"},
      {"diff", "alice", "--from", start_, "--after", "<it>"},
      {"run", "alice", "--folder", "<it>", "--dry-run"},
      {"export", "alice", "--folder", "<it>", "--format", "eml", "--to", export_folder_},
  };
  for (const Words& words : table) expect_equal_replies(words, names);
  EXPECT_THAT(mailstow_.restore({"messages", "alice", "Beyond"}).err, HasSubstr("add --at"))
      << "without a bound, the snapshot that has it is named";
}

TEST_F(ReachOptionTest, ATreeMadeFromASnapshotOutOfReachIsUnknown) {
  const std::string old_tree =
      mailstow_.restore_json({"run", "alice", "--folder", "Beyond", "--at", old_})["tree"];
  const std::string bobs_tree = mailstow_.restore_json({"run", "bob", "--all"})["tree"];
  expect_equal_replies({"run", "alice", "--resume", "<it>"},
                       {old_tree, bobs_tree, "RESTORED/20010101T000000"});
  mailstow_.restore_json({"run", "alice", "--resume", old_tree});
  const std::string tree = mailstow_.restore_json({"run", "alice", "--all"})["tree"];
  mailstow_.restore_json({"run", "alice", "--resume", tree, "--reach", start_});
}

TEST_F(ReachOptionTest, OlderSnapshotsDoNotExist) {
  const auto list = [&](const std::string& reach) {
    Words ids;
    const json document = mailstow_.restore_json({"snapshots", "alice", "--reach", reach});
    for (const json& snapshot : document["snapshots"]) ids.push_back(snapshot["snapshot"]);
    return ids;
  };
  EXPECT_EQ(list(start_), (Words{start_, newest_}));
  EXPECT_EQ(list(start_.substr(0, 16)), (Words{start_, newest_}));
  EXPECT_EQ(list(newest_), Words{newest_});
  EXPECT_EQ(list("2001-01-01"), (Words{old_, start_, newest_}));
  EXPECT_EQ(list("1 day ago"), (Words{old_, start_, newest_}));

  EXPECT_EQ(found(), (std::set<std::string>{"letter first", "letter lost", "letter second",
                                            "letter third"}));
  EXPECT_EQ(found({"--reach", start_}),
            (std::set<std::string>{"letter first", "letter second", "letter third"}));
  EXPECT_EQ(found({"--reach", newest_}), (std::set<std::string>{"letter second", "letter third"}));

  const auto bursts = [&](const Words& which, const std::string& list_name) {
    Words command = {"vanished"};
    command.insert(command.end(), which.begin(), which.end());
    return mailstow_.restore_json(command)[list_name];
  };
  EXPECT_EQ(bursts({"alice"}, "bursts").size(), 2U);
  EXPECT_EQ(bursts({"alice", "--reach", start_}, "bursts").size(), 1U);
  EXPECT_EQ(bursts({"alice", "--reach", newest_}, "bursts").size(), 0U);
  EXPECT_EQ(bursts({"--all", "--reach", "2001-01-01"}, "accounts").size(), 2U);
  EXPECT_EQ(bursts({"--all", "--reach", "2999-01-01"}, "accounts").size(), 0U);

  mailstow_.restore_json({"export", "alice", "--format", "eml", "--to", export_folder_, "--at",
                          start_, "--reach", start_});
}

TEST_F(ReachOptionTest, AnAccountWithNothingWithinReachIsAnyUnknownAccount) {
  const std::vector<Words> table = {{"snapshots", "<it>"},
                                    {"folders", "<it>"},
                                    {"messages", "<it>", "INBOX"},
                                    {"search", "<it>", "letter"},
                                    {"vanished", "<it>"}};
  for (Words words : table) {
    words.insert(words.end(), {"--reach", "2999-01-01"});
    EXPECT_EQ(reply_to(words, "alice"), reply_to(words, "carol")) << words.front();
    EXPECT_EQ(reply_to(words, "alice").status, 1) << words.front();
    EXPECT_THAT(reply_to(words, "alice").err, HasSubstr("no snapshot within the reach"))
        << words.front();
  }
}

TEST_F(ReachOptionTest, RejectsAnInvalidReach) {
  const Reply invented = reply_to({"snapshots", "alice", "--reach", "<it>"}, kInvented);
  EXPECT_EQ(invented.status, 2);
  EXPECT_THAT(invented.err, HasSubstr("--reach: account alice: it has no snapshot <it>"));
  EXPECT_EQ(reply_to({"snapshots", "alice", "--reach", "<it>"}, bobs_), invented);
  // An empty value, as of an unset variable in a script, must not mean "no bound".
  for (const Words& empty : {Words{"--reach", ""}, Words{"--reach="}}) {
    Words words = {"snapshots", "alice"};
    words.insert(words.end(), empty.begin(), empty.end());
    EXPECT_EQ(mailstow_.restore(words).status, 2);
  }
  for (const std::string& text : {kInvented.substr(0, 16), std::string("whenever")}) {
    const Reply reply = reply_to({"folders", "alice", "--reach", "<it>"}, text);
    EXPECT_EQ(reply.status, 2) << text;
    EXPECT_THAT(reply.err, HasSubstr("--reach: ")) << text;
  }
  EXPECT_EQ(mailstow_.restore({"vanished", "--all", "--reach", start_}).status, 2);
}

TEST_F(ReachOptionTest, EveryCommandThatReadsAnAccountHasIt) {
  const std::set<std::string> of_trees = {"trees", "extend", "expire"};
  std::istringstream help(mailstow_.restore({"--help"}).out);
  std::size_t commands = 0;
  bool is_list = false;
  for (std::string line; std::getline(help, line);) {
    if (line.starts_with("Subcommands:")) is_list = true;
    if (!is_list || !line.starts_with("  ") || line.starts_with("   ")) continue;
    const std::string name = line.substr(2, line.find(' ', 2) - 2);
    const std::string text = mailstow_.restore({name, "--help"}).out;
    const bool has_account = text.find("\n  NAME") != std::string::npos;
    if (!has_account || of_trees.contains(name)) continue;
    ++commands;
    EXPECT_THAT(text, HasSubstr("--reach SNAPSHOT|TIME")) << name;
  }
  EXPECT_GE(commands, 7U);
}

}  // namespace
}  // namespace restore
