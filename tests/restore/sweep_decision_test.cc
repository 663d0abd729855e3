#include "restore/sweep_decision.h"

#include <rapidcheck/gtest.h>

namespace restore {
namespace {

using std::chrono::sys_seconds;
using store::LevelState;

constexpr sys_seconds kDate = std::chrono::sys_days(std::chrono::year(2026) / 11 / 1);

const store::TreeRecord& tree() {
  static const store::TreeRecord record = [] {
    store::TreeRecord made;
    made.raw_name = "RESTORED/x";
    made.delimiter = '/';
    return made;
  }();
  return record;
}

store::TreeLevel recorded() {
  store::TreeLevel level;
  level.raw_name = "RESTORED/x/INBOX";
  level.state = LevelState::kCreated;
  level.identity = store::LevelIdentity{77, "box"};
  level.messages = {{base::Uid{1}, 100, kDate, {}}, {base::Uid{2}, 200, kDate, {}}};
  return level;
}

ObservedLevel as_recorded() {
  ObservedLevel observed;
  observed.exists = true;
  observed.can_be_opened = true;
  observed.identity = {77, "box"};
  observed.uid_next = 3;
  observed.messages = {{base::Uid{1}, 100, kDate}, {base::Uid{2}, 200, kDate}};
  return observed;
}

ObservedLevel never_used() {
  ObservedLevel observed;
  observed.exists = true;
  observed.can_be_opened = true;
  observed.identity = {77, "box"};
  observed.uid_next = 1;
  return observed;
}

struct LevelSituation {
  const char* name;
  store::TreeLevel level;
  ObservedLevel observed;
  LevelVerdict verdict;
};

template <typename Change>
store::TreeLevel level_with(Change change) {
  store::TreeLevel level = recorded();
  change(level);
  return level;
}

store::TreeLevel named(const char* raw_name) {
  return level_with([&](auto& level) { level.raw_name = raw_name; });
}

template <typename Change>
ObservedLevel observed_with(Change change, ObservedLevel observed = as_recorded()) {
  change(observed);
  return observed;
}

std::vector<LevelSituation> level_situations() {
  const auto intended = level_with([](auto& level) {
    level.state = LevelState::kIntended;
    level.identity.reset();
    level.messages.clear();
  });
  const auto existed = level_with([](auto& level) { level.state = LevelState::kNotOurs; });
  const auto parent = level_with([](auto& level) {
    level.identity = store::LevelIdentity{};
    level.messages.clear();
  });
  ObservedLevel container;
  container.exists = true;
  const auto without_id = level_with([](auto& level) { level.identity->mailbox_id.clear(); });
  return {
      {"as it was made", recorded(), as_recorded(), LevelVerdict::kDelete},
      {"gone", recorded(), ObservedLevel{}, LevelVerdict::kGone},
      {"there before mailstow", existed, as_recorded(), LevelVerdict::kLeave},
      {"another UIDVALIDITY", recorded(),
       observed_with([](auto& o) { o.identity.uid_validity = 78; }), LevelVerdict::kLeave},
      {"another MAILBOXID", recorded(), observed_with([](auto& o) { o.identity.mailbox_id = "c"; }),
       LevelVerdict::kLeave},
      {"the MAILBOXID is no longer reported", recorded(),
       observed_with([](auto& o) { o.identity.mailbox_id.clear(); }), LevelVerdict::kLeave},
      {"no MAILBOXID was recorded", without_id, as_recorded(), LevelVerdict::kDelete},
      {"no UIDVALIDITY was recorded",
       level_with([](auto& level) { level.identity->uid_validity = 0; }),
       observed_with([](auto& o) { o.identity.uid_validity = 0; }), LevelVerdict::kLeave},
      {"created without an identity", level_with([](auto& level) { level.identity.reset(); }),
       as_recorded(), LevelVerdict::kLeave},
      {"a message of another size under a recorded UID", recorded(),
       observed_with([](auto& o) { o.messages[0].size = 101; }), LevelVerdict::kLeave},
      {"a message of another date under a recorded UID", recorded(),
       observed_with([](auto& o) { o.messages[1].internal_date += std::chrono::seconds(1); }),
       LevelVerdict::kLeave},
      {"the user deleted one message", recorded(),
       observed_with([](auto& o) { o.messages.pop_back(); }), LevelVerdict::kDelete},
      {"the user deleted all", recorded(), observed_with([](auto& o) { o.messages.clear(); }),
       LevelVerdict::kDelete},
      {"foreign mail", recorded(), observed_with([](auto& o) {
         o.messages.push_back({base::Uid{9}, 5, kDate});
       }),
       LevelVerdict::kDelete},
      {"a folder of the user's below", recorded(),
       observed_with([](auto& o) { o.has_folders_below = true; }), LevelVerdict::kEmpty},
      {"shared with another tree", recorded(), observed_with([](auto& o) { o.is_shared = true; }),
       LevelVerdict::kLeave},
      {"created as a parent of others", parent, container, LevelVerdict::kDelete},
      {"created as a parent of others, but now a mailbox", parent, never_used(),
       LevelVerdict::kLeave},
      {"created as a parent, with folders of the user below", parent,
       observed_with([](auto& o) { o.has_folders_below = true; }, container), LevelVerdict::kEmpty},
      {"created as a parent of another tree too", parent,
       observed_with([](auto& o) { o.is_shared = true; }, container), LevelVerdict::kLeave},
      {"a parent with recorded messages",
       level_with([](auto& level) { level.identity = store::LevelIdentity{}; }), container,
       LevelVerdict::kLeave},
      {"a parent that was there before", existed, container, LevelVerdict::kLeave},
      {"became a container", recorded(), observed_with([](auto& o) { o.can_be_opened = false; }),
       LevelVerdict::kLeave},
      {"there before mailstow, and gone", existed, ObservedLevel{}, LevelVerdict::kGone},
      {"there before mailstow, and empty", existed, never_used(), LevelVerdict::kLeave},
      {"deleted and recreated, empty", recorded(),
       observed_with(
           [](auto& o) {
             o.identity = {78, "other"};
           },
           never_used()),
       LevelVerdict::kLeave},
      {"another folder renamed to its name, of the same UIDVALIDITY", recorded(),
       observed_with([](auto& o) { o.identity.mailbox_id = "inbox"; }), LevelVerdict::kLeave},
      {"intended, became a container", intended,
       observed_with([](auto& o) { o.can_be_opened = false; }, never_used()), LevelVerdict::kLeave},
      {"a message of another size and foreign mail", recorded(), observed_with([](auto& o) {
         o.messages[0].size = 1;
         o.messages.push_back({base::Uid{9}, 5, kDate});
       }),
       LevelVerdict::kLeave},
      {"foreign mail alone", recorded(), observed_with([](auto& o) {
         o.messages = {{base::Uid{9}, 5, kDate}};
       }),
       LevelVerdict::kDelete},
      {"foreign mail, and a folder below", recorded(), observed_with([](auto& o) {
         o.messages.push_back({base::Uid{9}, 5, kDate});
         o.has_folders_below = true;
       }),
       LevelVerdict::kEmpty},
      {"shared, with folders below", recorded(), observed_with([](auto& o) {
         o.is_shared = true;
         o.has_folders_below = true;
       }),
       LevelVerdict::kLeave},
      {"a half-made level: created, nothing in it", recorded(),
       observed_with([](auto& o) { o.uid_next = 1; }, never_used()), LevelVerdict::kDelete},
      {"intended, never used", intended, never_used(), LevelVerdict::kDelete},
      {"intended, not there", intended, ObservedLevel{}, LevelVerdict::kGone},
      {"intended, has mail", intended, as_recorded(), LevelVerdict::kLeave},
      {"intended, empty but used once", intended,
       observed_with([](auto& o) { o.uid_next = 2; }, never_used()), LevelVerdict::kLeave},
      {"intended, UIDNEXT not reported", intended,
       observed_with([](auto& o) { o.uid_next = 0; }, never_used()), LevelVerdict::kLeave},
      {"the level above the tree", named("RESTORED"), as_recorded(), LevelVerdict::kDelete},
      {"the tree's top", named("RESTORED/x"), as_recorded(), LevelVerdict::kDelete},
      {"INBOX", named("INBOX"), as_recorded(), LevelVerdict::kLeave},
      {"a folder elsewhere", named("Archive"), as_recorded(), LevelVerdict::kLeave},
      {"a tree beside it", named("RESTORED/y"), as_recorded(), LevelVerdict::kLeave},
      {"a name that begins the same", named("RESTORED/x2/INBOX"), as_recorded(),
       LevelVerdict::kLeave},
      {"above it, a name that ends early", named("RESTOR"), as_recorded(), LevelVerdict::kLeave},
      {"another case of letters", named("restored/x"), as_recorded(), LevelVerdict::kLeave},
      {"no name", named(""), as_recorded(), LevelVerdict::kLeave},
      {"the tree's name and a delimiter", named("RESTORED/x/"), as_recorded(),
       LevelVerdict::kLeave},
      {"intended, folders below", intended,
       observed_with([](auto& o) { o.has_folders_below = true; }, never_used()),
       LevelVerdict::kLeave},
  };
}

TEST(SweepDecisionTest, EverySituationHasItsVerdictAndItsReason) {
  for (const LevelSituation& situation : level_situations()) {
    const LevelDecision decision = decide(tree(), situation.level, situation.observed);
    EXPECT_EQ(decision.verdict, situation.verdict) << situation.name << ": " << decision.why;
    EXPECT_NE(decision.why, "") << situation.name;
    if (decision.verdict == LevelVerdict::kLeave || decision.verdict == LevelVerdict::kGone) {
      EXPECT_TRUE(decision.ours.empty() && decision.foreign.empty()) << situation.name;
    }
  }
}

TEST(SweepDecisionTest, DistinguishesMailThatMailstowDidNotPutThere) {
  const auto decision = decide(tree(), recorded(), observed_with([](auto& o) {
                                 o.messages.push_back({base::Uid{9}, 5, kDate});
                               }));
  EXPECT_EQ(decision.ours, (std::vector<base::Uid>{{1}, {2}}));
  EXPECT_EQ(decision.foreign, (std::vector<base::Uid>{{9}}));
}

TEST(SweepDecisionTest, ATreeBelowInboxHasLevelsBelowInboxInAnyCase) {
  store::TreeRecord record;
  record.raw_name = "inbox/RESTORED/x";
  record.delimiter = '/';
  EXPECT_TRUE(is_part_of(record, "INBOX/RESTORED/x/Work"));
  EXPECT_TRUE(is_part_of(record, "Inbox/RESTORED"));
  EXPECT_FALSE(is_part_of(record, "INBOX/restored/x"));
  EXPECT_FALSE(is_part_of(record, "INBOX"));
}

RC_GTEST_PROP(SweepDecisionTest, NothingIsExpungedAsOursThatTheRecordDoesNotHaveExactly, ()) {
  const auto messages = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(1, 6), rc::gen::element(100, 200)));
  ObservedLevel observed = as_recorded();
  observed.messages.clear();
  for (const auto& [uid, size] : messages) {
    observed.messages.push_back(
        {base::Uid{static_cast<std::uint32_t>(uid)}, static_cast<std::uint64_t>(size), kDate});
  }
  observed.identity.uid_validity = *rc::gen::inRange(76U, 79U);
  observed.is_shared = *rc::gen::arbitrary<bool>();
  observed.has_folders_below = *rc::gen::arbitrary<bool>();
  const LevelDecision decision = decide(tree(), recorded(), observed);
  if (observed.identity.uid_validity != 77 || observed.is_shared) {
    RC_ASSERT(decision.verdict == LevelVerdict::kLeave);
  }
  if (observed.has_folders_below) RC_ASSERT(decision.verdict != LevelVerdict::kDelete);
  for (const base::Uid uid : decision.ours) RC_ASSERT(uid.value == 1 || uid.value == 2);
  for (const base::Uid uid : decision.foreign) RC_ASSERT(uid.value > 2);
}

}  // namespace
}  // namespace restore
