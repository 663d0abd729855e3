// mailstow with the account alice, and its store in a new bucket of a real object storage.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/imap_client.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/storage/object_storage.h"

namespace backupd {

class BucketFixture : public testing::Test {
 protected:
  using json = programs::json;

  static constexpr std::size_t kMessages = 12;

  // `kind` begins the bucket's name, which is then unique in this process.
  BucketFixture(const servers::ObjectStorage& storage, const std::string& kind)
      : bucket_(kind + "-" + std::to_string(next_number())) {
    storage.make_bucket(bucket_);
    const base::Path secret = mailstow_.directory() / "secret";
    std::ofstream(secret) << storage.secret() << "\n";
    namespace fs = std::filesystem;
    fs::permissions(secret, fs::perms::owner_read | fs::perms::owner_write);
    mailstow_.config()["store"] = {{"s3",
                                    {{"url", storage.url()},
                                     {"bucket", bucket_},
                                     {"access_key", storage.access_key()},
                                     {"secret_key_file", secret.string()}}}};
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    use_prefix("one");
    servers::fill_account(server_, "alice", kMessages);
  }

  // A store of its own.
  void use_prefix(const std::string& prefix) {
    json& store = mailstow_.config()["store"];
    store["s3"]["prefix"] = prefix;
    store["index"] = (mailstow_.directory() / ("index-" + prefix)).string();
    store["key_file"] = (mailstow_.directory() / ("key-" + prefix)).string();
    mailstow_.save();
  }

  void use_url(const std::string& url) {
    mailstow_.config()["store"]["s3"]["url"] = url;
    mailstow_.save();
  }

  void deliver(std::size_t count, std::size_t bytes = 5'000) {
    std::vector<servers::Delivery> news;
    for (std::size_t at = 0; at < count; ++at) news.push_back({mail_.text(bytes)});
    server_.client("alice").append("INBOX", news);
  }

  servers::AccountState state() const { return servers::account_state(server_, "alice"); }

  // The hashes of all messages in these folders.
  static std::multiset<std::string> mail_in(
      const std::map<std::string, servers::FolderState>& folders) {
    std::multiset<std::string> mail;
    for (const auto& [name, folder] : folders) {
      for (const servers::MessageState& message : folder.messages) mail.insert(message.sha256);
    }
    return mail;
  }

  const std::string bucket_;
  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::MailGenerator mail_{17};

 private:
  static int next_number() {
    static int buckets = 0;
    return ++buckets;
  }
};

}  // namespace backupd
