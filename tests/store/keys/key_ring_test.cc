#include "store/keys/key_ring.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/expect_error.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::SizeIs;

class KeyRingTest : public StoreFixture {
 protected:
  KeyRingTest() { make_store(); }

  std::vector<KeyInfo> keys() { return list_keys(location_, files_); }
};

TEST_F(KeyRingTest, AnotherKeyFileOpensTheStore) {
  Location with_other = location_;
  with_other.key_file = directory_ / "other.key";
  const std::string id = add_key_file(location_, files_, clock_, with_other.key_file);
  EXPECT_THAT(keys(), SizeIs(2));
  EXPECT_NO_THROW(Reader::open(with_other, files_));

  EXPECT_ERROR(kUsage, "could no longer open the store", remove_key(with_other, files_, id));
  remove_key(location_, files_, id);
  EXPECT_THAT(keys(), SizeIs(1));
  EXPECT_ERROR(kKey, "is not a key of this store", Reader::open(with_other, files_));
  EXPECT_NO_THROW(open_reader());
}

TEST_F(KeyRingTest, APassphraseReplacesALostKeyFile) {
  add_passphrase(location_, files_, clock_, base::Secret("correct horse"));
  std::filesystem::remove(location_.key_file);
  EXPECT_ERROR(kKey, "not found", open_reader());
  EXPECT_ERROR(kKey, "this passphrase opens none of its key slots",
               replace_key_file(location_, files_, clock_, base::Secret("battery staple")));
  EXPECT_FALSE(std::filesystem::exists(location_.key_file));
  replace_key_file(location_, files_, clock_, base::Secret("correct horse"));
  EXPECT_NO_THROW(open_reader());
  EXPECT_THAT(keys(), SizeIs(3));
}

TEST_F(KeyRingTest, ACopiedKeyIsVerifiedWithoutTheConfiguredOne) {
  {
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 2))});
    writer.commit();
  }
  const base::Path copy = directory_ / "copy.key";
  const base::Path paper = directory_ / "paper";
  std::filesystem::copy(location_.key_file, copy);
  files_.create(paper)->write(base::as_bytes(export_key(location_, files_).reveal()));
  std::filesystem::remove(location_.key_file);
  EXPECT_EQ(keys().at(0).id, verify_key(location_, files_, copy).id);
  EXPECT_EQ("", verify_key(location_, files_, paper).id);
}

TEST_F(KeyRingTest, AKeyOfAnotherStoreAndRubbishAreNoKeys) {
  {
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 2))});
    writer.commit();
  }
  const Location other{.store = directory_ / "other",
                       .index = directory_ / "other-index",
                       .key_file = directory_ / "other.key"};
  init(other, files_, clock_);
  EXPECT_ERROR(kKey, "is not a key of this store", verify_key(location_, files_, other.key_file));
  const base::Path paper = directory_ / "paper";
  files_.create(paper)->write(base::as_bytes(export_key(other, files_).reveal()));
  EXPECT_ERROR(kKey, "is not the key of this store", verify_key(location_, files_, paper));
  const base::Path rubbish = directory_ / "rubbish";
  files_.create(rubbish)->write(base::as_bytes("not a key\n"));
  EXPECT_ERROR(kKey, "key", verify_key(location_, files_, rubbish));
  EXPECT_ERROR(kKey, "there is no such file", verify_key(location_, files_, directory_ / "none"));
}

TEST_F(KeyRingTest, TheOnlyKeyCannotBeRemoved) {
  EXPECT_ERROR(kUsage, "add another key file first", remove_key(location_, files_, keys()[0].id));
  EXPECT_ERROR(kNotFound, "not found", remove_key(location_, files_, "0123456789abcdef"));
}

TEST_F(KeyRingTest, KeysAreListedWithKindAndTime) {
  add_passphrase(location_, files_, clock_, base::Secret("words"));
  std::size_t passphrases = 0;
  for (const KeyInfo& key : keys()) {
    EXPECT_EQ(16U, key.id.size());
    EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(clock_.moment), key.created);
    if (key.kind == KeyKind::kPassphrase) ++passphrases;
  }
  EXPECT_EQ(1U, passphrases);
}

TEST_F(KeyRingTest, AStoreHasAtMost32Keys) {
  Location with_other = location_;
  with_other.key_file = directory_ / "other.key";
  std::string last;
  for (int number = 1; number < 32; ++number) {
    last = add_key_file(location_, files_, clock_, with_other.key_file);
  }
  EXPECT_ERROR(kUsage, "the store has 32 keys",
               add_key_file(location_, files_, clock_, with_other.key_file));
  EXPECT_ERROR(kUsage, "the store has 32 keys",
               add_passphrase(location_, files_, clock_, base::Secret("words")));
  const base::Secret exported = export_key(location_, files_);
  EXPECT_NO_THROW(
      replace_key_file_from_export(location_, files_, clock_, base::as_bytes(exported.reveal())));
  EXPECT_THAT(keys(), SizeIs(33)) << "a lost key file can always be replaced";
  remove_key(location_, files_, last);
  remove_key(location_, files_, keys().front().id);
  EXPECT_NO_THROW(add_key_file(location_, files_, clock_, with_other.key_file));
}

TEST_F(KeyRingTest, AnEmptyPassphraseIsRejected) {
  EXPECT_ERROR(kUsage, "it is empty", add_passphrase(location_, files_, clock_, base::Secret()));
}

TEST_F(KeyRingTest, KeysCannotChangeWhileAWriterRuns) {
  const Writer writer = open_writer();
  EXPECT_ERROR(kBusy, "another mailstow process is writing to it",
               add_passphrase(location_, files_, clock_, base::Secret("words")));
}

}  // namespace
}  // namespace store
