#include "base/mail/mailbox_identity.h"

#include <random>

#include <gtest/gtest.h>

namespace base {
namespace {

using Others = std::vector<MailboxObservation::Other>;

MailboxObservation with_mail(MailboxIdentity inbox) {
  return {std::move(inbox), true, {}};
}
MailboxObservation empty(MailboxIdentity inbox, Others others = {}) {
  return {std::move(inbox), false, std::move(others)};
}
const MailboxObservation kUnknown;  // no INBOX, or a UIDVALIDITY of 0

Others archive(std::uint32_t uid_validity) {
  return {{"Archive", {"", uid_validity}, true}, {"Sent", {"", uid_validity + 1}, false}};
}

MailboxHistory history_of(const std::vector<MailboxObservation>& snapshots) {
  MailboxHistory history;
  for (const MailboxObservation& snapshot : snapshots) history.add(snapshot);
  return history;
}

TEST(MailboxIdentityTest, ComparesByMailboxIdOrElseByUidvalidity) {
  EXPECT_EQ(is_same({"F1", 7}, {"F1", 8}), true);
  EXPECT_EQ(is_same({"F1", 7}, {"F2", 7}), false);
  EXPECT_EQ(is_same({"", 7}, {"", 7}), true);
  EXPECT_EQ(is_same({"", 7}, {"", 8}), false);
  EXPECT_EQ(is_same({"F1", 7}, {"", 8}), false);
  EXPECT_EQ(is_same({"", 7}, {"F2", 7}), true) << "the server began to report MAILBOXID";
  EXPECT_EQ(is_same({"", 0}, {"", 8}), std::nullopt) << "nothing is known of the earlier mailbox";
  EXPECT_EQ(is_same({"F1", 0}, {"", 8}), std::nullopt);
}

// A history, and which of its snapshots are of the live mailbox's holder, oldest first.
struct Case {
  const char* what;
  std::vector<MailboxObservation> snapshots;
  MailboxObservation live;
  AcceptedIdentities accepted;
  std::vector<bool> is_of_snapshot;
};

TEST(MailboxHistoryTest, JudgesWhoseMailboxItIs) {
  const MailboxObservation a = with_mail({"", 5});
  const MailboxObservation b = with_mail({"", 7});
  const MailboxObservation c = with_mail({"", 9});
  const AcceptedIdentities none;
  const AcceptedIdentities a_is_b{{{"", 5}, {"", 7}}, false};
  const std::vector<Case> cases = {
      {"nothing is known", {}, a, none, {}},
      {"one mailbox", {a, a}, a, none, {true, true}},
      {"before the next backup", {a, a}, b, none, {false, false}},
      {"after it", {a, b}, b, none, {false, true}},
      {"many nights later", {a, b, b, b}, b, none, {false, true, true, true}},
      {"two changes", {a, b, c}, c, none, {false, false, true}},
      {"acknowledged", {a, b}, b, a_is_b, {true, true}},
      {"acknowledged before the next backup", {a}, b, a_is_b, {true}},
      {"acknowledged, then given away", {a, b}, c, a_is_b, {false, false}},
      {"given away after an acknowledged change", {a, b, c}, c, a_is_b, {false, false, true}},
      {"the first one is back", {a, b}, a, none, {true, false}},
      {"new, but not backed up", {a}, empty({"", 7}), none, {false}},
      {"new, and backed up while empty", {a, empty({"", 7})}, empty({"", 8}), none, {false, true}},
      {"no INBOX in between", {a, kUnknown, b}, b, none, {false, false, true}},
      {"no INBOX in between, the same", {a, kUnknown, a}, a, none, {true, true, true}},
      {"nothing is reported now", {a, a}, kUnknown, none, {true, true}},
      {"nothing is reported now, after a change", {a, b}, kUnknown, none, {false, true}},
      {"as older files record it", {a, b}, b, {{{"", 7}}, true}, {true, true}},
      {"the same, then given away", {a, b}, c, {{{"", 7}}, true}, {false, false}},
      {"the same, not for later snapshots", {a, b, c}, b, {{{"", 7}}, true}, {true, true, false}},
      // A new UIDVALIDITY in each session until a message comes.
      {"always empty", {empty({"", 1}), empty({"", 2})}, empty({"", 3}), none, {true, true}},
      {"the first message",
       {empty({"", 1}), empty({"", 2})},
       with_mail({"", 3}),
       none,
       {true, true}},
      {"emptied, then given away", {a, empty({"", 5})}, empty({"", 7}), none, {false, false}},
      {"mail in folders alone",
       {empty({"", 1}, archive(20))},
       empty({"", 2}, archive(20)),
       none,
       {true}},
      {"mail in folders that are gone",
       {empty({"", 1}, archive(20))},
       empty({"", 2}),
       none,
       {false}},
      {"mail in folders made again",
       {empty({"", 1}, archive(20))},
       with_mail({"", 2}),
       none,
       {false}},
      {"the same INBOX without its folders",
       {empty({"", 1}, archive(20))},
       empty({"", 1}),
       none,
       {true}},
      // RFC 8474.
      {"renumbered", {with_mail({"F1", 5})}, with_mail({"F1", 7}), none, {true}},
      {"a different one with the same UIDVALIDITY",
       {with_mail({"F1", 5})},
       empty({"F2", 5}),
       none,
       {false}},
      {"an empty one is recognised too", {empty({"F1", 5})}, empty({"F2", 6}), none, {false}},
      {"the server begins to report MAILBOXID, then renumbers",
       {a, with_mail({"F1", 5})},
       with_mail({"F1", 9}),
       none,
       {true, true}},
      {"it reported nothing for a night",
       {with_mail({"F1", 5}), a},
       with_mail({"F2", 5}),
       none,
       {false, false}},
  };
  for (const Case& test : cases) {
    const Holder holder = history_of(test.snapshots).judge(test.live, test.accepted);
    EXPECT_EQ(holder.is_of_snapshot, test.is_of_snapshot) << test.what;
    const bool is_changed =
        std::ranges::find(test.is_of_snapshot, false) != test.is_of_snapshot.end();
    EXPECT_EQ(holder.change.has_value(), is_changed) << test.what;
  }
}

TEST(MailboxHistoryTest, AChangeOfMailboxIdIsCertain) {
  const auto change = [](const MailboxIdentity& was, const MailboxIdentity& is) {
    return history_of({with_mail(was)}).judge(with_mail(is), {}).change.value();
  };
  EXPECT_TRUE(change({"F1", 5}, {"F2", 5}).is_certain());
  EXPECT_FALSE(change({"", 5}, {"F2", 7}).is_certain());
  EXPECT_EQ(change({"F1", 5}, {"F2", 7}), (MailboxChange{{"F1", 5}, {"F2", 7}}));
}

// Accepting every known identity resolves any history, the next mailbox is detected again, and an
// identity that is not accepted never counts as the holder of a snapshot with another identity.
TEST(MailboxHistoryTest, JudgesAnyHistoryConsistently) {
  std::mt19937 random(20);
  const auto below = [&](unsigned limit) { return static_cast<std::uint32_t>(random() % limit); };
  for (int round = 0; round < 3'000; ++round) {
    std::vector<MailboxObservation> snapshots;
    for (std::uint32_t left = 1 + below(8); left > 0; --left) {
      snapshots.push_back(below(5) == 0 ? kUnknown : with_mail({"", 1 + below(4)}));
    }
    const MailboxHistory history = history_of(snapshots);
    const MailboxObservation live = with_mail({"", 1 + below(4)});
    const Holder holder = history.judge(live, {});
    for (std::size_t at = 0; at < snapshots.size(); ++at) {
      if (!snapshots[at].inbox.is_known()) continue;
      EXPECT_EQ(holder.is_of_snapshot[at], snapshots[at].inbox == live.inbox) << round;
    }
    AcceptedIdentities accepted{history.identities(), false};
    accepted.identities.push_back(live.inbox);
    EXPECT_FALSE(history.judge(live, accepted).change) << round;
    const bool is_anything_known = !history.identities().empty();
    const Holder next = history.judge(with_mail({"", 99}), accepted);
    EXPECT_EQ(next.change.has_value(), is_anything_known) << round;
    if (is_anything_known) {
      EXPECT_EQ(std::ranges::count(next.is_of_snapshot, true), 0) << round;
    }
  }
}

}  // namespace
}  // namespace base
