#include "restore/plan.h"

#include <set>
#include <utility>

#include <gmock/gmock.h>

#include "restore/unrecorded_mail.h"
#include "tests/expect_error.h"

namespace restore {
namespace {

SelectedFolder folder(const std::string& name, std::uint64_t size = 10) {
  SelectedFolder selected;
  selected.name = name;
  selected.messages.resize(1);
  selected.messages[0].size = size;
  return selected;
}

TEST(PlanTest, EveryLevelIsNamedParentsFirst) {
  Selection selection;
  selection.folders = {folder("Archive/2023/May", 10), folder("INBOX", 20)};
  const Plan plan = make_plan(selection, "RESTORED/20261124T023000", {'/', ""});
  EXPECT_EQ(plan.levels,
            (std::vector<std::string>{
                "RESTORED", "RESTORED/20261124T023000", "RESTORED/20261124T023000/Archive",
                "RESTORED/20261124T023000/Archive/2023",
                "RESTORED/20261124T023000/Archive/2023/May", "RESTORED/20261124T023000/INBOX"}));
  EXPECT_EQ(plan.counts.messages, 2U);
  EXPECT_EQ(plan.counts.bytes, 30U);
}

TEST(PlanTest, TheInboxHasOneNameHoweverItsSourceSpeltIt) {
  Selection selection;
  selection.folders = {folder("Inbox"), folder("Inbox2")};
  const Plan plan = make_plan(selection, "", {'.', "INBOX."});
  EXPECT_EQ(plan.folders[0].target_raw_name, "INBOX");
  EXPECT_EQ(plan.levels, (std::vector<std::string>{"INBOX", "INBOX.Inbox2"}));
}

TEST(PlanTest, AProbeUsesANameThatTheTreeDoesNotHave) {
  Selection selection;
  selection.folders = {folder("INBOX")};
  EXPECT_EQ(probe_folder(make_plan(selection, "RESTORED/x", {'/', ""})),
            "RESTORED/x/mailstow-probe");
  selection.folders.push_back(folder("mailstow-probe/below"));
  EXPECT_EQ(probe_folder(make_plan(selection, "RESTORED/x", {'/', ""})),
            "RESTORED/x/mailstow-probe-");
}

TEST(PlanTest, NamesAreSpeltAsTheServerSpells) {
  Selection selection;
  selection.folders = {folder("Entwürfe/Größe")};
  const Plan plan = make_plan(selection, "RESTORED/x", {'.', "INBOX."});
  EXPECT_EQ(plan.tree_raw_name, "INBOX.RESTORED.x");
  EXPECT_EQ(plan.folders[0].target, "RESTORED/x/Entwürfe/Größe");
  EXPECT_EQ(plan.folders[0].target_raw_name, "INBOX.RESTORED.x.Entw&APw-rfe.Gr&APYA3w-e");
}

TEST(PlanTest, WithoutAHierarchyThereIsNoTree) {
  EXPECT_ERROR(kRefused, "does not support folders within folders",
               make_plan({}, "RESTORED/x", {0, ""}));
}

TEST(PlanTest, ATreeIsNamedByItsTemplate) {
  const std::chrono::sys_seconds time =
      std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::hours(17);
  EXPECT_EQ(tree_name("RESTORED/{timestamp}", time, "UTC", "alice", '/'),
            "RESTORED/20261123T170000");
  EXPECT_EQ(tree_name("Back {timestamp}!", time, "Europe/Oslo", "alice", '/'),
            "Back 20261123T180000!");
}

TEST(PlanTest, ATemplateMayNameTheUserAndSpellAsTheServerDoes) {
  const std::chrono::sys_seconds time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);
  const std::string likeness = "%/Shared.RESTORED.{localpart}.{timestamp}";
  EXPECT_EQ(tree_name(likeness, time, "UTC", "j.doe@example.org", '.'),
            "%/Shared/RESTORED/j_doe/20261123T000000");
  EXPECT_EQ(tree_name(likeness, time, "UTC", "j.doe@example.org", '/'),
            "%/Shared.RESTORED.j.doe.20261123T000000");
}

TEST(PlanTest, DerivesTheFolderOfTreesFromTheTemplate) {
  const auto folder = [](const std::string& tree_template, char delimiter) {
    return folder_of_trees(tree_template, "j.doe@example.org", delimiter);
  };
  EXPECT_EQ(folder("RESTORED/{timestamp}", '/'), "RESTORED");
  EXPECT_EQ(folder("Back/{localpart}/x{timestamp}", '/'), "Back/j.doe");
  EXPECT_EQ(folder("%/Shared.RESTORED.{localpart}.{timestamp}", '.'), "%/Shared/RESTORED/j_doe");
  EXPECT_EQ(folder("%/Public/RESTORED.{localpart}.{timestamp}", '/'), "") << "it is everybody's";
  EXPECT_EQ(folder("Back {timestamp}", '/'), "");
}

TEST(PlanTest, ATreeOutsideTheAccountsOwnFoldersDoesNotCreateTheNamespace) {
  Selection selection;
  selection.folders = {folder("INBOX")};
  const Plan plan = make_plan(selection, "%/Shared/RESTORED/alice", {'.', "INBOX.", {"Shared."}});
  EXPECT_EQ(plan.levels, (std::vector<std::string>{"Shared.RESTORED", "Shared.RESTORED.alice",
                                                   "Shared.RESTORED.alice.INBOX"}));
}

TEST(PlanTest, AnImpossibleNameIsMappedWithItsReason) {
  Selection selection;
  const std::string deep = "Deep/" + std::string(300, 'x') + "/End";
  selection.folders = {folder("v1.2"), folder("v1_2"), folder(deep), folder("Plain")};
  const Plan plan = make_plan(selection, "RESTORED/t", {'.', ""});
  ASSERT_EQ(plan.folders.size(), 4U);
  EXPECT_EQ(plan.folders[0].target, "RESTORED/t/v1_2");
  EXPECT_THAT(plan.folders[0].renamed, testing::HasSubstr("separates levels"));
  EXPECT_THAT(plan.folders[1].target, testing::StartsWith("RESTORED/t/v1_2~"));
  EXPECT_THAT(plan.folders[2].target, testing::StartsWith("RESTORED/t/End~"));
  EXPECT_THAT(plan.folders[2].renamed, testing::HasSubstr("too long"));
  EXPECT_EQ(plan.folders[3].renamed, "");
  for (const PlannedFolder& planned : plan.folders) {
    EXPECT_LE(planned.target_raw_name.size(), 240U);
  }
}

// Sources, as shown, and what they become below the tree's top where '/' separates levels.
TEST(PlanTest, NamesThatServersRefuseAreSpeltAsTheyAccept) {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"A & B%", "A &- B"},                  // a raw '&'
      {"Entw\xC3\xBCrfe%", "Entw&APw-rfe"},  // raw UTF-8
      {"Caf%E9%", "Caf%E9"},                 // a raw byte of Latin-1
      {"Tab%09here", "Tab_here"},
      {"Two%0D%0Alines%", "Two__lines"},
      {"Del%7F", "Del_"},
      {"./x", "_/x"},
      {"x/../y", "x/__/y"},
      {"a//b", "a/_/b"},
      {"/lead", "_/lead"},
      {"end/", "end/_"},
      {"in%2Fone", "in_one"},
      {"%/Public/x", "Public/x"},
      {"100%25", "100%"},
      {"..x", "..x"},
  };
  Selection selection;
  for (const auto& [source, target] : names) selection.folders.push_back(folder(source));
  const Plan plan = make_plan(selection, "RESTORED/t", {'/', ""});
  ASSERT_EQ(plan.folders.size(), names.size());
  for (std::size_t at = 0; at < names.size(); ++at) {
    const auto& [source, target] = names[at];
    EXPECT_EQ(plan.folders[at].target_raw_name, "RESTORED/t/" + target) << source;
    const bool is_same = source == "..x" || source == "100%25";
    EXPECT_EQ(plan.folders[at].renamed.empty(), is_same) << source;
  }
}

