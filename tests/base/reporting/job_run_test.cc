// The work around a job, with a real mail server, real hooks and a clock that the test controls.
#include "base/reporting/job_run.h"

#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/handle.h"
#include "base/reporting/job_record.h"
#include "base/reporting/pending_mail.h"
#include "base/reporting/trouble_memory.h"
#include "base/stop_request.h"
#include "base/supervised_command.h"
#include "tests/expect_error.h"
#include "tests/servers/mail_server.h"
#include "tests/temporary_directory.h"

namespace base {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::chrono::sys_seconds kNight{std::chrono::seconds(1'795'660'200)};

class TestClock : public Clock {
 public:
  TimePoint now() const override { return time_; }
  std::chrono::steady_clock::time_point steady_now() const override {
    return std::chrono::steady_clock::now();
  }
  void sleep_for(std::chrono::milliseconds duration) override { time_ += duration; }

 private:
  TimePoint time_ = kNight;
};

std::string read_text(const Path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

JobOutcome trouble(const std::string& line) {
  JobOutcome outcome;
  outcome.status = ExitStatus::kPartial;
  outcome.document = R"({"status":"partial"})";
  outcome.text = "the report says: " + line + "\n";
  outcome.troubles = {line};
  return outcome;
}

JobRecord begun(const std::string& job) {
  JobRecord record;
  record.job = job;
  record.started = kNight;
  return record;
}

class JobRunTest : public testing::Test {
 protected:
  JobRunTest() {
    store().index = directory_.path() / "index";
    std::filesystem::create_directory(store().index);
    const json document = {{"mail", server_.config()},
                           {"reports", {{"to", {"admin@example.org"}}}}};
    environment_.config.reporting = parse_reporting(document);
  }

  StoreConfig& store() { return environment_.config.store; }
  ReportingConfig& reporting() { return environment_.config.reporting; }

  // Adds a hook that can append its input to a file, `$1`.
  void add_hook(const std::string& script, std::vector<HookEvent> on = {}) {
    HookConfig hook;
    hook.on = std::move(on);
    hook.jobs = {"backup", "check"};
    hook.command = {"sh", "-c", script, "hook", (directory_.path() / "hook-output").string()};
    reporting().hooks.push_back(hook);
  }
  std::string hook_output() const { return read_text(directory_.path() / "hook-output"); }

  ExitStatus run(const std::string& job, const std::function<JobOutcome()>& body) {
    return JobRun(environment_, job,
                  {.footer = [] { return std::string("Highest commit: 7.\n"); },
                   .write_metrics = [this] { ++metrics_written_; }})
        .carry_out(body);
  }
  void run_successfully(const std::string& job) {
    run(job, [] { return JobOutcome{}; });
  }

  JobRecord record(const std::string& job) {
    return load_job_record(environment_.files, store(), job).value();
  }

  std::vector<json> mail() { return server_.mail(); }
  std::string last_subject() { return mail().back()["headers"]["Subject"]; }
  std::string last_body() { return mail().back()["body"]; }

  int metrics_written_ = 0;
  tests::TemporaryDirectory directory_;
  servers::MailServer server_;
  TestClock clock_;
  Environment environment_{{}, OutputFormat::kText, real_file_system(), clock_, {}};
};

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

TEST_F(JobRunTest, TroubleIsReportedOnceADayAndThenItsEnd) {
  run_successfully("sweep");
  EXPECT_THAT(mail(), IsEmpty()) << "a successful sweep is not reported";
  const auto fail_with = [&](const std::string& line) {
    run("sweep", [&] { return trouble(line); });
    clock_.sleep_for(std::chrono::hours(1));
  };
  fail_with("alice: the server is away");
  ASSERT_EQ(mail().size(), 1U);
  EXPECT_EQ(mail()[0]["wrong"], json::array());
  EXPECT_EQ(last_subject(), "mailstow on backup.example.org: sweep: something could not be done");
  EXPECT_THAT(last_body(), HasSubstr("The sweep that started at 2026-11-26T02:30:00Z ended at"));
  EXPECT_THAT(last_body(), HasSubstr("the report says: alice: the server is away\n"));
  EXPECT_THAT(last_body(), HasSubstr("Highest commit: 7.\n"));
  for (int hour = 1; hour < 23; ++hour) fail_with("alice: the server is away");
  EXPECT_EQ(mail().size(), 1U);
  fail_with("alice: the server is away");
  EXPECT_EQ(mail().size(), 2U) << "still there a day later";
  fail_with("bob: another thing");
  EXPECT_EQ(mail().size(), 3U);
  run_successfully("sweep");
  ASSERT_EQ(mail().size(), 4U);
  EXPECT_EQ(last_subject(), "mailstow on backup.example.org: sweep: recovered");
  run_successfully("sweep");
  EXPECT_EQ(mail().size(), 4U);
}

TEST_F(JobRunTest, AnErrorThatEndsAJobIsReported) {
  EXPECT_ANY_THROW(
      run("prune", []() -> JobOutcome { fail(ErrorCode::kDamaged, "pack 1: it is torn"); }));
  EXPECT_EQ(last_subject(), "mailstow on backup.example.org: prune: the store is damaged");
  EXPECT_THAT(last_body(),
              HasSubstr("exit status 4: the store is damaged.\n\npack 1: it is torn\n"));
}

TEST_F(JobRunTest, ASummaryIsSentAlwaysOrOnlyAboutTrouble) {
  const auto back_up = [&](std::vector<std::string> troubles) {
    run("backup", [&] {
      JobOutcome outcome;
      outcome.troubles = std::move(troubles);
      outcome.summary = JobSummary{"backup complete", "the summary\n"};
      return outcome;
    });
  };
  back_up({});
  ASSERT_EQ(mail().size(), 1U);
  EXPECT_EQ(last_subject(), "mailstow on backup.example.org: backup complete");
  EXPECT_EQ(last_body(), "the summary\n\nHighest commit: 7.\n");
  reporting().reports.when = ReportWhen::kTrouble;
  back_up({});
  EXPECT_EQ(mail().size(), 1U);
  back_up({"alice: skipped"});
  back_up({"alice: skipped"});
  EXPECT_EQ(mail().size(), 3U) << "every night with something to look at";
  back_up({});
  EXPECT_EQ(mail().size(), 4U) << "and once when it is resolved";
  back_up({});
  EXPECT_EQ(mail().size(), 4U);
}

TEST_F(JobRunTest, RefusedMailIsSentAgainByTheNextRun) {
  reporting().reports.to = {"nobody@example.org"};
  const auto status = run("sweep", [] { return trouble("alice: away"); });
  EXPECT_EQ(status, ExitStatus::kPartial);
  EXPECT_THAT(record("sweep").reported, IsEmpty());
  EXPECT_THAT(record("sweep").mail_error, HasSubstr("no such user here"));
  reporting().reports.to = {"admin@example.org"};
  run("sweep", [] { return trouble("alice: away"); });
  EXPECT_EQ(mail().size(), 1U);
  EXPECT_EQ(record("sweep").mail_error, "");
}

TEST_F(JobRunTest, MailThatCannotReachItsServerIsSentByTheNextJob) {
  reporting().reports.to = {"later@example.org", "admin@example.org"};
  run("check", [] { return trouble("pack 1: torn"); });
  ASSERT_EQ(mail().size(), 1U) << "the other recipient has received it";
  EXPECT_THAT(record("check").mail_error, HasSubstr("refused for now: 451 4.7.1 greylisted"));
  EXPECT_THAT(record("check").reported, IsEmpty());
  clock_.sleep_for(std::chrono::hours(1));
  run_successfully("sweep");
  ASSERT_EQ(mail().size(), 2U);
  EXPECT_EQ(mail()[1]["to"], json({"later@example.org"}));
  EXPECT_EQ(mail()[1]["headers"]["Subject"], mail()[0]["headers"]["Subject"]);
  EXPECT_EQ(mail()[1]["body"], mail()[0]["body"]);
  EXPECT_EQ(record("check").mail_error, "");
  EXPECT_THAT(record("check").reported, ElementsAre("pack 1: torn"));
  run_successfully("sweep");
  run("check", [] { return trouble("pack 1: torn"); });
  EXPECT_EQ(mail().size(), 2U) << "on the same day";

  // The server is unavailable for three days: then the mail is too old.
  const std::string url = reporting().mail->url;
  reporting().mail->url = "smtp://127.0.0.1:1";
  run("check", [] { return trouble("pack 2: torn"); });
  EXPECT_THAT(record("check").mail_error, HasSubstr("check that the server runs"));
  clock_.sleep_for(std::chrono::hours(73));
  reporting().mail->url = url;
  run_successfully("sweep");
  EXPECT_EQ(mail().size(), 2U);
}

// Accepts connections and never responds.
class SilentMailServer {
 public:
  SilentMailServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  std::string url() const { return fmt::format("smtp://127.0.0.1:{}", port_); }

 private:
  Fd listener_;
  std::uint16_t port_ = 0;
};

TEST_F(JobRunTest, MailInterruptedByAKillIsSentAgainButNeverAThirdTime) {
  const SilentMailServer silent;
  const std::string url = reporting().mail->url;
  const std::string footer = "Highest commit: 8.\n";
  const auto report_earlier_jobs = [&] {
    base::report_earlier_jobs(environment_,
                              {.footer = [&] { return footer; }, .write_metrics = [] {}});
  };
  // Runs `action` in a program that is killed during attempt number `begun` to send a mail.
  const auto die_sending = [&](int begun, const std::function<void()>& action) {
    reporting().mail->url = silent.url();
    const pid_t program = ::fork();
    if (program == 0) {
      action();
      ::_exit(0);
    }
    for (int tries = 0; tries < 3'000; ++tries) {
      const auto pending = load_pending_mail(environment_.files, store(), "check");
      if (pending && pending->attempts == begun) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ::kill(program, SIGKILL);
    int status = 0;
    ::waitpid(program, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    reporting().mail->url = url;
  };
  const auto check = [&] { run("check", [] { return trouble("pack 1: torn"); }); };

  die_sending(1, check);
  EXPECT_EQ(record("check").status, 3);
  report_earlier_jobs();
  ASSERT_EQ(mail().size(), 1U);
  EXPECT_EQ(last_subject(), "mailstow on backup.example.org: check: something could not be done");
  EXPECT_THAT(last_body(), HasSubstr("Highest commit: 7.\n")) << "the text as first written";
  EXPECT_THAT(record("check").reported, ElementsAre("pack 1: torn"));
  report_earlier_jobs();
  EXPECT_EQ(mail().size(), 1U);

  clock_.sleep_for(std::chrono::hours(24));
  die_sending(1, check);
  die_sending(2, report_earlier_jobs);
  testing::internal::CaptureStderr();
  report_earlier_jobs();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("is abandoned: it may not have"));
  EXPECT_EQ(mail().size(), 1U);
}

TEST_F(JobRunTest, AJobThatDiedIsReportedByTheNextOne) {
  add_hook(R"(echo "$MAILSTOW_JOB $MAILSTOW_EVENT" >>"$1")", {HookEvent::kFailure});
  save_job_record(environment_.files, store(), begun("backup"));
  {
    const auto lock = lock_job(environment_.files, store(), "backup");
    run_successfully("sweep");
    EXPECT_EQ(record("backup").ended, std::nullopt) << "it is still running";
    EXPECT_THAT(mail(), IsEmpty());
  }
  run_successfully("sweep");
  EXPECT_EQ(record("backup").ended, kNight);
  EXPECT_EQ(record("backup").status, std::nullopt);
  EXPECT_EQ(hook_output(), "backup failure\n");
  EXPECT_EQ(last_subject(), "mailstow on backup.example.org: backup: ended before it was done");
  run_successfully("sweep");
  EXPECT_EQ(mail().size(), 1U);

  save_job_record(environment_.files, store(), begun("check"));
  run_successfully("check");
  EXPECT_EQ(mail().size(), 3U) << "one that the last run died, one that this run did not";
  EXPECT_EQ(record("check").status, 0);
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
  EXPECT_EQ(record("check").error, "stopped: the next run goes on");
  EXPECT_EXIT(stop_and_end(true), testing::ExitedWithCode(7), "");
  EXPECT_EQ(hook_output(), "check start\ncheck start\ncheck success\n");
}

TEST_F(JobRunTest, TroubleIsReportedEvenWithoutAStore) {
  store().index = directory_.path() / "not there";
  EXPECT_ANY_THROW(
      run("backup", []() -> JobOutcome { fail(ErrorCode::kNotFound, "there is no store"); }));
  EXPECT_EQ(last_subject(), "mailstow on backup.example.org: backup: nothing was done");
  EXPECT_FALSE(std::filesystem::exists(store().index));
}

TEST(JobRecordTest, RoundTripsAndToleratesRubbish) {
  const tests::TemporaryDirectory directory;
  StoreConfig store;
  store.index = directory.path();
  FileSystem& files = real_file_system();
  EXPECT_EQ(load_job_record(files, store, "drill"), std::nullopt);
  const JobRecord record{"drill", kNight,       kNight, 3,      "an error",
                         kNight,  R"({"a":1})", {"x"},  kNight, "m"};
  save_job_record(files, store, record);
  EXPECT_EQ(load_job_record(files, store, "drill"), record);
  EXPECT_THAT(load_job_records(files, store), ElementsAre(record));
  for (const char* rubbish : {"", "{", "[]", R"({"started":"x"})"}) {
    std::ofstream(directory.path() / "jobs" / "drill.json") << rubbish;
    EXPECT_EQ(load_job_record(files, store, "drill"), std::nullopt) << rubbish;
  }
}

TEST(SupervisedCommandTest, ATimeoutKillsItsChildrenToo) {
  const tests::TemporaryDirectory directory;
  const std::string file = (directory.path() / "pid").string();
  EXPECT_EQ(run_supervised({.command = {"sh", "-c", "sleep 60 & echo $! >\"$1\"; wait", "x", file},
                            .environment = {},
                            .input = {},
                            .timeout = std::chrono::seconds(1)}),
            std::nullopt);
  pid_t pid = 0;
  std::ifstream(file) >> pid;
  ASSERT_GT(pid, 0);
  const auto is_running = [&] {  // a zombie is not
    const std::string state = read_text("/proc/" + std::to_string(pid) + "/stat");
    return !state.empty() && state.find(") Z") == std::string::npos;
  };
  for (int attempt = 0; attempt < 500 && is_running(); ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_FALSE(is_running());
  EXPECT_EQ(run_supervised({.command = {"sh", "-c", "kill -9 $$"},
                            .environment = {},
                            .input = std::string(1'000'000, 'x'),
                            .timeout = std::chrono::seconds(20)}),
            137);
}

}  // namespace
}  // namespace base
