// Every object reads back as written, or is rejected before anything of it is added.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "store/format/account_properties.h"
#include "store/format/commit.h"
#include "store/format/crypto.h"
#include "store/format/folder_object.h"
#include "store/format/leaf.h"
#include "store/format/uid_node.h"
#include "store/format/verified.h"
#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "store/tree_record.h"
#include "tests/expect_error.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Lengths at the bounds of earlier readers and at the writers' limits, and slightly more or less.
rc::Gen<std::string> odd_text() {
  // Long ones cost more than all others together.
  const auto sizes = rc::gen::weightedOneOf<std::size_t>(
      {{12, rc::gen::element<std::size_t>(0, 1, 255, 256, 1'024, 1'025, 4'096, 4'097, 65'535,
                                          65'536, 65'537)},
       {1, rc::gen::element<std::size_t>(262'145, 1'048'576, 1'048'577, 3'000'000)}});
  return rc::gen::map(rc::gen::pair(sizes, rc::gen::arbitrary<char>()),
                      [](const auto& shape) { return std::string(shape.first, shape.second); });
}

std::uint64_t odd_number() {
  return *rc::gen::element<std::uint64_t>(0, 1, 127, 128, UINT32_MAX, 1ULL << 32U, UINT64_MAX);
}

std::chrono::sys_seconds odd_time() {
  return std::chrono::sys_seconds(
      std::chrono::seconds(*rc::gen::element<std::int64_t>(INT64_MIN, -1, 0, 1, INT64_MAX)));
}

RC_GTEST_PROP(RoundTripProperty, ACommitRoundTrips, ()) {
  SnapshotLine line;
  line.account = *odd_text();
  line.personal_prefix = *odd_text();
  line.time = odd_time();
  line.kind = *rc::gen::element(SnapshotKind::kBackup, SnapshotKind::kRescue);
  line.folders = odd_number();
  line.messages = odd_number();
  line.bytes = odd_number();
  line.vanished = odd_number();
  Commit commit;
  commit.number = odd_number();
  commit.time = odd_time();
  commit.snapshots = {line, SnapshotLine(), line};
  commit.condemned = {{.pack = {}, .since = odd_time()}};
  RC_ASSERT(Commit::decode(commit.encode()) == commit);
}

RC_GTEST_PROP(RoundTripProperty, ARootRoundTrips, ()) {
  Root root;
  root.folders.resize(*rc::gen::inRange<std::size_t>(0, 100));
  root.properties = {{*odd_text(), *odd_text()}, {}, {*odd_text(), ""}};
  RC_ASSERT(Root::decode(root.encode()) == root);
}

RC_GTEST_PROP(RoundTripProperty, AFolderRoundTrips, ()) {
  FolderObject folder;
  folder.info.raw_name = *odd_text();
  folder.info.delimiter = *rc::gen::arbitrary<char>();
  folder.info.attributes = {*odd_text(), ""};
  folder.info.mailbox_id = *odd_text();
  folder.info.uid_validity = UINT32_MAX;
  folder.info.highest_modseq = odd_number();
  folder.info.completeness = FolderCompleteness::kUnreadable;
  folder.info.trouble = *odd_text();
  folder.info.skipped = {{{1}, *odd_text()}, {{UINT32_MAX}, ""}};
  folder.info.last_full_scan = odd_time();
  folder.info.properties = {{*odd_text(), *odd_text()}};
  RC_ASSERT(FolderObject::decode(folder.encode()) == folder);
}

RC_GTEST_PROP(RoundTripProperty, ALeafRoundTrips, ()) {
  const Keys keys;
  const MakeId make_id = [&](const Sha256& digest) { return message_id(keys, digest); };
  std::vector<Identity> identities;
  FlagSets sets;
  std::vector<State> states;
  for (const std::uint32_t uid : {1U, 64U, UINT32_MAX}) {
    Identity identity;
    identity.uid = {uid};
    identity.digest = sha256(base::as_bytes(std::to_string(uid)));
    identity.message = make_id(identity.digest);
    if (*rc::gen::arbitrary<bool>()) identity.internal_date = base::ZonedTime{odd_time()};
    identity.size = odd_number();
    identity.server_id = *odd_text();
    identities.push_back(identity);
    states.push_back({.flags = sets.number({*odd_text(), *odd_text()}), .modseq = odd_number()});
  }
  RC_ASSERT(decode_identities(encode_identities(identities, make_id), make_id) == identities);
  RC_ASSERT(decode_states(encode_states(states, sets), sets) == states);
}

RC_GTEST_PROP(RoundTripProperty, ATreeRecordRoundTrips, ()) {
  TreeRecord record;
  record.id = TreeRecords::new_id();
  record.account = *odd_text();
  record.name = *odd_text();
  record.raw_name = *odd_text();
  record.request = *odd_text();
  record.created = odd_time();
  TreeLevel level;
  level.raw_name = *odd_text();
  level.identity = {.uid_validity = 1, .mailbox_id = *odd_text()};
  record.levels = {level};
  RC_ASSERT(decode_tree_record(encode_tree_record(record)) == record);
}

// A word with a NUL is rejected, since it would read back as two; nothing else is.
RC_GTEST_PROP(RoundTripProperty, AccountPropertiesRoundTripOrAreRejected, ()) {
  AccountProperties properties;
  properties.asked = std::chrono::sys_seconds(std::chrono::seconds(5));
  properties.subscriptions = {*odd_text()};
  properties.rights = {{*odd_text(), *odd_text(), *odd_text()}};
  properties.metadata = {{*odd_text(), *odd_text(), *odd_text()}};
  properties.quota_roots = {{*odd_text(), *odd_text()}};
  properties.quota_limits = {{*odd_text(), *odd_text(), odd_number()}};
  try {
    RC_ASSERT(to_account_properties(to_properties(properties)) == properties);
  } catch (const Unstorable&) {
    const auto has_nul = [](const std::string& text) { return text.find('\0') != text.npos; };
    RC_ASSERT(has_nul(properties.rights[0].identifier) || has_nul(properties.rights[0].rights) ||
              has_nul(properties.metadata[0].raw_name) || has_nul(properties.metadata[0].entry) ||
              has_nul(properties.quota_roots[0].raw_name) ||
              has_nul(properties.quota_limits[0].root) ||
              has_nul(properties.quota_limits[0].resource));
  }
}

TEST(UnstorableTest, ABranchWithInconsistentCountsIsRejected) {
  UidNode branch;
  branch.shift = kLeafShift + kBranchShift;
  branch.is_branch = true;
  branch.messages = 3;
  auto leaf = new_leaf(0, kLeafShift);
  leaf->messages = 2;
  branch.children.push_back(std::move(leaf));
  EXPECT_ERROR(kInternal, "write a branch: it could not be read back", encode_branch(branch));
  branch.messages = 2;
  EXPECT_FALSE(encode_branch(branch).identity.empty());
}

TEST(UnstorableTest, AnObjectThatReadsBackDifferentlyIsRejected) {
  EXPECT_ERROR(kInternal, "it would be read back as something else",
               verified("it", base::Bytes(1), [](base::ByteView) { return false; }));
  EXPECT_ERROR(kInternal, "it takes 2 bytes, the maximum is 1",
               verified(
                   "it", base::Bytes(2), [](base::ByteView) { return true; }, 1));
}

TEST(UnstorableTest, LinesThatExceedOneCommitGoIntoSeveral) {
  SnapshotLine line;
  line.personal_prefix.assign(100'000, 'p');
  Commit first;
  first.is_checkpoint = true;
  first.dropped.resize(1);
  const std::vector<Commit> series = in_series(first, std::vector<SnapshotLine>(200, line));
  ASSERT_GT(series.size(), 1U);
  EXPECT_TRUE(series[0].is_checkpoint);
  EXPECT_EQ(series[0].dropped.size(), 1U);
  std::size_t lines = 0;
  for (std::size_t at = 0; at < series.size(); ++at) {
    EXPECT_EQ(series[at].is_checkpoint, at == 0);
    EXPECT_LT(series[at].encode().size(), kMaxCommitLines + 100);
    lines += series[at].snapshots.size();
  }
  EXPECT_EQ(lines, 200U);
  EXPECT_EQ(in_series(Commit(), {}).size(), 1U);
  EXPECT_EQ(in_series(Commit(), std::vector<SnapshotLine>(20'001)).size(), 2U);
}

class UnstorableStoreTest : public StoreFixture {
 protected:
  UnstorableStoreTest() { make_store(); }

  void expect_good_alone() {
    std::filesystem::remove_all(location_.index);
    EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
    CheckOptions options;
    options.depth = CheckDepth::kReadData;
    EXPECT_TRUE(check(location_, files_, options).is_intact());
    Reader reader = open_reader();
    EXPECT_THAT(reader.accounts(), ElementsAre("good"));
    EXPECT_THAT(restore(reader, "good", "INBOX"), ElementsAre(sample_message(1)));
  }

  void add_good(Writer& writer) {
    add_snapshot(writer, "good", {add_folder(writer, "INBOX", {sample_message(1)})});
  }
};

TEST_F(UnstorableStoreTest, ARootThatDoesNotFitABlockIsNotAdded) {
  {
    Writer writer = open_writer();
    SnapshotDraft evil;
    evil.account = "evil";
    evil.folders = {add_folder(writer, "INBOX", {sample_message(2)})};
    evil.properties.assign(40, {"metadata", std::string(1'000'000, 'v')});
    EXPECT_ERROR(kInternal, "write a snapshot's root: it takes 40000", writer.add_snapshot(evil));
    add_good(writer);
    writer.commit();
  }
  expect_good_alone();
}

TEST_F(UnstorableStoreTest, AFolderAndALeafThatDoNotFitABlockAreNotAdded) {
  {
    Writer writer = open_writer();
    FolderInfo info = folder_named("INBOX");
    info.skipped.assign(700, {{1}, std::string(64'000, 'r')});
    FolderDraft folder(info);
    EXPECT_THROW(writer.seal(folder), Unstorable);

    const StoredMessage stored = add_message(writer, sample_message(2));
    for (const bool is_flag : {false, true}) {
      FolderDraft draft(writer.reader(), folder_named("INBOX"));
      MessageEntry entry = entry_of(1, stored);
      (is_flag ? entry.flags[0] : entry.server_id).assign(40'000'000, 'x');
      draft.put(entry, stored.digest);
      EXPECT_THROW(writer.seal(draft), Unstorable);
    }
    add_good(writer);
    writer.commit();
  }
  expect_good_alone();
}

TEST_F(UnstorableStoreTest, ALineThatIsTooLongIsNotAdded) {
  {
    Writer writer = open_writer();
    SnapshotDraft evil;
    evil.account = "evil";
    evil.personal_prefix.assign(9'000'000, 'p');
    EXPECT_THROW(writer.add_snapshot(evil), Unstorable);
    evil.account.assign(kMaxAccountName + 1, 'a');
    evil.personal_prefix.clear();
    EXPECT_THROW(writer.add_snapshot(evil), Unstorable);
    add_good(writer);
    writer.commit();
  }
  expect_good_alone();
}

TEST_F(UnstorableStoreTest, AStoreWithManyLongLinesIsPruned) {
  constexpr int kNights = 10;  // all lines together do not fit into a commit
  {
    Writer writer = open_writer();
    const FolderRecord inbox = add_folder(writer, "INBOX", {sample_message(1)});
    for (int night = 0; night < kNights; ++night) {
      SnapshotDraft evil;
      evil.account = "evil";
      evil.time = std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000 + night));
      evil.personal_prefix.assign(1'000'000, 'p');
      evil.folders = {inbox};
      writer.add_snapshot(evil);
      writer.commit();
    }
  }
  PruneOptions options;
  options.limits.dead_percent = 0;
  EXPECT_GT(prune(location_, files_, clock_, options).condemned, 0U);
  clock_.moment += std::chrono::hours(100);
  prune(location_, files_, clock_, options);
  std::filesystem::remove_all(location_.index);
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_EQ(open_reader().snapshots("evil").size(), std::size_t{kNights});
}

}  // namespace
}  // namespace store
