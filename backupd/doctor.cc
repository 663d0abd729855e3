// Checks the whole installation, and suggests a remedy for each problem.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "backupd/commands.h"
#include "backupd/daemon/job_plan.h"
#include "backupd/doctor/checks.h"
#include "backupd/doctor/examination.h"
#include "backupd/doctor/file_access.h"
#include "base/clock_sighting.h"
#include "base/error.h"
#include "base/glob.h"
#include "base/json_text.h"
#include "base/reporting/host_name.h"
#include "base/terminal.h"
#include "store/format/bucket.h"

namespace backupd {

namespace {

constexpr std::chrono::seconds kCheckTimeout{90};
// Well below that: what the endpoint answers says more than that nothing came of a check.
constexpr std::chrono::seconds kBucketPatience{15};
constexpr std::size_t kFewAccounts = 5;  // per server: through its admin, and by their own logins

// All accounts, or a few of each kind of login, by server.
std::map<std::string, std::vector<base::AccountConfig>> accounts_to_try(const base::Config& config,
                                                                        bool all) {
  std::map<std::string, std::vector<base::AccountConfig>> by_server;
  std::map<std::pair<std::string, bool>, std::size_t> counts;
  for (const base::AccountConfig& account : config.accounts) {
    std::size_t& count = counts[{account.server, account.password.has_value()}];
    if (all || count++ < kFewAccounts) by_server[account.server].push_back(account);
  }
  return by_server;
}

class Doctor {
 public:
  Doctor(const base::Environment& environment, const DoctorOptions& command)
      : environment_(environment),
        config_(environment.config),
        command_(command),
        resolver_(name_server(command)),
        accounts_(accounts_to_try(config_, command.all)) {}

  std::vector<Finding> run() const {
    if (command_.send_test_mail && !config_.reporting.mail) {
      base::fail(base::ErrorCode::kUsage,
                 "doctor --send-test-mail: no mail server is configured: set `mail`");
    }
    store::set_bucket_patience(kBucketPatience);
    std::vector<Finding> findings = check_configuration();
    std::ranges::move(examine(checks(), kCheckTimeout), std::back_inserter(findings));
    merge_idle_excludes(config_, findings);
    return findings;
  }

 private:
  static std::optional<NameServer> name_server(const DoctorOptions& command) {
    if (command.resolver.empty()) return std::nullopt;
    auto server = parse_name_server(command.resolver);
    if (!server) {
      base::fail(base::ErrorCode::kUsage,
                 "doctor --resolver {}: give an IPv4 address, with :PORT where it is not 53",
                 base::escape_for_terminal(command.resolver));
    }
    return server;
  }

  // The configuration was read already: doctor() reports one that can't be.
  std::vector<Finding> check_configuration() const {
    const std::string subject = shown(environment_.config_file);
    try {
      static_cast<void>(JobPlan(config_.schedule, 0));
    } catch (const base::Error& error) {
      return {failure("configuration", subject, error.what(), "", base::ExitStatus::kUsage)};
    }
    if (config_.accounts.empty()) {
      return {failure("configuration", subject, "it has no accounts, so nothing is backed up",
                      "list accounts, or set `discover` for a server", base::ExitStatus::kUsage)};
    }
    std::vector<Finding> findings = {
        passed("configuration", subject,
               fmt::format("servers: {}, accounts: {}", config_.servers.size(),
                           base::format_count(config_.accounts.size())))};
    for (const base::OverrideConfig& change : config_.overrides) {
      for (const std::string& glob : change.match) {
        if (matches_account(glob)) continue;
        findings.push_back(warning(
            "configuration", subject,
            fmt::format("overrides: {} matches no account", base::escape_for_terminal(glob)),
            "correct it or remove it: case matters, and accounts are those of `status`"));
      }
    }
    return findings;
  }

  bool matches_account(const std::string& glob) const {
    return std::ranges::any_of(config_.accounts, [&](const base::AccountConfig& account) {
      return base::glob_matches(glob, account.name);
    });
  }

  std::vector<DoctorCheck> checks() const {
    const base::StoreConfig& store = config_.store;
    base::FileSystem& files = environment_.files;
    const auto now = environment_.clock.now_seconds();
    const std::string name = base::escape_for_terminal(store.display_name());
    std::vector<DoctorCheck> checks = {
        {"secret", "", [this] { return check_secrets(config_, environment_.config_file); }},
        {"key", shown(store.key_file), [&] { return check_key(store, files); }},
        {"store", name, [&] { return check_store(store, files); }},
        {"space", name, [&] { return check_free_space(store, files); }},
        {"clock", "", [&, now] { return check_clock(now, recorded(), clock_keeping()); }},
        {"service", "", [&] { return check_service(store); }},
        {"restore desk", "", [this] { return check_desk(config_); }},
        {"reports", "", [this] { return check_reporting(environment_); }},
        {"alarm", "", [this] { return check_alarms(environment_); }}};
    add_copies(checks);
    for (const auto& [server_name, server] : config_.servers) {
      add_server(checks, server_name, server, now);
    }
    if (config_.reporting.mail) add_mail(checks, *config_.reporting.mail, now);
    if (!command_.probe.empty()) {
      static_cast<void>(config_.account(command_.probe));
      checks.push_back({"restore", base::escape_for_terminal(command_.probe),
                        [this] { return check_restoring(environment_, command_.probe); }});
    }
    return checks;
  }

