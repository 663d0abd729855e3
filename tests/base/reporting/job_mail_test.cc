// Mail about jobs: when it is sent, and that it is neither lost nor repeated.
#include "base/reporting/job_mail.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/handle.h"
#include "base/reporting/pending_mail.h"
#include "base/reporting/trouble_memory.h"
#include "base/stop_request.h"
#include "tests/base/reporting/job_run_fixture.h"
#include "tests/expect_error.h"

namespace base {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class JobMailTest : public JobRunFixture {};

TEST_F(JobMailTest, TroubleIsReportedOnceADayAndThenItsEnd) {
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

TEST_F(JobMailTest, AReportOfAClockThatWasAheadSilencesNothing) {
  constexpr std::chrono::days kAhead{365};
  const auto fail_again = [&] {
    run("sweep", [] { return trouble("alice: the server is away"); });
  };
  clock_.sleep_for(kAhead);
  fail_again();
  clock_.sleep_for(-kAhead);
  fail_again();
  EXPECT_EQ(mail().size(), 2U);
  fail_again();
  EXPECT_EQ(mail().size(), 2U) << "on the same day";
}

TEST_F(JobMailTest, AMailOfAClockThatWasAheadIsNotTriedForAYear) {
  constexpr std::chrono::days kAhead{365};
  const std::string url = reporting().mail->url;
  reporting().mail->url = "smtp://127.0.0.1:1";
  clock_.sleep_for(kAhead);
  run("check", [] { return trouble("pack 1: torn"); });
  clock_.sleep_for(-kAhead);
  run_successfully("sweep");
  const auto pending = load_pending_mail(environment_.files, store(), "check");
  ASSERT_TRUE(pending) << "its age counts from now";
  EXPECT_EQ(pending->written, kNight);
  clock_.sleep_for(std::chrono::hours(73));
  reporting().mail->url = url;
  run_successfully("sweep");
  EXPECT_THAT(mail(), IsEmpty());
}

TEST_F(JobMailTest, AnErrorThatEndsAJobIsReported) {
  EXPECT_ANY_THROW(
      run("prune", []() -> JobOutcome { fail(ErrorCode::kDamaged, "pack 1: it is torn"); }));
  EXPECT_EQ(last_subject(), "mailstow on backup.example.org: prune: the store is damaged");
  EXPECT_THAT(last_body(),
              HasSubstr("exit status 4: the store is damaged.\n\npack 1: it is torn\n"));
}

TEST_F(JobMailTest, ASummaryIsSentAlwaysOrOnlyAboutTrouble) {
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
  EXPECT_EQ(mail().size(), 3U) << "every night with a problem";
  back_up({});
  EXPECT_EQ(mail().size(), 4U) << "and once when it is resolved";
  back_up({});
  EXPECT_EQ(mail().size(), 4U);
}

TEST_F(JobMailTest, RefusedMailIsSentAgainByTheNextRun) {
  reporting().reports.to = {"unknown@example.org"};
  const auto status = run("sweep", [] { return trouble("alice: away"); });
  EXPECT_EQ(status, ExitStatus::kPartial);
  EXPECT_THAT(record("sweep").reported, IsEmpty());
  EXPECT_THAT(record("sweep").mail_error, HasSubstr("no such user here"));
  reporting().reports.to = {"admin@example.org"};
  run("sweep", [] { return trouble("alice: away"); });
  EXPECT_EQ(mail().size(), 1U);
  EXPECT_EQ(record("sweep").mail_error, "");
}

TEST_F(JobMailTest, MailThatCannotReachItsServerIsSentByTheNextJob) {
  reporting().reports.to = {"later@example.org", "admin@example.org"};
  run("check", [] { return trouble("pack 1: torn"); });
  ASSERT_EQ(mail().size(), 1U) << "the other recipient has received it";
  EXPECT_THAT(record("check").mail_error, HasSubstr("refused for now: 451 4.7.1 greylisted"));
  EXPECT_THAT(record("check").reported, ElementsAre("pack 1: torn"));
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

TEST_F(JobMailTest, ARecipientThatIsRefusedDoesNotAffectTheOthers) {
  reporting().reports.to = {"unknown@example.org", "later@example.org", "admin@example.org"};
  const auto check = [&] { run("check", [] { return trouble("pack 1: torn"); }); };
  check();
  ASSERT_EQ(mail().size(), 1U);
  EXPECT_EQ(mail()[0]["to"], json({"admin@example.org"}));
  EXPECT_THAT(record("check").mail_error, HasSubstr("550 5.1.1 no such user here"));
  clock_.sleep_for(std::chrono::hours(1));
  check();
  ASSERT_EQ(mail().size(), 2U);
  EXPECT_EQ(mail()[1]["to"], json({"later@example.org"}));
  EXPECT_EQ(mail()[1]["headers"]["To"], mail()[0]["headers"]["To"]);
  clock_.sleep_for(std::chrono::hours(1));
  check();
  EXPECT_EQ(mail().size(), 2U) << "on the same day";
}

TEST_F(JobMailTest, ARecipientForWhichTheServerEndsTheSessionDelaysTheOthersOnce) {
  reporting().reports.to = {"closing@example.org", "admin@example.org"};
  run("check", [] { return trouble("pack 1: torn"); });
  EXPECT_EQ(mail().size(), 0U);
  run_successfully("sweep");
  ASSERT_EQ(mail().size(), 1U);
  EXPECT_EQ(mail()[0]["to"], json({"admin@example.org"}));
}

TEST_F(JobMailTest, MailThatTheServerDoesNotConfirmIsSentTwiceAtMost) {
  reporting().reports.to = {"mute@example.org"};
  testing::internal::CaptureStderr();
  for (int hour = 0; hour < 5; ++hour) {
    run("check", [] { return trouble("pack 1: torn"); });
    run_successfully("sweep");
    clock_.sleep_for(std::chrono::hours(1));
  }
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(mail().size(), 2U);
  EXPECT_THAT(log, HasSubstr("may have received the whole mail, but did not confirm it"));
  EXPECT_THAT(log, HasSubstr("check: to mute@example.org: the mail of "));
  EXPECT_THAT(log, HasSubstr("is abandoned: it may not have been delivered"));
}

TEST_F(JobMailTest, MailIsKeptIfTheServerCanNotBeTrustedForNow) {
  const Path ca_file = reporting().mail->ca_file;
  reporting().mail->ca_file = server_.stranger_ca_file();
  run("check", [] { return trouble("pack 1: torn"); });
  EXPECT_THAT(record("check").mail_error, HasSubstr("the certificate is not trusted"));
  reporting().mail->ca_file = ca_file;
  run_successfully("sweep");
  ASSERT_EQ(mail().size(), 1U);
  EXPECT_EQ(last_subject(), "mailstow on backup.example.org: check: something could not be done");
}

TEST_F(JobMailTest, PendingMailOfAnEarlierVersionCountsItsAttempts) {
  std::filesystem::create_directory(store().index / "jobs");
  std::ofstream(store().index / "jobs" / "check.letter")
      << R"({"written":1795660200,"headline":"check: torn","body":"text\n",)"
      << R"("to":["a@example.org","b@example.org"],"left":["b@example.org"],)"
      << R"("troubles":["pack 1: torn"],"begun":1})";
  auto pending = load_pending_mail(environment_.files, store(), "check");
  ASSERT_TRUE(pending);
  ASSERT_EQ(pending->undelivered.size(), 1U);
  EXPECT_EQ(pending->undelivered[0].address, "b@example.org");
  EXPECT_EQ(pending->undelivered[0].attempts, 1);
  pending->undelivered.push_back({"c@example.org", 2});
  save_pending_mail(environment_.files, store(), *pending);
  const auto again = load_pending_mail(environment_.files, store(), "check");
  ASSERT_TRUE(again);
  ASSERT_EQ(again->undelivered.size(), 2U);
  EXPECT_EQ(again->undelivered[0].attempts, 1);
  EXPECT_EQ(again->undelivered[1].attempts, 2);
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

TEST_F(JobMailTest, MailInterruptedByAKillIsSentAgainButNeverAThirdTime) {
  const SilentMailServer silent;
  const std::string url = reporting().mail->url;
  const std::string footer = "Highest commit: 8.\n";
  const auto report_earlier_jobs = [&] {
    base::report_earlier_jobs(
        environment_, {.footer = [&] { return std::string(footer); }, .write_metrics = [] {}});
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
      if (pending && pending->undelivered.at(0).attempts == begun) break;
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

TEST_F(JobMailTest, AJobThatDiedIsReportedByTheNextOne) {
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
  EXPECT_EQ(last_subject(), "mailstow on backup.example.org: backup: its end was not recorded");
  run_successfully("sweep");
  EXPECT_EQ(mail().size(), 1U);

  save_job_record(environment_.files, store(), begun("check"));
  run_successfully("check");
  EXPECT_EQ(mail().size(), 3U) << "one mail that the last check died, one that this one succeeded";
  EXPECT_EQ(record("check").status, 0);
}

TEST_F(JobMailTest, TroubleIsReportedEvenWithoutAStore) {
  store().index = directory_.path() / "not there";
  EXPECT_ANY_THROW(
      run("backup", []() -> JobOutcome { fail(ErrorCode::kNotFound, "there is no store"); }));
  EXPECT_EQ(last_subject(), "mailstow on backup.example.org: backup: nothing was done");
  EXPECT_FALSE(std::filesystem::exists(store().index));
}

}  // namespace
}  // namespace base
