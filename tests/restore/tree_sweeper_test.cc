// The effect of a sweep on a mailbox, in situations that one look at one folder can't show. The
// property that holds in all of them is in sweep_property_test.cc.
#include "restore/tree_sweeper.h"

#include <functional>

#include <gmock/gmock.h>

#include "tests/restore/swept_scene.h"

namespace restore {
namespace {

using Action = SweptLevel::Action;
using store::LevelState;
using testing::HasSubstr;

constexpr const char* kTop = "RESTORED";
constexpr const char* kTree = "RESTORED/t1";
constexpr const char* kInside = "RESTORED/t1/INBOX";

struct MailboxSituation {
  std::string name;
  std::function<void(SweptScene&)> arrange;
  std::string folder;  // the level that the situation is about
  Action action;
  std::string why;                     // a part of it
  std::vector<std::string> stay = {};  // folders that must be as they were
};

void hold_in_name_only(SweptScene& scene, const std::string& raw_name) {
  scene.folder(raw_name);
  scene.record_as_created(raw_name);
}

std::vector<MailboxSituation> mailbox_situations() {
  return {
      {"as it was made", [](auto&) {}, kInside, Action::kDeleted, "created by mailstow"},
      {"the tree's top is deleted too", [](auto&) {}, kTop, Action::kDeleted,
       "created by mailstow"},
      {"the user renamed the folder to keep it",
       [](auto& s) { s.rename(kInside, "Saved"); },
       kInside,
       Action::kGone,
       "gone",
       {"Saved"}},
      {"the user moved it within the tree",
       [](auto& s) { s.rename(kInside, "RESTORED/t1/mine"); },
       kTree,
       Action::kEmptied,
       "did not create",
       {"RESTORED/t1/mine"}},
      {"the user renamed the whole tree",
       [](auto& s) {
         s.rename(kTree, "RESTORED/mine");
         s.rename(kInside, "RESTORED/mine/INBOX");
       },
       kTop,
       Action::kEmptied,
       "did not create",
       {"RESTORED/mine", "RESTORED/mine/INBOX"}},
      {"the user deleted and recreated it",
       [](auto& s) {
         s.tree_inbox() = {.uid_validity = 78, .mailbox_id = "new", .messages = {}};
         s.tree_inbox().put({100, SweptScene::kDate});
       },
       kInside,
       Action::kLeft,
       "a different folder of the same name",
       {kInside}},
      {"the user's own folder took its name, of the same UIDVALIDITY",
       [](auto& s) { s.tree_inbox().mailbox_id = "archive"; },
       kInside,
       Action::kLeft,
       "a different folder of the same name",
       {kInside}},
      {"the server gave all folders new UIDVALIDITYs",
       [](auto& s) { s.tree_inbox().uid_validity = 9; },
       kInside,
       Action::kLeft,
       "a different folder of the same name",
       {kInside}},
      {"the server no longer reports MAILBOXID",
       [](auto& s) {
         s.server.without = "OBJECTID";
         s.tree_inbox().mailbox_id.clear();
       },
       kInside,
       Action::kLeft,
       "a different folder of the same name",
       {kInside}},
      {"the folder can no longer be opened",
       [](auto& s) { s.tree_inbox().can_be_opened = false; },
       kInside,
       Action::kLeft,
       "can no longer hold messages",
       {kInside}},
      {"the user made a folder inside",
       [](auto& s) { s.folder("RESTORED/t1/INBOX/mine"); },
       kInside,
       Action::kEmptied,
       "did not create",
       {"RESTORED/t1/INBOX/mine"}},
      {"folders of other names that begin the same",
       [](auto& s) {
         for (const char* name : {"RESTORED/t10", "RESTORED/t1 copy", "RESTORED2", "restored/t1"}) {
           s.folder(name).put({5, SweptScene::kDate});
         }
       },
       kTree,
       Action::kDeleted,
       "created by mailstow",
       {"RESTORED/t10", "RESTORED/t1 copy", "RESTORED2", "restored/t1"}},
      {"the user's own RESTORED, there before",
       [](auto& s) {
         s.level(kTop).state = LevelState::kNotOurs;
         s.folder(kTop).put({5, SweptScene::kDate});
       },
       kTop,
       Action::kLeft,
       "before the restore",
       {kTop}},
      {"another tree's record shares the top",
       [](auto& s) {
         s.others.push_back(s.record);
         s.others.back().id = "other";
         s.others.back().levels.resize(1);
       },
       kTop,
       Action::kLeft,
       "another restored tree",
       {kTop}},
      {"a record that names INBOX",
       [](auto& s) { hold_in_name_only(s, "INBOX"); },
       "INBOX",
       Action::kLeft,
       "not one of the tree's",
       {"INBOX"}},
      {"a record that names inbox in other letters",
       [](auto& s) { hold_in_name_only(s, "inBox"); },
       "inBox",
       Action::kLeft,
       "not one of the tree's",
       {"inBox"}},
      {"a record that names another folder",
       [](auto& s) { hold_in_name_only(s, "Archive"); },
       "Archive",
       Action::kLeft,
       "not one of the tree's",
       {"Archive"}},
      {"a record that names another tree",
       [](auto& s) { hold_in_name_only(s, "RESTORED/t2"); },
       "RESTORED/t2",
       Action::kLeft,
       "not one of the tree's",
       {"RESTORED/t2"}},
      {"a record that names a look-alike",
       [](auto& s) { hold_in_name_only(s, "RESTORED/t10/x"); },
       "RESTORED/t10/x",
       Action::kLeft,
       "not one of the tree's",
       {"RESTORED/t10/x"}},
      {"a record without a delimiter",
       [](auto& s) { s.record.delimiter = 0; },
       kInside,
       Action::kLeft,
       "not one of the tree's",
       {kInside, kTree, kTop}},
      {"a record of the name only, without what was created",
       [](auto& s) { s.inbox_level().identity.reset(); },
       kInside,
       Action::kLeft,
       "a different folder of the same name",
       {kInside}},
      {"a half-made tree: intended, never created",
       [](auto& s) {
         s.inbox_level() = {kInside, LevelState::kIntended, {}, {}};
         s.server.folders.erase(kInside);
       },
       kInside, Action::kGone, "gone"},
      {"a half-made tree: created, not recorded, not used",
       [](auto& s) {
         s.inbox_level() = {kInside, LevelState::kIntended, {}, {}};
         s.tree_inbox() = {.mailbox_id = {}, .messages = {}};
       },
       kInside, Action::kDeleted, "never used"},
      {"a half-made tree: not recorded, and used since",
       [](auto& s) {
         s.inbox_level() = {kInside, LevelState::kIntended, {}, {}};
       },
       kInside,
       Action::kLeft,
       "has been used",
       {kInside}},
      {"the user deleted one message", [](auto& s) { s.tree_inbox().messages.erase(base::Uid{1}); },
       kInside, Action::kDeleted, "created by mailstow"},
      {"the user moved all messages out", [](auto& s) { s.tree_inbox().messages.clear(); }, kInside,
       Action::kDeleted, "created by mailstow"},
      {"another message stands under a recorded UID",
       [](auto& s) { s.tree_inbox().messages[base::Uid{2}].size = 201; },
       kInside,
       Action::kLeft,
       "UID 2 is not the message",
       {kInside}},
      {"a message of another date stands under a recorded UID",
       [](auto& s) {
         s.tree_inbox().messages[base::Uid{1}].internal_date += std::chrono::seconds(1);
       },
       kInside,
       Action::kLeft,
       "UID 1 is not the message",
       {kInside}},
      {"the user put mail in",
       [](auto& s) {
         s.tree_inbox().put({5, SweptScene::kDate});
       },
       kInside, Action::kDeleted, "created by mailstow"},
      {"the user put mail in that can't be rescued",
       [](auto& s) {
         s.tree_inbox().put({5, SweptScene::kDate});
         s.rescue.trouble = "the store is busy";
       },
       kInside,
       Action::kKeptForNow,
       "the store is busy",
       {kInside}},
      {"the server may not expunge single messages",
       [](auto& s) { s.server.without = "UIDPLUS"; },
       kInside,
       Action::kKeptForNow,
       "UIDPLUS",
       {kInside}},
      {"an ACL forbids DELETE",
       [](auto& s) {
         s.server.refused = {{"DELETE", kInside}};
       },
       kInside, Action::kRefused, "you may not"},
      {"an ACL forbids opening it",
       [](auto& s) {
         s.server.refused = {{"SELECT", kInside}};
       },
       kInside,
       Action::kRefused,
       "you may not",
       {kInside}},
      {"an ACL forbids marking messages",
       [](auto& s) {
         s.server.refused = {{"UID STORE", kInside}};
       },
       kInside,
       Action::kRefused,
       "you may not",
       {kInside}},
      {"an ACL forbids EXPUNGE",
       [](auto& s) {
         s.server.refused = {{"UID EXPUNGE", kInside}};
       },
       kInside, Action::kRefused, "you may not"},
      {"mail never stops coming in",
       [](auto& s) {
         s.server.meanwhile = [&s](std::string_view verb) {
           if (verb == "STATUS") s.tree_inbox().put({5, SweptScene::kDate});
         };
       },
       kInside, Action::kKeptForNow, "kept arriving"},
      {"another empty folder takes its name while it is swept",
       [](auto& s) {
         s.server.meanwhile = [&s](std::string_view verb) {
           if (verb == "STATUS")
             s.tree_inbox() = {.uid_validity = 5, .mailbox_id = {}, .messages = {}};
         };
       },
       kInside, Action::kLeft, "a different folder of the same name"},
  };
}

const SweptLevel* find(const SweptTree& tree, const std::string& raw_name) {
  for (const SweptLevel& level : tree.levels) {
    if (level.raw_name == raw_name) return &level;
  }
  return nullptr;
}

TEST(TreeSweeperTest, EverySituationHasItsExpectedEndAndReason) {
  for (const MailboxSituation& situation : mailbox_situations()) {
    SCOPED_TRACE(situation.name);
    SweptScene scene;
    scene.make_usual();
    situation.arrange(scene);
    const ModelFolders before = scene.server.folders;
    const SweptTree swept = scene.sweep();
    const SweptLevel* const level = find(swept, situation.folder);
    ASSERT_NE(level, nullptr);
    EXPECT_EQ(level->action, situation.action) << level->why;
    EXPECT_THAT(level->why, HasSubstr(situation.why));
    const bool goes = situation.action == Action::kDeleted || situation.action == Action::kGone;
    EXPECT_EQ(scene.server.folders.contains(situation.folder), !goes);
    for (const std::string& name : situation.stay) {
      EXPECT_EQ(scene.server.folders[name], before.at(name)) << name;
    }
    for (const char* name : {"INBOX", "Archive"}) {
      EXPECT_EQ(scene.server.folders[name], before.at(name)) << name;
    }
  }
}

TEST(TreeSweeperTest, RescuesOnlyMailThatTheUserPutIn) {
  SweptScene scene;
  scene.make_usual();
  const base::Uid mine = scene.tree_inbox().put({5, SweptScene::kDate});
  EXPECT_EQ(find(scene.sweep(), kInside)->rescued, 1U);
  EXPECT_EQ(scene.rescue.rescued, (std::set<std::pair<std::string, base::Uid>>{{kInside, mine}}));
}

TEST(TreeSweeperTest, ARefusedDeletionOfOneLevelDoesNotAffectTheOthers) {
  SweptScene scene;
  scene.make_usual();
  scene.folder("RESTORED/t1/Sent").uid_validity = 5;
  scene.record_as_created("RESTORED/t1/Sent");
  scene.server.refused = {{"DELETE", kInside}};
  const SweptTree swept = scene.sweep();
  EXPECT_FALSE(swept.is_finished) << "the record stays for the next time";
  EXPECT_EQ(find(swept, "RESTORED/t1/Sent")->action, Action::kDeleted);
  scene.server.refused.clear();
  EXPECT_TRUE(scene.sweep().is_finished);
  EXPECT_FALSE(scene.server.folders.contains(kTop));
}

TEST(TreeSweeperTest, WhatWasDoneBeforeTheSessionWasLostStaysInTheReport) {
  struct Cut {
    const char* verb;
    int count;  // of the command that is not answered
    bool is_expunged;
  };
  for (const Cut& cut :
       {Cut{"UID STORE", 1, false}, Cut{"UID EXPUNGE", 1, false}, Cut{"DELETE", 2, true}}) {
    SCOPED_TRACE(cut.verb);
    SweptScene scene;
    scene.make_usual();
    scene.tree_inbox().put({5, SweptScene::kDate});
    scene.folder("RESTORED/t1/Sent").uid_validity = 5;
    scene.record_as_created("RESTORED/t1/Sent");
    int seen = 0;
    scene.server.meanwhile = [&](std::string_view verb) {
      if (verb == cut.verb && ++seen == cut.count) base::fail(base::ErrorCode::kNetwork, "cut");
    };
    SweptTree swept;
    const auto sweep = [&] {
      imap::Session session = scene.server.session();
      TreeSweeper(session, scene.record, scene.others, &scene.rescue).sweep(swept);
    };
    EXPECT_THROW(sweep(), base::Error);
    EXPECT_FALSE(swept.is_finished);
    EXPECT_EQ(find(swept, "RESTORED/t1/Sent")->action, Action::kDeleted);
    EXPECT_EQ(find(swept, kInside)->action, Action::kKeptForNow);
    EXPECT_THAT(find(swept, kInside)->why, HasSubstr("cut"));
    EXPECT_EQ(find(swept, kInside)->rescued, 1U);
    EXPECT_EQ(find(swept, kInside)->is_expunged, cut.is_expunged);

    sweep();
    EXPECT_TRUE(swept.is_finished);
    EXPECT_EQ(swept.levels.size(), 4U) << "each level once";
    EXPECT_EQ(find(swept, "RESTORED/t1/Sent")->action, Action::kDeleted);
    EXPECT_EQ(find(swept, kInside)->action, Action::kDeleted);
    EXPECT_EQ(find(swept, kInside)->rescued, 1U) << "counted once";
    EXPECT_EQ(find(swept, kInside)->snapshots.size(), 1U);
    EXPECT_TRUE(find(swept, kInside)->is_expunged);
  }
}

TEST(TreeSweeperTest, AnotherTreeMayHaveBegunInTheSharedLevelMeanwhile) {
  SweptScene scene;
  scene.make_usual();
  imap::Session session = scene.server.session();
  TreeSweeper sweeper(session, scene.record, scene.others, &scene.rescue);
  sweeper.before_shared([&] {
    EXPECT_FALSE(scene.server.folders.contains(kTree)) << "what is not shared goes first";
    scene.others.push_back(scene.record);
    scene.others.back().id = "other";
    scene.others.back().levels.resize(1);
  });
  sweeper.sweep();
  EXPECT_TRUE(scene.server.folders.contains(kTop));
}

TEST(TreeSweeperTest, APlanLeavesEvenRecentAlone) {
  SweptScene scene;
  scene.make_usual();
  scene.server.meanwhile = [](std::string_view verb) { EXPECT_NE(verb, "SELECT"); };
  EXPECT_EQ(find(scene.plan(), kInside)->action, Action::kWouldDelete);
}

TEST(TreeSweeperTest, AServerThatListsNothingProvesNoDeletion) {
  SweptScene scene;
  scene.make_usual();
  const ModelFolders before = std::exchange(scene.server.folders, {});
  SweptTree swept = scene.sweep();
  EXPECT_FALSE(swept.is_finished) << "without its record it would never be swept again";
  EXPECT_EQ(find(swept, kInside)->action, Action::kKeptForNow);
  scene.server.folders["INBOX"];
  scene.server.refused = {{"EXAMINE", "INBOX"}};
  EXPECT_FALSE(scene.sweep().is_finished);
  scene.server.refused.clear();
  scene.server.folders = before;
  EXPECT_TRUE(scene.sweep().is_finished);
}

}  // namespace
}  // namespace restore
