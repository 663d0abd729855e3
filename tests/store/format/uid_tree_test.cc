#include "store/format/uid_tree.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "store/format/crypto.h"
#include "store/format/uid_node.h"
#include "tests/long_run.h"

namespace store {
namespace {

// Keeps what trees save, and counts it.
class Objects {
 public:
  UidTree::Save save() {
    return [this](ObjectType type, base::ByteView bytes) {
      const ObjectId id = object_id(keys_, type, bytes);
      if (objects_.emplace(id, base::Bytes(bytes.begin(), bytes.end())).second) {
        written_ += bytes.size();
      }
      return id;
    };
  }
  UidTree::Load load() {
    return [this](ObjectType, const ObjectId& id) {
      ++loaded_;
      return objects_.at(id);
    };
  }
  MakeId make_id() {
    return [this](const Sha256& digest) { return message_id(keys_, digest); };
  }

  UidTreeRoot save(UidTree& tree) { return tree.save(save(), make_id()); }
  UidTree tree(const UidTreeRoot& root = {}) { return {root, load(), make_id()}; }

  std::size_t take_written() { return std::exchange(written_, 0); }
  std::size_t take_loaded() { return std::exchange(loaded_, 0); }

 private:
  Keys keys_;
  std::map<ObjectId, base::Bytes> objects_;
  std::size_t written_ = 0;
  std::size_t loaded_ = 0;
};

constexpr std::uint32_t kContents = 7;  // of the messages of the property

Identity with_uid(Identity identity, std::uint32_t uid) {
  identity.uid = {uid};
  identity.internal_date.value().instant =
      std::chrono::sys_seconds(std::chrono::seconds(1'600'000'000 + uid));
  return identity;
}

Identity message_at(Objects& objects, std::uint32_t uid, std::uint32_t content) {
  Identity identity;
  identity.digest = sha256(base::as_bytes(std::to_string(content)));
  identity.message = objects.make_id()(identity.digest);
  identity.size = 1'000 + content % 5'000;
  identity.internal_date =
      base::ZonedTime{.instant = {}, .zone_minutes = static_cast<std::int16_t>(content % 3 * 60)};
  return with_uid(identity, uid);
}

State seen(UidTree& tree, std::uint64_t modseq) {
  return {.flags = tree.flag_sets().number({"\\Seen"}), .modseq = modseq};
}

using Content = std::map<std::uint32_t, std::pair<Identity, std::vector<std::string>>>;

Content content_of(UidTree& tree) {
  Content content;
  tree.for_each([&](const Identity& identity, const State& state) {
    std::vector<std::string> flags = tree.flag_sets().flags(state.flags);
    flags.push_back(std::to_string(state.modseq));
    content[identity.uid.value] = {identity, flags};
  });
  return content;
}

// As many levels as 200,000 messages have.
constexpr std::uint32_t kHuge = 20'000;

UidTreeRoot dense(Objects& objects, std::uint32_t messages) {
  UidTree tree;
  for (std::uint32_t uid = 1; uid <= messages; ++uid) {
    tree.put(message_at(objects, uid, uid), seen(tree, uid));
  }
  return objects.save(tree);
}

TEST(UidTreeTest, AnEmptyTreeHasNoObjects) {
  Objects objects;
  UidTree tree;
  EXPECT_EQ(UidTreeRoot(), objects.save(tree));
  EXPECT_EQ(0U, objects.take_written());
  UidTree again = objects.tree({});
  EXPECT_FALSE(again.contains({1}));
  EXPECT_FALSE(again.erase({1}));
}

// The UIDs from `first` on, at most so many.
std::vector<std::uint32_t> page_of(UidTree& tree, std::uint32_t first, std::size_t limit) {
  std::vector<std::uint32_t> uids;
  tree.for_each_from({first}, [&](const Identity& identity, const State&) {
    uids.push_back(identity.uid.value);
    return uids.size() < limit;
  });
  return uids;
}

TEST(UidTreeTest, APageOfAHugeFolderReadsFewLeaves) {
  Objects objects;
  const UidTreeRoot root = dense(objects, kHuge);
  UidTree tree = objects.tree(root);
  objects.take_loaded();
  std::vector<std::uint32_t> expected(200);
  std::iota(expected.begin(), expected.end(), 15'001U);
  EXPECT_EQ(page_of(tree, 15'001, 200), expected);
  EXPECT_LE(objects.take_loaded(), 20U) << "two objects for each of five leaves and their branches";
  UidTree last = objects.tree(root);
  EXPECT_THAT(page_of(last, kHuge, 200), testing::ElementsAre(kHuge));
  EXPECT_THAT(page_of(last, kHuge + 1, 200), testing::IsEmpty());
  EXPECT_THAT(page_of(last, UINT32_MAX, 200), testing::IsEmpty());
}

RC_GTEST_PROP(UidTreeProperty, APageIsAPartOfTheWhole, ()) {
  Objects objects;
  UidTree tree;
  std::set<std::uint32_t> uids;
  const auto spread = *rc::gen::element<std::uint32_t>(200, 5'000, 4'000'000'000);
  for (std::size_t i = 0; i < 300; ++i) uids.insert(*rc::gen::inRange<std::uint32_t>(1, spread));
  for (const std::uint32_t uid : uids) tree.put(message_at(objects, uid, uid % 9), seen(tree, uid));
  UidTree saved = objects.tree(objects.save(tree));
  const auto first = *rc::gen::inRange<std::uint32_t>(0, spread);
  const auto limit = *rc::gen::inRange<std::size_t>(1, 100);
  std::vector<std::uint32_t> expected(uids.lower_bound(first), uids.end());
  expected.resize(std::min(expected.size(), limit));
  RC_ASSERT(page_of(saved, first, limit) == expected);
}

TEST(UidTreeTest, AFlagInAHugeFolderWritesKilobytes) {
  Objects objects;
  const UidTreeRoot root = dense(objects, kHuge);
  objects.take_written();
  objects.take_loaded();
  UidTree tree = objects.tree(root);
  EXPECT_TRUE(tree.set_state({kHuge / 2}, seen(tree, 999'999)));
  EXPECT_FALSE(tree.identities_changed());
  const UidTreeRoot changed = objects.save(tree);
  EXPECT_EQ(root.identity, changed.identity);
  EXPECT_NE(root.state, changed.state);
  EXPECT_LT(objects.take_written(), 4'000U);
  EXPECT_LT(objects.take_loaded(), 14U);
}

TEST(UidTreeTest, ANewMessageInAHugeFolderWritesKilobytes) {
  Objects objects;
  const UidTreeRoot root = dense(objects, kHuge);
  objects.take_written();
  UidTree tree = objects.tree(root);
  tree.put(message_at(objects, kHuge + 1, 1), seen(tree, 1));
  EXPECT_TRUE(tree.identities_changed());
  EXPECT_EQ(kHuge + 1, objects.save(tree).messages);
  EXPECT_LT(objects.take_written(), 6'000U);
}

TEST(UidTreeTest, TheLargestUidsFit) {
  Objects objects;
  UidTree tree;
  for (std::uint32_t uid = UINT32_MAX; uid > UINT32_MAX - 100; --uid) {
    tree.put(message_at(objects, uid, uid), seen(tree, uid));
  }
  tree.put(message_at(objects, 1, 1), seen(tree, 1));
  UidTree again = objects.tree(objects.save(tree));
  EXPECT_EQ(content_of(tree), content_of(again));
  EXPECT_TRUE(again.contains({UINT32_MAX}));
  EXPECT_TRUE(again.contains({1}));
  EXPECT_FALSE(again.contains({2}));
}

TEST(UidTreeTest, ALeafOfADifferentTreeIsDetected) {
  Objects objects;
  UidTreeRoot root = dense(objects, 10);
  root.messages = 11;
  UidTree tree = objects.tree(root);
  EXPECT_THROW(tree.contains({1}), base::Error);
}

TEST(UidTreeTest, AGroupOfLeavesIsNewOnce) {
  Objects objects;
  UidTree tree = objects.tree(dense(objects, 3'000));
  const auto new_groups = [&] {
    std::size_t count = 0;
    tree.for_each_group([&](const UidTree::Group& group) { count += group.is_new ? 1 : 0; });
    return count;
  };
  EXPECT_EQ(0U, new_groups()) << "it was loaded";
  tree.erase({1'500});
  tree.erase({1'600});
  objects.save(tree);
  EXPECT_EQ(1U, new_groups());
  EXPECT_EQ(0U, new_groups());
  tree.set_state({1}, seen(tree, 9));
  objects.save(tree);
  EXPECT_EQ(0U, new_groups()) << "only states have changed";
}

// UIDs that are dense, sparse, and at the edges of ranges.
rc::Gen<std::uint32_t> any_uid() {
  return rc::gen::weightedOneOf<std::uint32_t>(
      {{6, rc::gen::inRange<std::uint32_t>(1, 300)},
       {2, rc::gen::inRange<std::uint32_t>(1, 100'000)},
       {1, rc::gen::inRange<std::uint32_t>(1, UINT32_MAX)},
       {1, rc::gen::element<std::uint32_t>(63, 64, 65, 1023, 1024, 1025, UINT32_MAX)}});
}

RC_GTEST_PROP(UidTreeProperty, ATreeBehavesLikeAMap, ()) {
  Objects objects;
  UidTree tree = *rc::gen::arbitrary<bool>() ? objects.tree() : UidTree();
  std::map<std::uint32_t, std::pair<std::uint32_t, std::uint64_t>> model;  // content, modseq
  UidTreeRoot root;
  // Few messages differ in their content, and a digest costs more than all else.
  std::vector<Identity> contents;
  for (std::uint32_t content = 0; content < kContents; ++content)
    contents.push_back(message_at(objects, 1, content));
  const auto message = [&](std::uint32_t uid, std::uint32_t content) {
    return with_uid(contents.at(content), uid);
  };
  const auto steps = *rc::gen::inRange(1, tests::is_long_run() ? 12 : 8);
  for (int step = 0; step < steps; ++step) {
    const auto uids = *rc::gen::container<std::vector<std::uint32_t>>(any_uid());
    const auto operation = *rc::gen::inRange(0, 4);
    for (const std::uint32_t uid : uids) {
      if (operation <= 1) {
        // Runs of neighbours, so that leaves fill and split.
        for (std::uint32_t next = uid; next < UINT32_MAX && next < uid + 20; ++next) {
          tree.put(message(next, next % kContents), seen(tree, 5));
          model[next] = {next % kContents, 5};
        }
      } else if (operation == 2) {
        RC_ASSERT(tree.erase({uid}) == (model.erase(uid) == 1));
      } else {
        RC_ASSERT(tree.set_state({uid}, seen(tree, 9)) == model.contains(uid));
        if (model.contains(uid)) model[uid].second = 9;
      }
    }
    RC_ASSERT(tree.messages() == model.size());
    if (*rc::gen::arbitrary<bool>()) {
      root = objects.save(tree);
      if (*rc::gen::arbitrary<bool>()) tree = objects.tree(root);
    }
  }
  root = objects.save(tree);

  UidTree rebuilt;
  std::uint64_t bytes = 0;
  for (const auto& [uid, expected] : model) {
    const Identity identity = message(uid, expected.first);
    rebuilt.put(identity, seen(rebuilt, expected.second));
    bytes += identity.size;
    RC_ASSERT(tree.contains({uid}));
  }
  RC_ASSERT(content_of(tree) == content_of(rebuilt));
  RC_ASSERT(tree.bytes() == bytes);
  // Equal folders are equal objects, whatever their history.
  RC_ASSERT(objects.save(rebuilt) == root);
  UidTree loaded = objects.tree(root);
  RC_ASSERT(content_of(loaded) == content_of(rebuilt));

  std::vector<std::pair<base::Uid, Sha256>> expected_digests;
  for (const auto& [uid, expected] : model) {
    expected_digests.emplace_back(base::Uid{uid}, contents.at(expected.first).digest);
  }
  std::vector<std::pair<base::Uid, Sha256>> digests;
  std::set<ObjectId> nodes;
  loaded.for_each_group([&](const UidTree::Group& group) {
    RC_ASSERT(group.messages.size() <= kGroupMessages);
    RC_ASSERT(nodes.insert(group.node).second);
    digests.insert(digests.end(), group.messages.begin(), group.messages.end());
  });
  RC_ASSERT(digests == expected_digests);
}

}  // namespace
}  // namespace store
