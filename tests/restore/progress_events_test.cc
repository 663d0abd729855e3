// The progress that run and export report on a descriptor, with real pipes.
#include "restore/progress_events.h"

#include <array>
#include <sstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "base/error.h"
#include "base/handle.h"
#include "tests/restore/run_fixture.h"
#include "tests/servers/account_filler.h"

namespace restore {
namespace {

using programs::json;

std::vector<json> events_in(const std::string& text) {
  std::vector<json> events;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) events.push_back(json::parse(line));
  return events;
}

// Its descriptors are inherited by programs, as those of a program's caller are.
struct Pipe {
  explicit Pipe(int size = 4'096) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
    read_end = base::Fd(ends[0]);
    write_end = base::Fd(ends[1]);
    ::fcntl(ends[1], F_SETPIPE_SZ, size);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  std::string read() const {
    std::string text(1U << 16U, '\0');
    const ssize_t length = ::read(read_end.get(), text.data(), text.size());
    text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return text;
  }
  std::uint32_t number() const { return static_cast<std::uint32_t>(write_end.get()); }
  base::Fd read_end;
  base::Fd write_end;
};

TEST(ProgressEventsTest, ASlowReaderMissesEventsAndGetsTheLast) {
  const Pipe pipe;
  ProgressEvents progress(base::system_clock(), pipe.number());
  progress.plan({"RESTORED/x", 1, 10, 100});
  progress.advance("INBOX", 4, 40);
  for (int lost = 0; lost < 1'000; ++lost) progress.begin_again();
  std::string text = pipe.read();
  progress.finish(3);
  text += pipe.read();
  const std::vector<json> events = events_in(text);
  ASSERT_GE(events.size(), 4U);
  EXPECT_LT(events.size(), 100U) << "the pipe holds 4 kB";
  EXPECT_EQ(events[0]["event"], "planned");
  EXPECT_EQ(events[0]["tree"], "RESTORED/x");
  EXPECT_EQ(events[0]["messages_total"], 10);
  EXPECT_EQ(events[1]["event"], "messages");
  EXPECT_EQ(events[1]["folder"], "INBOX");
  EXPECT_EQ(events[2]["event"], "waiting");
  EXPECT_EQ(events[2]["messages"], 4) << "it does not go back";
  EXPECT_EQ(events.back()["event"], "done");
  EXPECT_EQ(events.back()["exit_status"], 3);
}

TEST(ProgressEventsTest, IntermediateEventsAreRare) {
  const Pipe pipe(1 << 16);
  {
    ProgressEvents progress(base::system_clock(), pipe.number());
    progress.plan({"", 1, 100, 100});
    for (int message = 0; message < 100; ++message) progress.advance("INBOX", 1, 1);
  }
  const std::vector<json> events = events_in(pipe.read());
  ASSERT_GE(events.size(), 3U);
  EXPECT_LT(events.size(), 50U);
  EXPECT_EQ(events.back()["event"], "failed") << "it was not finished";
  EXPECT_EQ(events.back()["messages"], 100);
}

TEST(ProgressEventsTest, AReaderThatClosesThePipeEndsNothing) {
  Pipe pipe;
  ProgressEvents progress(base::system_clock(), pipe.number());
  pipe.read_end = base::Fd();
  progress.plan({"", 1, 1, 1});
  progress.advance("INBOX", 1, 1);
  progress.finish(0);
}

TEST(ProgressEventsTest, OnlyAnInheritedPipeWillDo) {
  const Pipe pipe;
  const Pipe closed_on_exec;
  ::fcntl(closed_on_exec.write_end.get(), F_SETFD, FD_CLOEXEC);
  const auto reading = static_cast<std::uint32_t>(pipe.read_end.get());
  for (const std::uint32_t wrong :
       {0U, 1U, 2U, 4'000'000'000U, 1'000'000U, reading, closed_on_exec.number()}) {
    try {
      const ProgressEvents progress(base::system_clock(), wrong);
      ADD_FAILURE() << wrong;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kUsage) << wrong;
    }
  }
}

class ProgressRunTest : public RunTest {
 protected:
  // Runs the command with descriptor 3 as the pipe to `reader`, and its exit status on stderr.
  servers::ProcessResult piped(const std::vector<std::string>& arguments,
                               const std::string& reader) const {
    std::vector<std::string> command = {
        "sh", "-c", R"({ "$@" 3>&1 >/dev/null; echo "status $?" >&2; } | )" + reader, "sh"};
    const std::vector<std::string> program = mailstow_.restore_command(arguments);
    command.insert(command.end(), program.begin(), program.end());
    return servers::run_program(command);
  }
};

TEST_F(ProgressRunTest, RunAndExportReportTheirProgress) {
  servers::fill_account(server_, "alice", 60);
  back_up();
  const std::string to = (mailstow_.directory() / "exported").string();
  const std::vector<std::vector<std::string>> commands = {
      {"run", "alice", "--all", "--progress-fd", "3"},
      {"export", "alice", "--format", "eml", "--to", to, "--progress-fd", "3"}};
  for (const std::vector<std::string>& command : commands) {
    const auto result = piped(command, "cat");
    EXPECT_THAT(result.err, testing::HasSubstr("status 0"));
    const std::vector<json> events = events_in(result.out);
    ASSERT_GE(events.size(), 2U) << result.err;
    EXPECT_EQ(events.front()["event"], "planned");
    const json& last = events.back();
    EXPECT_EQ(last["event"], "done");
    EXPECT_EQ(last["exit_status"], 0);
    EXPECT_EQ(last["messages"], last["messages_total"]);
    EXPECT_EQ(last["bytes"], last["bytes_total"]);
    EXPECT_EQ(last["folders"], last["folders_total"]);
    EXPECT_GE(last["messages"], 60);
    EXPECT_EQ(last.contains("tree"), command[0] == "run");
    for (std::size_t at = 1; at < events.size(); ++at) {
      EXPECT_GE(events[at]["messages"], events[at - 1]["messages"]);
      EXPECT_GE(events[at]["bytes"], events[at - 1]["bytes"]);
    }
  }
  EXPECT_THAT(piped(commands[0], "true").err, testing::HasSubstr("status 0"));

  EXPECT_EQ(mailstow_.restore({"run", "alice", "--all", "--progress-fd", "99"}).status, 2);
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 2U) << "nothing was begun";
}

}  // namespace
}  // namespace restore
