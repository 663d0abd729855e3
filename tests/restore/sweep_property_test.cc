// Whatever a mailbox and a record contain, and whatever happens meanwhile, a sweep removes nothing
// that is not the tree's own.
#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "restore/tree_sweeper.h"
#include "tests/restore/swept_scene.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using Action = SweptLevel::Action;
using store::LevelState;

// Names that a mailbox and a record may share; everything but the tree's own must survive.
const std::vector<std::string>& names() {
  static const std::vector<std::string> names = {
      "Archive",       "INBOX",          "RESTORED",          "RESTORED/t1",
      "RESTORED/t1 x", "RESTORED/t1/A",  "RESTORED/t1/A/b",   "RESTORED/t1/INBOX",
      "RESTORED/t10",  "RESTORED/t10/A", "RESTORED/t2/INBOX", "RESTORED2/t1",
      "inbox",         "restored/t1/A",  "x/RESTORED/t1"};
  return names;
}

bool is_of_the_tree(const std::string& name) {
  return name == "RESTORED" || name == "RESTORED/t1" || name.starts_with("RESTORED/t1/");
}

ModelFolder any_folder() {
  ModelFolder folder;
  folder.can_be_opened = *rc::gen::weightedElement<bool>({{9, true}, {1, false}});
  folder.uid_validity = *rc::gen::inRange(1U, 3U);
  folder.mailbox_id = *rc::gen::element<std::string>("", "m1", "m2");
  const auto messages = *rc::gen::inRange(0, 4);
  for (int message = 0; message < messages; ++message) {
    folder.put({*rc::gen::element<std::uint64_t>(10, 20), SweptScene::kDate});
  }
  if (folder.can_be_opened && *rc::gen::arbitrary<bool>() && messages > 0) {
    folder.messages.erase(folder.messages.begin());
  }
  return folder;
}

store::TreeLevel any_level(const std::string& name, const ModelFolder& folder) {
  store::TreeLevel level;
  level.raw_name = name;
  level.state = *rc::gen::weightedElement<LevelState>(
      {{6, LevelState::kCreated}, {2, LevelState::kIntended}, {1, LevelState::kNotOurs}});
  level.identity = store::LevelIdentity{folder.uid_validity, folder.mailbox_id};
  if (*rc::gen::inRange(0, 8) == 0) level.identity = store::LevelIdentity{2, "m2"};
  if (level.state != LevelState::kCreated || *rc::gen::inRange(0, 12) == 0) level.identity.reset();
  for (const auto& [uid, message] : folder.messages) {
    const int kind = *rc::gen::inRange(0, 12);
    if (kind == 0) continue;
    level.messages.push_back({uid, kind == 1 ? 11 : message.size, message.internal_date, {}});
  }
  if (*rc::gen::inRange(0, 4) == 0)
    level.messages.push_back({base::Uid{9}, 10, SweptScene::kDate, {}});
  return level;
}

void fill(SweptScene& scene) {
  for (const std::string& name : names()) {
    ModelFolder folder = any_folder();
    if (name == "INBOX") folder.can_be_opened = true;
    const bool is_there = name == "INBOX" || *rc::gen::inRange(0, 5) > 0;
    if (is_there) scene.folder(name) = folder;
    if (*rc::gen::inRange(0, 5) > 0) scene.record.levels.push_back(any_level(name, folder));
  }
  if (*rc::gen::inRange(0, 4) == 0) {
    scene.others.push_back(scene.record);
    scene.others.back().id = "other";
  }
  if (*rc::gen::inRange(0, 6) == 0) scene.rescue.trouble = "busy";
  scene.server.without =
      *rc::gen::weightedElement<std::string>({{8, ""}, {1, "UIDPLUS"}, {1, "OBJECTID"}});
  for (const char* verb : {"DELETE", "SELECT", "UID STORE", "UID EXPUNGE"}) {
    if (*rc::gen::inRange(0, 10) != 0) continue;
    scene.server.refused.emplace(verb, *rc::gen::elementOf(names()));
  }
}

// The changes that the user and other programs make between two commands of the sweep. `outside`:
// the state that the folders outside the tree must have in the end.
void interfere(SweptScene& scene, ModelFolders& outside, servers::Random& random,
               std::string_view verb) {
  if (verb == "DELETE" || !random.one_in(6)) return;
  const std::string& name = names()[random.below(names().size())];
  const auto found = scene.server.folders.find(name);
  if (found == scene.server.folders.end()) {
    scene.folder(name).uid_validity = 3;
  } else if (verb == "STATUS" && random.one_in(2) && is_of_the_tree(name)) {
    found->second = {.uid_validity = 4, .mailbox_id = {}, .messages = {}};
    found->second.put({10, SweptScene::kDate});
  } else if (found->second.can_be_opened) {
    found->second.put({10, SweptScene::kDate});
  }
  if (!is_of_the_tree(name)) outside[name] = scene.folder(name);
}

void expect_allowed(const Removal& removal, SweptScene& scene) {
  RC_ASSERT(is_of_the_tree(removal.folder));
  const store::TreeLevel& level = scene.level(removal.folder);
  RC_ASSERT(level.raw_name == removal.folder);
  RC_ASSERT(level.state != LevelState::kNotOurs);
  if (removal.verb == "DELETE") {
    RC_ASSERT(removal.messages_lost == 0U);
    return;
  }
  const bool is_recorded = std::any_of(
      level.messages.begin(), level.messages.end(), [&](const store::TreeMessage& message) {
        return message.uid == removal.uid && message.size == removal.message.size &&
               message.internal_date == removal.message.internal_date;
      });
  RC_ASSERT(is_recorded || scene.rescue.rescued.contains({removal.folder, removal.uid}));
}

RC_GTEST_PROP(SweepProperty, EveryRemovalNamesOnlyFoldersAndMessagesOfTheTree, ()) {
  SweptScene scene;
  fill(scene);
  ModelFolders outside = scene.server.folders;
  std::erase_if(outside, [](const auto& entry) { return is_of_the_tree(entry.first); });
  servers::Random random(*rc::gen::arbitrary<std::uint64_t>());
  scene.server.meanwhile = [&](std::string_view verb) { interfere(scene, outside, random, verb); };
  const SweptTree swept = scene.sweep();
  RC_ASSERT(swept.levels.size() == scene.record.levels.size());
  for (const Removal& removal : scene.server.removals) expect_allowed(removal, scene);
  std::erase_if(scene.server.folders,
                [](const auto& entry) { return is_of_the_tree(entry.first); });
  RC_ASSERT(scene.server.folders == outside);
  RC_CLASSIFY(!scene.server.removals.empty());
}

RC_GTEST_PROP(SweepProperty, APlanRemovesNothingAndPredictsTheSweep, ()) {
  SweptScene scene;
  fill(scene);
  scene.server.refused.clear();
  scene.server.without.clear();
  scene.rescue.trouble.clear();
  const ModelFolders before = scene.server.folders;
  const SweptTree planned = scene.plan();
  RC_ASSERT(scene.server.removals.empty());
  RC_ASSERT(scene.server.folders == before);
  const SweptTree swept = scene.sweep();
  for (std::size_t at = 0; at < swept.levels.size(); ++at) {
    const SweptLevel& plan = planned.levels[at];
    const bool goes = plan.action == Action::kWouldDelete;
    if (swept.levels[at].action != (goes ? Action::kDeleted : plan.action)) {
      RC_FAIL(plan.raw_name + ": " + plan.why + ", but: " + swept.levels[at].why);
    }
    RC_ASSERT(swept.levels[at].rescued == plan.rescued);
  }
}

}  // namespace
}  // namespace restore
