// The metrics for Prometheus, as its own promtool parses them.
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backupd/daemon/metrics_server.h"
#include "backupd/report/alarms.h"
#include "backupd/report/prometheus_text.h"
#include "tests/expect_error.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/ports.h"
#include "tests/temporary_directory.h"
#include "tests/text_of.h"

namespace backupd {
namespace {

using programs::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Returns {series: value}; fails the test if a line violates the format, a series occurs twice, or
// a family lacks # HELP and # TYPE right before it.
std::map<std::string, double> parse(const std::string& text) {
  static const std::regex sample(
      R"re(([a-z_]+)(\{([a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,|(?=\})))*\})? ([0-9.e+-]+))re");
  std::map<std::string, double> series;
  std::set<std::string> families;
  std::string family;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families.insert(family).second) << family << " occurs twice";
    } else if (line.starts_with("# TYPE ")) {
      EXPECT_EQ(line, "# TYPE " + family + " gauge");
    } else if (std::regex_match(line, match, sample)) {
      EXPECT_EQ(match[1], family);
      const std::string name = match[1].str() + match[2].str();
      EXPECT_TRUE(series.emplace(name, std::stod(match[4])).second) << name << " occurs twice";
    } else {
      ADD_FAILURE() << "no sample: " << line;
    }
  }
  EXPECT_TRUE(text.empty() || text.ends_with('\n'));
  return series;
}

void expect_promtool_takes(const std::string& text) {
  const auto checked = servers::run_program({"promtool", "check", "metrics"}, text);
  EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
  EXPECT_EQ(checked.out + checked.err, "");
}

TEST(PrometheusTextTest, EscapesLabels) {
  PrometheusText text;
  text.gauge("mailstow_x", "Help.");
  text.sample(std::uint64_t{18'446'744'073'709'551'615U}, {{"a", "q\"b\\s\nn\xc3\xbc\xff,}"}});
  text.sample(0.5, {{"a", ""}, {"b", "c"}});
  EXPECT_EQ(text.text(),
            "# HELP mailstow_x Help.\n# TYPE mailstow_x gauge\n"
            "mailstow_x{a=\"q\\\"b\\\\s\\nn\xc3\xbc\xef\xbf\xbd,}\"} 18446744073709551615\n"
            "mailstow_x{a=\"\",b=\"c\"} 0.5\n");
  EXPECT_EQ(parse(text.text()).size(), 2U);
  expect_promtool_takes(text.text());
}

class MetricsTest : public testing::Test {
 protected:
  MetricsTest() {
    servers::fill_account(server_, "alice", 20);
    mailstow_.config()["accounts"] = {{{"name", kOdd}, {"server", "main"}, {"user", "alice"}},
                                      {{"name", "bob"}, {"server", "main"}}};
    mailstow_.config()["metrics"]["file"] = file().string();
    mailstow_.config()["copies"] = {
        {{"name", "elsewhere"}, {"path", (mailstow_.directory() / "elsewhere").string()}}};
    mailstow_.save();
    mailstow_.make_store();
  }

  base::Path file() const { return mailstow_.directory() / "mailstow.prom"; }

  // Runs all jobs first, so that every metric is present.
  std::string whole_text() {
    mailstow_.backupd_json({"once"});
    mailstow_.backupd_json({"check", "--read-data"});
    mailstow_.backupd_json({"prune"});
    mailstow_.backupd_json({"drill"});
    mailstow_.backupd_json({"copy"});
    mailstow_.restore_json({"run", kOdd, "--all"});
    mailstow_.restore_json({"sweep"});
    return tests::text_of(file());
  }

  static constexpr const char* kOdd = "od\"d\\ \xc3\xbc";
  static constexpr const char* kOddLabel = "{account=\"od\\\"d\\\\ \xc3\xbc\"}";

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(MetricsTest, EveryJobReplacesTheFile) {
  const std::string text = whole_text();
  expect_promtool_takes(text);
  struct stat status {};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U) << "node_exporter runs as a different user";

