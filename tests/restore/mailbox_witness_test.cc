// A login that leads to a different mailbox than the first one: detected before anything is
// written.
#include "imap/mailbox_witness.h"

#include <gmock/gmock.h>

#include "imap/mailbox_sight.h"
#include "restore/folder_restore.h"
#include "tests/expect_error.h"
#include "tests/restore/model_server.h"

namespace restore {
namespace {

class MailboxWitnessTest : public testing::Test {
 protected:
  MailboxWitnessTest() {
    for (ModelServer* server : {&first_, &other_}) {
      server->folders["INBOX"].put({3, {}, false, "abc"});
      server->folders["INBOX"].uid_validity = 7;
    }
  }

  imap::MailboxWitness witness_of_first() {
    imap::MailboxWitness witness;
    imap::Session session = first_.session();
    witness.prove(witness.look(session, session.examine("INBOX")));
    return witness;
  }

  void prove_other(const imap::MailboxWitness& witness) {
    imap::Session session = other_.session();
    witness.prove(session);
  }

  ModelServer first_;
  ModelServer other_;
};

TEST_F(MailboxWitnessTest, AcceptsTheSameMailboxWithNewMail) {
  const imap::MailboxWitness witness = witness_of_first();
  other_.folders["INBOX"].put({3, {}, false, "new"});
  other_.folders["RESTORED"];
  EXPECT_NO_THROW(prove_other(witness));
}

TEST_F(MailboxWitnessTest, RefusesAnotherUidvalidity) {
  const imap::MailboxWitness witness = witness_of_first();
  other_.folders["INBOX"].uid_validity = 8;
  EXPECT_ERROR(kLogin, "a different mailbox: INBOX is UIDVALIDITY 8, it was UIDVALIDITY 7",
               prove_other(witness));
}

TEST_F(MailboxWitnessTest, RefusesAnotherMailboxidWithTheSameUidvalidity) {
  first_.folders["INBOX"].mailbox_id = "F1";
  other_.folders["INBOX"].mailbox_id = "F2";
  const imap::MailboxWitness witness = witness_of_first();
  EXPECT_ERROR(kLogin, "INBOX is MAILBOXID F2, it was MAILBOXID F1", prove_other(witness));
}

// Courier assigns an empty INBOX a new UIDVALIDITY in each session.
TEST_F(MailboxWitnessTest, OtherFoldersDecideAsLongAsInboxIsEmpty) {
  for (ModelServer* server : {&first_, &other_}) {
    server->folders["INBOX"].messages.clear();
    server->folders["Sent"].put({3, {}, false, "abc"});
  }
  const imap::MailboxWitness witness = witness_of_first();
  other_.folders["INBOX"].uid_validity = 8;
  EXPECT_NO_THROW(prove_other(witness));
  other_.folders["Sent"].uid_validity = 9;
  EXPECT_ERROR(kLogin, "a different mailbox", prove_other(witness));
}

TEST_F(MailboxWitnessTest, OtherFoldersAreListedOnlyIfInboxDiffers) {
  for (ModelServer* server : {&first_, &other_}) {
    server->folders["INBOX"].messages.clear();
    server->folders["Sent"].put({3, {}, false, "abc"});
  }
  const imap::MailboxWitness witness = witness_of_first();
  EXPECT_NO_THROW(prove_other(witness));
  EXPECT_FALSE(other_.heard.contains("LIST"));
  other_.folders["INBOX"].uid_validity = 8;
  EXPECT_NO_THROW(prove_other(witness));
  EXPECT_TRUE(other_.heard.contains("LIST"));
}

TEST_F(MailboxWitnessTest, AnInboxThatCannotBeOpenedProvesNothing) {
  const imap::MailboxWitness witness = witness_of_first();
  other_.refused = {{"EXAMINE", "INBOX"}};
  EXPECT_ERROR(kNetwork, "does not show whose mailbox it opened", prove_other(witness));
}

TEST_F(MailboxWitnessTest, WithoutAnInboxAtFirstEveryConnectionIsAccepted) {
  const imap::MailboxWitness witness;
  EXPECT_NO_THROW(prove_other(witness));
}

TEST_F(MailboxWitnessTest, ComparesTheListsOfABackup) {
  imap::MailboxWitness witness;
  imap::Session session = first_.session();
  witness.prove(imap::sight_of(session.list_personal_folders()));
  other_.folders["INBOX"].uid_validity = 8;
  imap::Session another = other_.session();
  EXPECT_ERROR(kLogin, "a different mailbox",
               witness.prove(imap::sight_of(another.list_personal_folders())));
}

// The folder has the same name, UIDVALIDITY and content in both mailboxes.
TEST_F(MailboxWitnessTest, NothingIsAppendedToAnotherMailbox) {
  constexpr const char* kText = "Subject: one\r\n\r\none\r\n";
  other_.folders["INBOX"].mailbox_id = "F2";
  first_.folders["INBOX"].mailbox_id = "F1";
  first_.folders["Sent"];
  other_.folders["Sent"];
  first_.breaks_over = "Subject";
  const imap::MailboxWitness witness = witness_of_first();
  PlannedFolder planned;
  planned.source = planned.target = planned.target_raw_name = "Sent";
  store::MessageEntry entry;
  entry.uid = base::Uid{1};
  planned.messages.push_back(entry);
  FolderRestore folder(planned, {}, Start::kFresh);
  const auto reopen = [&](FolderRestore::Unusable) {
    imap::Session session = other_.session();
    witness.prove(session);
    return session;
  };
  imap::Session session = first_.session();
  folder.open(session, reopen);
  const store::MessageBytes bytes(base::to_bytes(kText));
  ASSERT_TRUE(folder.wants(0, bytes));
  const std::vector<FolderRestore::Waiting> batch = {{0, bytes}};
  EXPECT_ERROR(kLogin, "a different mailbox", folder.append(session, batch, reopen));
  EXPECT_TRUE(other_.folders["Sent"].messages.empty());
}

}  // namespace
}  // namespace restore
