// The work around a job: its record, hooks and metrics.
#include "base/reporting/job_run.h"

#include <csignal>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/stop_request.h"
#include "tests/base/reporting/job_run_fixture.h"
#include "tests/expect_error.h"

namespace base {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class JobRunTest : public JobRunFixture {};

TEST_F(JobRunTest, LeavesARecordOfItsResult) {
  EXPECT_EQ(run("check",
                [&] {
                  EXPECT_EQ(record("check").ended, std::nullopt);
                  clock_.sleep_for(std::chrono::seconds(90));
                  JobOutcome outcome;
                  outcome.details = R"({"packs":3})";
                  return outcome;
                }),
            ExitStatus::kDone);
  const JobRecord first = record("check");
  EXPECT_EQ(first.started, kNight);
  EXPECT_EQ(first.ended, kNight + std::chrono::seconds(90));
  EXPECT_EQ(first.status, 0);
  EXPECT_EQ(first.last_success, first.ended);
  EXPECT_EQ(first.details, R"({"packs":3})");

  EXPECT_ERROR(kNoSpace, "disk full",
               run("check", []() -> JobOutcome { fail(ErrorCode::kNoSpace, "disk full"); }));
  const JobRecord second = record("check");
  EXPECT_EQ(second.status, 1);
  EXPECT_EQ(second.error, "disk full");
  EXPECT_EQ(second.last_success, first.last_success);
  EXPECT_EQ(second.details, first.details) << "the results of the last complete run";
}

TEST_F(JobRunTest, MetricsAreWrittenAfterAJobIfTheyAreConfigured) {
  run_successfully("backup");
  EXPECT_EQ(0, metrics_written_);
  reporting().metrics.file = directory_.path() / "mailstow.prom";
  run_successfully("backup");
  EXPECT_EQ(1, metrics_written_);
}

TEST_F(JobRunTest, HooksRunAtStartSuccessAndFailure) {
  const std::string script =
      R"x(echo "$MAILSTOW_JOB $MAILSTOW_EVENT $MAILSTOW_STATUS $(cat)" >>"$1")x";
  add_hook(script);
  run_successfully("backup");
  EXPECT_EQ(hook_output(), "backup start  \nbackup success 0 null\n");
  run("backup", [] { return trouble("alice: skipped"); });
  EXPECT_THAT(hook_output(), HasSubstr("backup failure 3 {\"status\":\"partial\"}\n"));
  EXPECT_ANY_THROW(run("backup", []() -> JobOutcome { fail(ErrorCode::kKey, "no key"); }));
  EXPECT_THAT(hook_output(), HasSubstr("backup failure 2 {\n  \"status\": \"failed\",\n"
                                       "  \"error\": \"no key\"\n}\n"));
  const std::string before = hook_output();
  run_successfully("prune");
  EXPECT_EQ(hook_output(), before) << "the hook is not for this job";
}

TEST_F(JobRunTest, AFailingHookDoesNotAffectTheJob) {
  add_hook("exit 7");
  add_hook("sleep 60");
  reporting().hooks.back().timeout = std::chrono::seconds(1);
  HookConfig missing;
  missing.jobs = {"backup"};
  missing.command = {"/nonexistent/hook"};
  reporting().hooks.push_back(missing);
  HookConfig ping;
  ping.jobs = {"backup"};
  ping.url = "http://127.0.0.1:1/secret";
  reporting().hooks.push_back(ping);
  add_hook(R"(echo reached >>"$1")");
  testing::internal::CaptureStderr();
  const auto begin = std::chrono::steady_clock::now();
  run_successfully("backup");
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  EXPECT_EQ(record("backup").status, 0);
  EXPECT_EQ(hook_output(), "reached\nreached\n");
  EXPECT_THAT(log, HasSubstr("/hooks/0: start of backup: run command sh: exit status 7"));
  EXPECT_THAT(log,
              HasSubstr("/hooks/1: success of backup: run command sh: it took longer than 1s"));
  EXPECT_THAT(log, HasSubstr("/hooks/2: start of backup: run command /nonexistent/hook: No such"));
  EXPECT_THAT(log, HasSubstr("/hooks/3: start of backup: http://127.0.0.1:1: "));
  EXPECT_THAT(log, Not(HasSubstr("secret")));
}

TEST_F(JobRunTest, AStoppedJobIsNotTrouble) {
  add_hook(R"(echo "$MAILSTOW_JOB $MAILSTOW_EVENT" >>"$1")");
  const auto stop_and_end = [&](bool is_whole) {
    stop_on_request(OnStop::kContinue);
    run("check", [&] {
      EXPECT_EQ(::raise(SIGTERM), 0);
      return is_whole ? JobOutcome{} : trouble("not everything was read");
    });
    ::_exit(7);
  };
  // In separate processes: a stop request can't be withdrawn.
  EXPECT_EXIT(stop_and_end(false), testing::ExitedWithCode(7), "");
  EXPECT_THAT(mail(), IsEmpty());
  EXPECT_EQ(hook_output(), "check start\n");
  EXPECT_EQ(record("check").ended, kNight);
  EXPECT_EQ(record("check").status, 3);
  EXPECT_EQ(record("check").error, "stopped: the next run continues");
  EXPECT_EXIT(stop_and_end(true), testing::ExitedWithCode(7), "");
  EXPECT_EQ(hook_output(), "check start\ncheck start\ncheck success\n");
}

}  // namespace
}  // namespace base