  auto series = parse(text);
  const auto of_odd = [&](const std::string& name) { return series.at(name + kOddLabel); };
  const double now = series.at("mailstow_metrics_timestamp_seconds");
  EXPECT_EQ(series.at("mailstow_store_readable"), 1);
  EXPECT_EQ(of_odd("mailstow_account_messages"), 20);
  EXPECT_EQ(of_odd("mailstow_account_fetched_messages"), 20);
  EXPECT_EQ(of_odd("mailstow_account_new_messages"), 20);
  EXPECT_GT(of_odd("mailstow_account_fetched_bytes"), 0);
  EXPECT_GT(of_odd("mailstow_account_stored_bytes"), 0);
  EXPECT_GT(of_odd("mailstow_account_duration_seconds"), 0);
  EXPECT_EQ(of_odd("mailstow_account_skipped_messages"), 0);
  EXPECT_NEAR(of_odd("mailstow_account_success_timestamp_seconds"), now, 120);
  EXPECT_EQ(of_odd("mailstow_trees"), 1);
  EXPECT_NEAR(of_odd("mailstow_tree_expiry_timestamp_seconds"), now + 7 * 86'400, 120);
  for (const AlarmKind kind : kAlarmKinds) {
    const std::string label = fmt::format("{{account=\"bob\",kind=\"{}\"}}", word(kind));
    EXPECT_EQ(series.at("mailstow_account_alarm" + label), 0);
  }
  EXPECT_NEAR(series.at("mailstow_store_dedup_ratio"), 1, 0.2);
  EXPECT_GT(series.at("mailstow_store_compression_ratio"), 1);
  EXPECT_EQ(series.at("mailstow_drill_messages"), series.at("mailstow_drill_intact_messages"));
  EXPECT_EQ(series.at("mailstow_drill_troubles"), 0);
  EXPECT_EQ(series.at("mailstow_prune_left_packs"), 0);
  EXPECT_GT(series.at("mailstow_check_packs_read"), 0);
  EXPECT_GT(series.at("mailstow_copy_timestamp_seconds{name=\"elsewhere\"}"), now - 120);
  EXPECT_EQ(series.at("mailstow_copy_held{name=\"elsewhere\"}"), 0);
  EXPECT_EQ(series.at("mailstow_copy_info{name=\"elsewhere\",location=\"" +
                      (mailstow_.directory() / "elsewhere").string() + "\"}"),
            1);
  for (const char* job : {"backup", "prune", "check", "sweep", "drill"}) {
    EXPECT_EQ(series.at(std::string("mailstow_job_exit_status{name=\"") + job + "\"}"), 0) << job;
  }

  // If something is wrong, the metrics show it.
  server_.stop();
  mailstow_.backupd({"once"});
  series = parse(tests::text_of(file()));
  EXPECT_EQ(series.at("mailstow_job_exit_status{name=\"backup\"}"), 1);
  EXPECT_GT(series.at("mailstow_job_success_timestamp_seconds{name=\"backup\"}"), now - 120);
  std::filesystem::remove_all(mailstow_.store());
  const std::string without = mailstow_.backupd({"-q", "metrics"}).out;
  EXPECT_EQ(parse(without).at("mailstow_store_readable"), 0);
  expect_promtool_takes(without);
}

TEST_F(MetricsTest, DashboardAndAlertsNameOnlyExistingMetrics) {
  const std::string text = whole_text();
  std::set<std::string> known;
  for (const auto& [series, value] : parse(text)) known.insert(series.substr(0, series.find('{')));
  const base::Path docs = base::Path(MAILSTOW_SOURCE_DIRECTORY) / "docs";
  const std::string dashboard = tests::text_of(docs / "grafana-dashboard.json");
  const std::string alerts = tests::text_of(docs / "alert-rules.yml");
  static const std::regex name("mailstow_[a-z_]+");
  std::set<std::string> shown;
  for (const std::string* document : {&dashboard, &alerts}) {
    for (std::sregex_iterator at(document->begin(), document->end(), name), end; at != end; ++at) {
      EXPECT_TRUE(known.contains(at->str())) << at->str();
      shown.insert(at->str());
    }
  }
  EXPECT_GT(shown.size(), 20U);
  const std::string manual = tests::text_of(docs / "man" / "mailstow-backupd.8");
  for (const std::string& metric : known) {
    EXPECT_TRUE(std::regex_search(manual, std::regex("\\.Ql " + metric + "\\b"))) << metric;
  }

  // Prometheus understands every expression.
  json rules = json::array();
  const json document = json::parse(dashboard);
  for (const json& panel : document["panels"]) {
    if (!panel.contains("targets")) continue;  // a heading
    for (const json& target : panel["targets"]) {
      rules.push_back(
          {{"record", "panel:" + std::to_string(rules.size())}, {"expr", target["expr"]}});
    }
  }
  EXPECT_GT(rules.size(), 20U);
  const tests::TemporaryDirectory directory;
  std::ofstream(directory.path() / "panels.yml")
      << json{{"groups", {{{"name", "panels"}, {"rules", rules}}}}};
  std::string examples = tests::text_of(base::Path(MAILSTOW_SOURCE_DIRECTORY) /
                                        "tests/backupd/report/alert_rules_test.yml");
  examples.replace(examples.find("RULES"), 5, (docs / "alert-rules.yml").string());
  std::ofstream(directory.path() / "examples.yml") << examples;
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"check", "rules", (docs / "alert-rules.yml").string()},
        {"check", "rules", (directory.path() / "panels.yml").string()},
        {"test", "rules", (directory.path() / "examples.yml").string()}}) {
    std::vector<std::string> arguments = {"promtool"};
    arguments.insert(arguments.end(), command.begin(), command.end());
    const auto checked = servers::run_program(arguments);
    EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
  }
}