TEST(PlanTest, MappedNamesStayDifferent) {
  Selection selection;
  selection.folders = {folder("Entwürfe"), folder("Entwürfe%"), folder("a/_/b"), folder("a//b"),
                       folder("Public"),   folder("%/Public"),  folder("INBOX"), folder("%49NBOX")};
  const Plan plan = make_plan(selection, "RESTORED/t", {'/', ""});
  std::set<std::string> raw_names;
  for (const PlannedFolder& planned : plan.folders) raw_names.insert(planned.target_raw_name);
  EXPECT_EQ(raw_names.size(), selection.folders.size());
}

TEST(PlanTest, InPlaceANameOutsideTheAccountStaysOutside) {
  Selection selection;
  selection.folders = {folder("%/Public/a//b")};
  const Plan plan = make_plan(selection, "", {'/', "INBOX/"});
  EXPECT_EQ(plan.folders[0].target_raw_name, "Public/a/_/b");
}

TEST(PlanTest, AnUnexpectedlyRefusedNameGetsADigest) {
  Selection selection;
  selection.folders = {folder("Good"), folder("Bad/one"), folder("Bad/two")};
  const TargetNames names{'/', ""};
  Plan plan = make_plan(selection, "RESTORED/t", names);
  const auto refuses = [](const std::string& raw_name) {
    return raw_name.find("Bad") != std::string::npos;
  };
  const std::vector<std::string> levels = rename_refused(plan, names, refuses);
  ASSERT_EQ(levels.size(), 2U);
  EXPECT_NE(levels[0], levels[1]);
  EXPECT_EQ(plan.folders[0].target_raw_name, "RESTORED/t/Good");
  for (std::size_t at : {0U, 1U}) {
    EXPECT_THAT(levels[at], testing::StartsWith("RESTORED/t/folder~"));
    EXPECT_THAT(plan.levels, testing::Contains(levels[at]));
    EXPECT_EQ(plan.folders[at + 1].target_raw_name, levels[at]);
    EXPECT_THAT(plan.folders[at + 1].renamed, testing::HasSubstr("refuses its name"));
  }
  Plan again = make_plan(selection, "RESTORED/t", names);
  EXPECT_EQ(rename_refused(again, names, refuses), levels) << "as --resume needs it";
  Plan in_place = make_plan(selection, "", names);
  for (const std::string& raw_name : rename_refused(in_place, names, refuses)) {
    EXPECT_THAT(raw_name, testing::StartsWith("folder~"));
  }
}

