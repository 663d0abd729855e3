// The moment of a refused login, on a clock that stands still unless the desk waits.
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/long_run.h"
#include "tests/restore/desk/local_desk.h"
#include "tests/restore/desk/staffed_desk.h"
#include "tests/servers/dovecot.h"

namespace desk {
namespace {

using std::chrono::seconds;

class RefusalMomentTest : public testing::Test {
 protected:
  RefusalMomentTest() {
    mailstow_.make_store();
    mailstow_.config()["web"] = {{"self", {{"accounts", {"alice"}}, {"refusal_after", "7s"}}}};
    mailstow_.save();
    desk_.emplace(mailstow_, clock_);
  }

  // The code of the answer, and the time until it by the desk's clock.
  std::pair<std::string, std::chrono::milliseconds> refused(const std::string& name,
                                                            const std::string& password) {
    const auto begun = clock_.elapsed;
    const json answer =
        desk_->ask(Door::kSelf, {{"request", "login"}, {"name", name}, {"password", password}});
    const auto time = clock_.elapsed - begun;
    clock_.elapsed += std::chrono::minutes(16);  // beyond every wait of the brake
    return {outcome(answer), time};
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_, {"alice", "bob"}};
  PatientClock clock_;
  std::optional<LocalDesk> desk_;
};

// In the long run, 200 tries each.
TEST_F(RefusalMomentTest, ItIsTheSameWhateverTheReason) {
  const int tries = tests::is_long_run() ? 200 : 1;
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"alice", "wrong"},
      {"mallory", "wrong"},
      {"bob", servers::Server::password("bob")},  // not admitted
      {"alice*" + servers::Server::admin(), servers::Server::password(servers::Server::admin())}};
  for (int at = 0; at < tries; ++at) {
    for (const auto& [name, password] : wrong) {
      const auto [code, time] = refused(name, password);
      EXPECT_EQ(code, "refused") << name;
      EXPECT_EQ(time, seconds(7)) << name;
    }
  }
  server_.stop();
  for (const auto& [name, password] : wrong) {
    const auto [code, time] = refused(name, password);
    EXPECT_EQ(code, "unavailable") << name;
    EXPECT_EQ(time, seconds(7)) << name;
  }
}

}  // namespace
}  // namespace desk