TEST_F(MetricsTest, TheDaemonServesThem) {
  const servers::Port port = servers::free_port(servers::kHost);
  const std::string address = fmt::format("{}:{}", servers::kHost, port.number());
  mailstow_.config()["metrics"] = {{"listen", address}};
  for (const char* job : {"backup", "prune", "check", "sweep", "drill"}) {
    mailstow_.config()["schedule"][job] = "never";
  }
  mailstow_.save();
  mailstow_.backupd_json({"once"});
  const servers::Process daemon(mailstow_.backupd_command({"run"}), {"PATH=/usr/bin:/bin"},
                                {::getuid(), ::getgid()}, mailstow_.directory() / "log");
  const auto fetch_metrics = [&] {
    const auto response =
        servers::run_program({"curl", "--silent", "--fail", "--retry", "60", "--retry-all-errors",
                              "--retry-delay", "1", "http://" + address + "/metrics"});
    EXPECT_EQ(response.status, 0) << tests::text_of(mailstow_.directory() / "log");
    return response.out;
  };
  const std::string first = fetch_metrics();
  EXPECT_EQ(parse(first).at("mailstow_job_exit_status{name=\"backup\"}"), 0);
  expect_promtool_takes(first);
  // The metrics cover the daemon's own jobs too.
  const std::string swept = "mailstow_job_exit_status{name=\"sweep\"} 0\n";
  EXPECT_THAT(first, Not(HasSubstr(swept)));
  EXPECT_EQ(mailstow_.backupd({"run", "--now", "sweep"}).status, 0);
  std::string last;
  for (int attempt = 0; attempt < 600 && last.find(swept) == std::string::npos; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    last = fetch_metrics();
  }
  EXPECT_THAT(last, HasSubstr(swept));
}

TEST_F(MetricsTest, WritingFailsWithoutADestination) {
  mailstow_.config().erase("metrics");
  mailstow_.save();
  EXPECT_EQ(mailstow_.backupd({"metrics", "--write"}).status, 2);
  mailstow_.config()["metrics"]["file"] = "/nonexistent/mailstow.prom";
  mailstow_.save();
  const auto backup = mailstow_.backupd({"once"});
  EXPECT_EQ(backup.status, 0) << "the backup is what matters";
  EXPECT_THAT(backup.err, HasSubstr("write metrics to /nonexistent/mailstow.prom"));
}

class MetricsServerTest : public testing::Test {
 protected:
  std::string fetch_metrics(const std::vector<std::string>& more,
                            const std::string& path = "/metrics") {
    std::vector<std::string> command = {"curl", "--silent", "--include", "--max-time", "20"};
    command.insert(command.end(), more.begin(), more.end());
    command.push_back("http://127.0.0.1:" + std::to_string(server_.port()) + path);
    return servers::run_program(command).out;
  }

  tests::TemporaryDirectory directory_;
  MetricsServer server_{{"127.0.0.1", 0}, directory_.path() / "metrics.prom"};
};