TEST(PlanTest, AFolderThatWasRenamedKeepsItsNameWhenTheRestoreGoesOn) {
  Selection selection;
  selection.folders = {folder("Good"), folder("Bad"), folder("Bad/one")};
  const TargetNames names{'/', ""};
  Plan first = make_plan(selection, "RESTORED/t", names);
  rename_refused(first, names, [](const std::string& raw_name) {
    return raw_name.find("Bad") != std::string::npos;
  });
  const std::set<std::string> there = {first.folders[0].target_raw_name,
                                       first.folders[1].target_raw_name,
                                       first.folders[2].target_raw_name};
  const auto is_there = [&](const std::string& raw_name) { return there.contains(raw_name); };
  Plan resumed = make_plan(selection, "RESTORED/t", names);
  keep_renamed(resumed, names, is_there);
  for (const std::size_t at : {0U, 1U, 2U}) {
    EXPECT_EQ(resumed.folders[at].target_raw_name, first.folders[at].target_raw_name);
    EXPECT_THAT(resumed.levels, testing::Contains(first.folders[at].target_raw_name));
  }
  EXPECT_THAT(resumed.levels, testing::Not(testing::Contains("RESTORED/t/Bad/one")));
  EXPECT_THAT(rename_refused(resumed, names, [](const std::string&) { return false; }),
              testing::IsEmpty());
  Plan fresh = make_plan(selection, "RESTORED/t", names);
  keep_renamed(fresh, names, [](const std::string&) { return false; });
  EXPECT_EQ(fresh.folders[1].target_raw_name, "RESTORED/t/Bad");
}

TEST(PlanTest, LeavesOutAndCountsMessagesThatTheServerWouldRefuse) {
  Selection selection;
  selection.folders = {folder("Big", 1000), folder("Small", 10)};
  selection.folders[1].messages[0].flags = {"$Label", "\\Deleted", "\\Seen"};
  TargetNames names{'/', "", {}, 999};
  names.inbox.emplace().permanent_flags = {"\\Seen", "\\Deleted"};
  const Plan unsure = make_plan(selection, "RESTORED/t", {'/', "", {}, 999});
  EXPECT_EQ(unsure.counts.keywords_lost, 0U) << "the server did not report what it keeps";
  EXPECT_EQ(unsure.counts.keywords_unsure, 1U);
  const Plan plan = make_plan(selection, "RESTORED/t", names);
  EXPECT_EQ(plan.folders[0].messages.size(), 0U);
  ASSERT_EQ(plan.folders[0].left_out.size(), 1U);
  EXPECT_THAT(plan.folders[0].left_out[0].reason, testing::HasSubstr("APPENDLIMIT"));
  EXPECT_EQ(plan.counts.messages, 1U);
  EXPECT_EQ(plan.counts.bytes, 10U);
  EXPECT_EQ(plan.counts.deleted, 1U);
  EXPECT_EQ(plan.counts.keywords_lost, 1U);
  EXPECT_EQ(plan.counts.keywords_unsure, 0U);
}

}  // namespace
}  // namespace restore