  // The places of copies, and the object locks of all buckets.
  void add_copies(std::vector<DoctorCheck>& checks) const {
    const auto add_lock = [&checks](const base::S3Config& bucket) {
      if (!bucket.lock_for) return;
      checks.push_back({"object lock", base::escape_for_terminal(bucket.display_name()),
                        [&bucket] { return check_object_lock(bucket); }});
    };
    if (config_.store.s3) add_lock(*config_.store.s3);
    if (!config_.copies.empty()) {
      checks.push_back(
          {"copy", "", [this] { return check_places_of_copies(config_.copies, config_.store); }});
    }
    for (const base::CopyConfig& copy : config_.copies) {
      if (!copy.s3) continue;
      checks.push_back({"copy", base::escape_for_terminal(copy.display_name()),
                        [this, &copy] { return check_copy(copy, environment_.files); }});
      add_lock(*copy.s3);
    }
  }

  void add_mail(std::vector<DoctorCheck>& checks, const base::MailConfig& mail,
                std::chrono::sys_seconds now) const {
    const std::string subject = base::escape_for_terminal(mail.url);
    checks.push_back({"mail", subject, [this, &mail] {
                        return check_mail(mail, base::mail_hello_name(mail), resolver_,
                                          command_.outgoing_address);
                      }});
    checks.push_back({"mail", subject, [&mail] { return check_encryption(mail); }});
    checks.push_back({"mail", subject, [&mail, now] {
                        return check_mail_server(mail, base::mail_hello_name(mail), now);
                      }});
    if (!command_.send_test_mail) return;
    checks.push_back({"test mail", subject, [this, &mail] {
                        return send_test_mail(mail, config_.reporting.reports, environment_.clock);
                      }});
  }

  void add_server(std::vector<DoctorCheck>& checks, const std::string& name,
                  const base::ServerConfig& server, std::chrono::sys_seconds now) const {
    const std::string subject = base::escape_for_terminal(name);
    checks.push_back({"way", subject, [this, &name, &server, now] {
                        return check_route(name, server, resolver_, now);
                      }});
    const auto accounts = accounts_.find(name);
    if (accounts == accounts_.end()) return;
    checks.push_back({"login", subject, [this, &name, accounts] {
                        return check_accounts(environment_, name, accounts->second);
                      }});
    checks.push_back({"quota", subject, [&name, &server, accounts] {
                        return check_quota_admin(name, server, accounts->second);
                      }});
  }

  // Empty if the store is empty or can't be read.
  RecordedTimes recorded() const {
    try {
      return recorded_times(config_.store, environment_.files, base::see_clock(environment_.clock));
    } catch (const base::Error&) {
      return {};
    }
  }

  const base::Environment& environment_;
  const base::Config& config_;
  const DoctorOptions& command_;
  Resolver resolver_;
  std::map<std::string, std::vector<base::AccountConfig>> accounts_;  // by server
};

// NO_COLOR: https://no-color.org
Coloring coloring() {
  const bool is_wanted = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  return is_wanted ? Coloring::kTerminal : Coloring::kNone;
}

std::string to_json_text(const std::vector<Finding>& findings) {
  using nlohmann::ordered_json;
  const base::ExitStatus status = exit_status_of(findings);
  const bool has_warning =
      std::ranges::find(findings, FindingState::kWarning, &Finding::state) != findings.end();
  const ordered_json document = {
      {"status", word(status != base::ExitStatus::kDone ? FindingState::kFailure
                      : has_warning                     ? FindingState::kWarning
                                                        : FindingState::kOk)},
      {"findings", findings}};
  return base::json_text(document);
}

}  // namespace

base::ExitStatus doctor(const base::Path& config_file, base::OutputFormat format,
                        const DoctorOptions& command) {
  std::vector<Finding> findings;
  try {
    const base::Environment environment = base::open_environment(config_file, format);
    findings = Doctor(environment, command).run();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kConfig) throw;
    findings = {
        failure("configuration", shown(config_file), error.what(), "", base::ExitStatus::kUsage)};
  }
  base::print_result(format, to_json_text(findings), to_text(findings, coloring()));
  return exit_status_of(findings);
}

base::Command doctor_command() {
  const auto options = std::make_shared<DoctorOptions>();
  return {.name = "doctor",
          .help = "Check the installation",
          .declare =
              [options](base::Options& declared) {
                declared.flag("--all", options->all, "Log in to every account, not to a sample");
                declared.flag("--send-test-mail", options->send_test_mail,
                              "Send a message to the recipients of reports");
                declared.value("--probe", options->probe, "NAME",
                               "Restore a message of this account too, and sweep it away again");
                declared.value("--resolver", options->resolver, "SERVER",
                               "Query this name server, ADDRESS[:PORT], instead of the system's");
                declared.value(
                    "--outgoing-address", options->outgoing_address, "ADDRESS",
                    "The public address that outgoing mail comes from, behind a gateway");
              },
          .without_environment =
              [options](const base::Path& config_file, base::OutputFormat format) {
                return doctor(config_file, format, *options);
              }};
}

}  // namespace backupd