TEST_F(MetricsServerTest, AnswersRequestsForMetrics) {
  EXPECT_THAT(fetch_metrics({}), StartsWith("HTTP/1.1 503 "));
  std::ofstream(directory_.path() / "metrics.prom") << "mailstow_x 1\n";
  EXPECT_THAT(fetch_metrics({}), testing::EndsWith("\r\n\r\nmailstow_x 1\n"));
  EXPECT_THAT(fetch_metrics({}), HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(fetch_metrics({"--head"}), HasSubstr("Content-Length: 13\r\n"));
  EXPECT_THAT(fetch_metrics({}, "/metrics?x=y"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(fetch_metrics({}, "/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(fetch_metrics({}, "/../metrics.prom"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(fetch_metrics({"--data", "x=y"}), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(fetch_metrics({"--header", "X: " + std::string(20'000, 'x')}),
              Not(HasSubstr("mailstow_x")));
  // More than the 4 MB that a socket takes at once. A request has two seconds, which may be too few
  // for a busy machine.
  constexpr std::size_t kLarge = 5'000'000;
  std::ofstream(directory_.path() / "metrics.prom") << std::string(kLarge, 'x');
  bool is_whole = false;
  for (int attempt = 0; attempt < 5 && !is_whole; ++attempt) {
    is_whole = fetch_metrics({}).size() > kLarge;
  }
  EXPECT_TRUE(is_whole);
}

TEST_F(MetricsServerTest, DoesNotWaitLongForASilentClient) {
  std::ofstream(directory_.path() / "metrics.prom") << "mailstow_x 1\n";
  const servers::Process silent({"/bin/bash", "-c",
                                 "exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(server_.port()) +
                                     "; echo connected; sleep 30"},
                                {"PATH=/usr/bin:/bin"}, {::getuid(), ::getgid()},
                                directory_.path() / "log");
  for (int attempt = 0; attempt < 3'000 && tests::text_of(directory_.path() / "log").empty();
       ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_THAT(fetch_metrics({}), StartsWith("HTTP/1.1 200 "));
}

TEST_F(MetricsServerTest, ReportsAPortThatIsInUse) {
  EXPECT_ERROR(kIo, "serve metrics at 127.0.0.1:",
               MetricsServer({"127.0.0.1", server_.port()}, directory_.path() / "x"));
  const MetricsServer six({"::1", 0}, directory_.path() / "x");
  EXPECT_GT(six.port(), 0);
}

class MetricsServiceTest : public testing::Test {
 protected:
  MetricsServiceTest() {
    config_.store.index = directory_.path();
    config_.reporting.metrics.listen = base::ListenAddress{"127.0.0.1", other_->port()};
  }

  // Empty if metrics are served.
  std::string trouble() const {
    const auto described = service_.describe();
    return described.at("error").is_null() ? "" : described.at("error").get<std::string>();
  }

  // Seconds since an arbitrary start.
  static MetricsService::Time at(int second) {
    return MetricsService::Time(std::chrono::hours(1)) + std::chrono::seconds(second);
  }

  tests::TemporaryDirectory directory_;
  // Another program that listens at the address.
  std::unique_ptr<MetricsServer> other_ =
      std::make_unique<MetricsServer>(base::ListenAddress{"127.0.0.1", 0}, directory_.path() / "x");
  base::Config config_;
  MetricsService service_;
};

TEST_F(MetricsServiceTest, TriesAnAddressThatIsInUseAgainEveryMinute) {
  service_.follow(config_, at(0));
  EXPECT_THAT(trouble(), HasSubstr("Address already in use"));
  EXPECT_EQ(service_.describe().at("listen"), "127.0.0.1:" + std::to_string(other_->port()));
  other_.reset();
  service_.try_again_if_due(at(59));
  EXPECT_THAT(trouble(), HasSubstr("Address already in use")) << "the last attempt is too recent";
  service_.try_again_if_due(at(60));
  EXPECT_EQ(trouble(), "");
  service_.try_again_if_due(at(200));
  EXPECT_EQ(trouble(), "");
}

TEST_F(MetricsServiceTest, LogsAnAddressThatStaysInUseOnce) {
  testing::internal::CaptureStderr();
  service_.follow(config_, at(0));
  for (int minute = 1; minute < 5; ++minute) service_.try_again_if_due(at(minute * 60));
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
  EXPECT_THAT(log, HasSubstr("Address already in use"));
}

TEST_F(MetricsServiceTest, FollowsTheConfiguration) {
  service_.follow(config_, at(0));
  EXPECT_NE(trouble(), "");
  config_.reporting.metrics.listen->port = 0;  // a free one
  service_.follow(config_, at(1));
  EXPECT_EQ(trouble(), "") << "a new address does not wait";
  config_.reporting.metrics.listen = base::ListenAddress{"::1", 0};
  service_.follow(config_, at(2));
  EXPECT_EQ(trouble(), "");
  EXPECT_EQ(service_.describe().at("listen"), "[::1]:0");
  config_.reporting.metrics.listen.reset();
  service_.follow(config_, at(3));
  EXPECT_TRUE(service_.describe().is_null());
}

}  // namespace
}  // namespace backupd
