#include "restore/plan.h"

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
  EXPECT_EQ(plan.messages, 2U);
  EXPECT_EQ(plan.bytes, 30U);
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
  EXPECT_ERROR(kRefused, "no folders within folders", make_plan({}, "RESTORED/x", {0, ""}));
}

TEST(PlanTest, ATreeIsNamedByItsTemplate) {
  const std::chrono::sys_seconds time =
      std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::hours(17);
  EXPECT_EQ(tree_name("RESTORED/{timestamp}", time, "UTC"), "RESTORED/20261123T170000");
  EXPECT_EQ(tree_name("Back {timestamp}!", time, "Europe/Oslo"), "Back 20261123T180000!");
}

}  // namespace
}  // namespace restore
