// A desk whose children are forked, and the ends of its fork server and of its children.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <string_view>

#include <gmock/gmock.h>

#include "base/error.h"
#include "restore/desk/children.h"
#include "tests/restore/desk/own_children.h"
#include "tests/restore/desk/staffed_desk.h"

namespace desk {
namespace {

using testing::IsEmpty;

class ForkingDeskTest : public StaffedDesk {
 protected:
  ForkingDeskTest() {
    large_ = message_in("alice", "Large",
                        back_up("alice", {{"Large", {std::string(std::size_t{4} << 20U, 'x')}}}));
  }

  std::string snapshots() {
    return outcome(desk_->ask(
        Door::kSelf, {{"request", "snapshots"}, {"session", desk_->owner_session("alice")}}));
  }

  nlohmann::ordered_json raw() const {
    return {{"command", "raw"}, {"account", "alice"}, {"message", large_}};
  }

  const base::OnBehalf alice_{.person = "alice", .role = "owner", .client = "192.0.2.7"};
  std::string large_;
};

TEST_F(ForkingDeskTest, WithoutAForkServerRequestsAreAnsweredAll) {
  ASSERT_TRUE(comes_true([] { return children_named("fork-server").size() == 1; }));
  EXPECT_EQ(snapshots(), "ok");
  for (const pid_t server : children_named("fork-server")) ::kill(server, SIGKILL);
  EXPECT_EQ(snapshots(), "ok");
  EXPECT_EQ(snapshots(), "ok");
}

TEST_F(ForkingDeskTest, AfterACrashOfAChildAnotherForkServerTakesOver) {
  desk_.reset();
  Children children(mailstow_.config_file());
  ASSERT_TRUE(comes_true([] { return children_named("fork-server").size() == 1; }));
  const pid_t first = children_named("fork-server").front();
  const int status = children.stream(StreamKind::kMessage, raw(), alice_, std::chrono::seconds(30),
                                     [](std::string_view) {
                                       for (const pid_t child : children_named("mailstow-restor"))
                                         ::kill(child, SIGABRT);
                                     });
  EXPECT_EQ(status, 128 + SIGABRT);
  EXPECT_TRUE(comes_true([&] {
    const auto living = children_named("fork-server");
    return std::ranges::find(living, first) == living.end();
  }));
  const nlohmann::ordered_json snapshots = {{"command", "snapshots"}, {"account", "alice"}};
  EXPECT_EQ(children.call(snapshots, alice_, std::chrono::seconds(30)).exit_status, 0);
}

TEST_F(ForkingDeskTest, ACommandThatTakesTooLongIsKilled) {
  desk_.reset();
  Children children(mailstow_.config_file());
  ASSERT_TRUE(comes_true([] { return children_named("fork-server").size() == 1; }));
  // It would wait for ever: nothing reads all of its output.
  EXPECT_THROW(children.call(raw(), alice_, std::chrono::seconds(0)), base::Error);
  EXPECT_THAT(children_named("mailstow-restor"), IsEmpty());
}

}  // namespace
}  // namespace desk
