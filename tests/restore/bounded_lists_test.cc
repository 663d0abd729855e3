// Lists that another program asks for in parts: accounts, trees, the messages of a burst, the
// places of a message.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/process.h"
#include "store/tree_record.h"
#include "tests/restore/written_history.h"

namespace restore {
namespace {

using programs::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class BoundedListsTest : public WrittenHistory {
 protected:
  // The fields `name` of a list's elements.
  static std::vector<std::string> fields(const json& list, const std::string& name) {
    std::vector<std::string> values;
    for (const json& element : list) values.push_back(element[name]);
    return values;
  }

  void add_tree(const std::string& account, const std::string& name) {
    store::TreeRecord record;
    record.id = store::TreeRecords::new_id();
    record.account = account;
    record.server = "main";
    record.user = account;
    record.name = name;
    record.raw_name = name;
    record.delimiter = '/';
    record.state = store::TreeState::kComplete;
    record.created = created_;
    record.expires = created_ + std::chrono::hours(100);
    store::TreeRecords::open(location_, base::real_file_system()).put(record);
    created_ += std::chrono::seconds(1);
  }

  std::chrono::sys_seconds created_ = base::system_clock().now_seconds() - std::chrono::hours(1);
};

// In kilobytes; the output is thrown away. A process's peak begins with that of the one which
// starts it, so a small one does that: the test's own peak is above what it measures.
long peak_memory(std::vector<std::string> command) {
  static constexpr auto kMeasure =
      "import resource, subprocess, sys\n"
      "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n"
      "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n";
  // AddressSanitizer would keep what is freed.
  const char* const options = std::getenv("ASAN_OPTIONS");
  command.insert(
      command.begin(),
      {"env",
       std::string("ASAN_OPTIONS=") + (options == nullptr ? "" : options) + ":quarantine_size_mb=1",
       "python3", "-c", kMeasure});
  return std::stol(base::output_of(command, 100));
}

// A document of 20,000 messages takes 50 MB if it is made before it is printed.
TEST_F(BoundedListsTest, MemoryDoesNotGrowWithAListing) {
  const WrittenFolder few{.name = "Few", .subjects = std::vector<std::string>(200, "one")};
  const WrittenFolder many{.name = "Many", .subjects = std::vector<std::string>(20'000, "one")};
  back_up("alice", {few});
  back_up("alice", {});
  back_up("bob", {many});
  back_up("bob", {});
  constexpr long kMaxGrowth = 16L * 1024;
  const auto growth = [&](const std::vector<std::string>& of_few,
                          const std::vector<std::string>& of_many) {
    return peak_memory(mailstow_.restore_command(of_many)) -
           peak_memory(mailstow_.restore_command(of_few));
  };
  // The snapshots before the last ones.
  const auto first = [&](const char* account) -> std::string {
    return mailstow_.restore_json({"snapshots", account})["snapshots"][0]["snapshot"];
  };
  EXPECT_LT(growth({"messages", "alice", "Few", "--json", "--at", first("alice")},
                   {"messages", "bob", "Many", "--json", "--at", first("bob")}),
            kMaxGrowth);
  EXPECT_LT(growth({"vanished", "alice", "--json"}, {"vanished", "bob", "--json"}), kMaxGrowth);
  EXPECT_EQ(
      mailstow_.restore_json({"messages", "bob", "Many", "--at", first("bob")})["messages"].size(),
      20'000U);
}

TEST_F(BoundedListsTest, AccountsComeInPages) {
  for (const char* account : {"alice", "bob", "carol"}) back_up(account, {{"INBOX", {"one"}}});
  const json first = mailstow_.restore_json({"accounts", "--limit", "2"});
  EXPECT_THAT(fields(first["accounts"], "account"), ElementsAre("alice", "bob"));
  EXPECT_EQ(first["next"], "bob");
  const json rest = mailstow_.restore_json({"accounts", "--limit", "2", "--after", "bob"});
  EXPECT_THAT(fields(rest["accounts"], "account"), ElementsAre("carol"));
  EXPECT_EQ(rest["next"], nullptr);
  EXPECT_THAT(mailstow_.restore({"accounts", "--limit", "1"}).out, HasSubstr("--after=alice"));
  EXPECT_EQ(mailstow_.restore({"accounts", "--after", "dave"}).status, 1);
}

TEST_F(BoundedListsTest, TreesComeInPages) {
  back_up("alice", {{"INBOX", {"one"}}});
  add_tree("alice", "RESTORED/1");
  add_tree("bob", "RESTORED/1");
  add_tree("alice", "RESTORED/2");
  const json first = mailstow_.restore_json({"trees", "alice", "--limit", "1"});
  EXPECT_THAT(fields(first["trees"], "tree"), ElementsAre("RESTORED/1"));
  const std::string next = first["next"];
  const json rest = mailstow_.restore_json({"trees", "alice", "--after", next});
  EXPECT_THAT(fields(rest["trees"], "tree"), ElementsAre("RESTORED/2"));
  EXPECT_EQ(rest["next"], nullptr);
  const json of_all = mailstow_.restore_json({"trees", "--after", next});
  EXPECT_THAT(fields(of_all["trees"], "account"), ElementsAre("bob", "alice"));
  EXPECT_THAT(mailstow_.restore({"trees", "--limit", "1"}).out, HasSubstr("--after=" + next));

  // Another account's is as unknown as one that does not exist.
  const std::string of_bob = mailstow_.restore_json({"trees", "--limit", "2"})["next"];
  EXPECT_EQ(mailstow_.restore({"trees", "alice", "--after", of_bob}).status, 1);
  EXPECT_EQ(mailstow_.restore({"trees", "alice", "--after", "x"}).status, 1);
}

TEST_F(BoundedListsTest, ABurstCanBeShownWithoutItsMessages) {
  const std::string before =
      back_up("alice", {{"INBOX", {"one", "two", "three"}}, {"Work", {"four"}}});
  const std::string after = back_up("alice", {{"INBOX", {}}, {"Work", {"four"}}});
  for (const std::size_t most : {0U, 2U, 3U, 7U}) {
    const json document =
        mailstow_.restore_json({"vanished", "alice", "--messages", std::to_string(most)});
    const json& burst = document["bursts"][0];
    EXPECT_EQ(burst["count"], 3);
    EXPECT_EQ(burst["messages"].size(), std::min<std::size_t>(most, 3));
    EXPECT_EQ(burst["snapshot"], before);
    EXPECT_EQ(burst["gone_in"], after);
  }
  EXPECT_EQ(mailstow_.restore_json({"vanished", "alice"})["bursts"][0]["messages"].size(), 3U);
  // As the manual page says, diff lists them in pages.
  const json page = mailstow_.restore_json(
      {"diff", "alice", "--from", before, "--to", after, "--folder", "INBOX", "--limit", "2"});
  EXPECT_EQ(page["counts"]["removed"], 3);
  EXPECT_EQ(page["messages"].size(), 2U);
}

TEST_F(BoundedListsTest, ShowListsTheNewestPlacesAndSnapshots) {
  back_up("alice", {{"INBOX", {"one"}}});
  back_up("alice", {{"INBOX", {"one"}}, {"Work", {"one"}}});
  const std::string newest = back_up("alice", {{"Work", {"one"}}});
  const std::string id =
      mailstow_.restore_json({"messages", "alice", "Work"})["messages"][0]["message"];
  const json whole = mailstow_.restore_json({"show", "alice", id});
  EXPECT_EQ(whole["places"].size(), 2U);
  EXPECT_EQ(whole["snapshots"].size(), 3U);
  const json cut = mailstow_.restore_json({"show", "alice", id, "--limit", "1"});
  ASSERT_EQ(cut["places"].size(), 1U);
  EXPECT_EQ(cut["places"][0]["folder"], "Work");
  ASSERT_EQ(cut["snapshots"].size(), 1U);
  EXPECT_EQ(cut["snapshots"][0]["snapshot"], newest);
  EXPECT_EQ(cut["place_count"], 2);
  EXPECT_EQ(cut["snapshot_count"], 3);
  EXPECT_EQ(cut["first_seen"], whole["first_seen"]) << "of all";
  EXPECT_THAT(mailstow_.restore({"show", "alice", id, "--limit", "1"}).out,
              HasSubstr("1 of 2 places are shown"));
  EXPECT_THAT(mailstow_.restore({"show", "alice", id}).out, Not(HasSubstr("are shown")));
  EXPECT_EQ(mailstow_.restore({"show", "alice", id, "--limit", "1", "--raw"}).status, 2);
}

}  // namespace
}  // namespace restore
