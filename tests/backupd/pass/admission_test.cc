// Values from a server are stored up to each limit, and left out beyond it.
#include "backupd/pass/admission.h"

#include <gmock/gmock.h>

#include "store/format/limits.h"

namespace backupd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(AdmissionTest, KeepsValuesWithinTheLimits) {
  Admission admission;
  const std::string prefix(store::kMaxNamespacePrefix, 'p');
  EXPECT_EQ(admission.prefix(prefix), prefix);
  imap::MessageItems items;
  items.server_id.assign(store::kMaxServerId, 'e');
  items.flags = {"\\Seen", std::string(store::kMaxFlag, 'k')};
  const auto flags = items.flags;
  admission.admit("INBOX", items);
  EXPECT_THAT(items.server_id, SizeIs(store::kMaxServerId));
  EXPECT_EQ(items.flags, flags);
  store::AccountProperties properties;
  properties.metadata = {
      {"INBOX", "/private/comment", std::string(store::kMaxMetadataValue, '\0')}};
  properties.rights = {
      {std::string(store::kMaxFolderName, 'f'), std::string(store::kMaxPropertyWord, 'i'), "lrs"}};
  const store::AccountProperties before = properties;
  admission.admit(properties);
  EXPECT_EQ(properties, before);
  EXPECT_THAT(admission.troubles(), IsEmpty());
}

TEST(AdmissionTest, LeavesOutValuesThatAreTooLong) {
  Admission admission;
  EXPECT_EQ(admission.prefix(std::string(store::kMaxNamespacePrefix + 1, 'p')), "");
  imap::MessageItems items;
  items.server_id.assign(store::kMaxServerId + 1, 'e');
  items.flags = {std::string(store::kMaxFlag + 1, 'k'), "\\Seen", "$Label"};
  admission.admit("INBOX", items);
  EXPECT_EQ(items.server_id, "");
  EXPECT_THAT(*items.flags, testing::UnorderedElementsAre("\\Seen", "$Label"));
  imap::OpenFolder open;
  open.mailbox_id = std::string(store::kMaxServerId + 1, 'm');
  admission.admit("INBOX", open);
  EXPECT_EQ(open.mailbox_id, std::nullopt);
  store::AccountProperties properties;
  properties.metadata = {
      {"INBOX", "/private/comment", std::string(store::kMaxMetadataValue + 1, 'v')},
      {"INBOX", "/shared/comment", "short"}};
  admission.admit(properties);
  EXPECT_THAT(properties.metadata,
              ElementsAre(store::FolderMetadata{"INBOX", "/shared/comment", "short"}));
  EXPECT_THAT(
      admission.troubles(),
      testing::UnorderedElementsAre(
          "the prefix of the personal namespace is left out: 4,097 bytes, more than the limit of "
          "4,096",
          "INBOX: the EMAILID of a message is left out: 256 bytes, more than the limit of 255",
          "INBOX: the MAILBOXID is left out: 256 bytes, more than the limit of 255",
          "INBOX: a flag of a message is left out: 1,025 bytes, more than the limit of 1,024",
          "INBOX: a METADATA value is left out: 262,145 bytes, more than the limit of 262,144"));
}

// It would be read back as two words.
TEST(AdmissionTest, LeavesOutAWordWithANul) {
  Admission admission;
  store::AccountProperties properties;
  properties.rights = {{"INBOX", std::string("a\0b", 3), "lrs"}, {"INBOX", "anyone", "l"}};
  properties.metadata = {{"INBOX", std::string("/private\0x", 10), "value"}};
  admission.admit(properties);
  EXPECT_THAT(properties.rights, SizeIs(1));
  EXPECT_THAT(properties.metadata, IsEmpty());
  EXPECT_THAT(admission.troubles(), testing::Each(HasSubstr("it contains a NUL")));
  EXPECT_THAT(admission.troubles(), SizeIs(2));
}

