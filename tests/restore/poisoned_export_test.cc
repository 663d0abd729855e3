// The stores that an earlier mailstow could not read again can be exported.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/programs/owned_clock.h"
#include "tests/store/poisoned/poisoned_store.h"

namespace restore {
namespace {

class PoisonedExportTest : public testing::TestWithParam<const char*> {
 protected:
  PoisonedExportTest() {
    const base::Path password = mailstow_.directory() / "password";
    std::ofstream(password) << "secret\n";
    std::filesystem::permissions(password, std::filesystem::perms(0600));
    mailstow_.config()["servers"]["main"] = {{"url", "imap://127.0.0.1:1"}, {"tls", "none"}};
    mailstow_.config()["accounts"] = {
        {{"name", "good"}, {"server", "main"}, {"password_file", password.string()}}};
    mailstow_.save();
    tests::unpack_poisoned(GetParam(), mailstow_.directory());
  }

  // Exports both accounts in both formats.
  void expect_exports() {
    const std::size_t messages = tests::messages_in_poisoned(GetParam());
    for (const std::string account : {"evil", "good"}) {
      for (const std::string format : {"mbox", "maildir"}) {
        const base::Path to =
            mailstow_.directory() / (account + format + std::to_string(++exported_));
        const servers::ProcessResult result =
            mailstow_.restore({"export", account, "--folder", "INBOX", "--format", format, "--to",
                               to.string(), "--json"});
        EXPECT_EQ(result.status, 0)
            << account << " " << format << ": " << result.err.substr(0, 2'000);
        const auto report = programs::json::parse(result.out, nullptr, false);
        ASSERT_TRUE(report.is_object()) << result.out.substr(0, 2'000);
        std::size_t exported = 0;
        for (const auto& folder : report.at("folders")) {
          exported += folder.at("exported").get<std::size_t>();
        }
        EXPECT_EQ(exported, messages) << result.out.substr(0, 2'000);
      }
    }
  }

  void expect_done(const std::vector<std::string>& arguments) {
    const servers::ProcessResult result = mailstow_.backupd(arguments);
    EXPECT_EQ(result.status, 0) << arguments[0] << ": " << result.out << result.err;
  }

  programs::OwnedClock clock_{"2026-11-28T12:00:00Z"};
  programs::Installation mailstow_;

 private:
  int exported_ = 0;
};

TEST_P(PoisonedExportTest, BeforeAndAfterPruneAndReindex) {
  expect_done({"reindex"});
  expect_done({"check", "--read-data"});
  expect_exports();
  expect_done({"prune", "--now"});
  clock_.set(clock_.now() + std::chrono::hours(72));
  expect_done({"prune", "--now"});
  std::filesystem::remove_all(mailstow_.index());
  expect_done({"reindex"});
  expect_done({"check", "--read-data"});
  expect_exports();
}

INSTANTIATE_TEST_SUITE_P(Stores, PoisonedExportTest, testing::ValuesIn(tests::kPoisonedStores),
                         [](const auto& store) { return std::string(store.param); });

}  // namespace
}  // namespace restore
