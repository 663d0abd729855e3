// A job with a real mail server, real hooks and a clock that the test controls.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "base/reporting/job_record.h"
#include "base/reporting/job_run.h"
#include "tests/servers/mail_server.h"
#include "tests/temporary_directory.h"
#include "tests/text_of.h"

namespace base {

inline constexpr std::chrono::sys_seconds kNight{std::chrono::seconds(1'795'660'200)};

class NightClock : public Clock {
 public:
  TimePoint now() const override { return time_; }
  std::chrono::steady_clock::time_point steady_now() const override {
    return std::chrono::steady_clock::now();
  }
  void sleep_for(std::chrono::milliseconds duration) override { time_ += duration; }

 private:
  TimePoint time_ = kNight;
};

inline JobOutcome trouble(const std::string& line) {
  JobOutcome outcome;
  outcome.status = ExitStatus::kPartial;
  outcome.document = R"({"status":"partial"})";
  outcome.text = "the report says: " + line + "\n";
  outcome.troubles = {line};
  return outcome;
}

inline JobRecord begun(const std::string& job) {
  JobRecord record;
  record.job = job;
  record.started = kNight;
  return record;
}

class JobRunFixture : public testing::Test {
 protected:
  JobRunFixture() {
    store().index = directory_.path() / "index";
    std::filesystem::create_directory(store().index);
    const nlohmann::json document = {{"mail", server_.config()},
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
  std::string hook_output() const { return tests::text_of(directory_.path() / "hook-output"); }

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

  std::vector<nlohmann::json> mail() { return server_.mail(); }
  std::string last_subject() { return mail().back()["headers"]["Subject"]; }
  std::string last_body() { return mail().back()["body"]; }

  int metrics_written_ = 0;
  tests::TemporaryDirectory directory_;
  servers::MailServer server_;
  NightClock clock_;
  Environment environment_{{}, OutputFormat::kText, real_file_system(), clock_, {}};
};

}  // namespace base