TEST(AdmissionTest, LeavesOutMetadataFirstIfAllTogetherIsTooMuch) {
  Admission admission;
  store::AccountProperties properties;
  properties.subscriptions.assign(500, std::string(1'000, 's'));
  for (int entry = 0; entry < 100; ++entry) {
    properties.metadata.push_back(
        {"INBOX", "/private/" + std::to_string(entry), std::string(200'000, 'v')});
  }
  admission.admit(properties);
  EXPECT_THAT(properties.subscriptions, SizeIs(500));
  EXPECT_THAT(properties.metadata, SizeIs(39));
  EXPECT_THAT(admission.troubles(), ElementsAre(HasSubstr("METADATA, with all before it")));

  imap::MessageItems items;
  items.flags.emplace();
  for (int flag = 0; flag < 5'000; ++flag) items.flags->push_back("k" + std::to_string(flag));
  items.flags->emplace_back("\\Seen");
  admission.admit("INBOX", items);
  EXPECT_LT(items.flags->size(), 1'000U);
  EXPECT_THAT(*items.flags, testing::Contains("\\Seen"));
}

TEST(AdmissionTest, LimitsTheDifferentSetsOfFlagsInAFolder) {
  Admission admission;
  const auto admit = [&](const std::string& folder, int number) {
    imap::MessageItems items;
    items.flags = {std::to_string(number) + std::string(1'000, 'k'), "\\Seen"};
    admission.admit(folder, items);
    return items.flags->size();
  };
  constexpr int kFit = static_cast<int>(store::kMaxFlagSets / 1'300);
  for (int number = 0; number < kFit; ++number) ASSERT_EQ(admit("INBOX", number), 2U) << number;
  EXPECT_THAT(admission.troubles(), IsEmpty());
  for (int number = kFit; number < 2 * kFit; ++number) admit("INBOX", number);
  EXPECT_EQ(admit("INBOX", 2 * kFit), 1U) << "only the system flag";
  EXPECT_EQ(admit("INBOX", 0), 2U) << "a set that other messages have";
  EXPECT_EQ(admit("Sent", 2 * kFit), 2U) << "each folder has its own limit";
  EXPECT_THAT(admission.troubles(),
              ElementsAre(HasSubstr("INBOX: a keyword, with the different sets of flags before it "
                                    "is left out")));
}

TEST(AdmissionTest, LimitsAttributesAndNamesOfFolders) {
  Admission admission;
  std::vector<imap::Folder> listed(2);
  listed[0].raw_name.assign(store::kMaxFolderName, 'n');
  listed[0].attributes = {"\\Sent", std::string(store::kMaxAttribute + 1, 'a')};
  listed[1].raw_name.assign(store::kMaxFolderName + 1, 'n');
  admission.admit(listed);
  EXPECT_THAT(listed[0].attributes, ElementsAre("\\Sent"));
  EXPECT_TRUE(Admission::has_room_for_name(listed[0]));
  EXPECT_FALSE(Admission::has_room_for_name(listed[1]));
  EXPECT_THAT(admission.troubles(),
              testing::Contains(HasSubstr("a folder with such a name is left out: 16,385 bytes")));
}

TEST(AdmissionTest, LimitsTheReport) {
  Admission admission;
  for (int folder = 0; folder < 1'000; ++folder) {
    imap::MessageItems items;
    items.server_id.assign(1'000, 'e');
    admission.admit(std::string(50'000, 'n') + std::to_string(folder), items);
    items.server_id.assign(1'000, 'e');
    admission.admit(std::to_string(folder), items);
  }
  EXPECT_THAT(admission.troubles(), SizeIs(101));
  EXPECT_EQ(admission.troubles().back(), "values of these kinds are left out in other folders too");
}

TEST(AdmissionTest, AllReasonsOfAFolderShareOneLimit) {
  for (const std::size_t count : {1U, 700U, 100'000U, 1'000'000U}) {
    // A million of them have no memory of their own.
    const std::size_t length = count > 100'000 ? 12 : count > 700 ? 100 : 2'000;
    std::vector<store::SkippedMessage> skipped(count, {{1}, std::string(length, 'r')});
    shorten_reasons(skipped);
    std::size_t total = 0;
    for (const store::SkippedMessage& message : skipped) total += message.reason.size();
    EXPECT_LE(total, store::kMaxReasons);
    EXPECT_LE(skipped[0].reason.size(), store::kMaxReason);
    if (count < 100'000) {
      EXPECT_THAT(skipped[0].reason, SizeIs(1'000));
    }
  }
}

TEST(AdmissionTest, AMailboxIdOfSeveralFoldersIdentifiesNone) {
  Admission admission;
  std::vector<imap::Folder> listed(3);
  for (imap::Folder& folder : listed) {
    folder.status.emplace();
    folder.status->mailbox_id = "F1";
  }
  listed[2].status->mailbox_id = "F2";
  admission.admit(listed);
  EXPECT_EQ(listed[0].status->mailbox_id, std::nullopt);
  EXPECT_EQ(listed[1].status->mailbox_id, std::nullopt);
  EXPECT_EQ(listed[2].status->mailbox_id, "F2");
  EXPECT_THAT(admission.troubles(), IsEmpty());
}

}  // namespace
}  // namespace backupd
