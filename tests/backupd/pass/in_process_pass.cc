#include "tests/backupd/pass/in_process_pass.h"

#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "backupd/pass/account_pass.h"
#include "backupd/pass/commit_schedule.h"
#include "backupd/pass/containment.h"
#include "backupd/pass/restored_trees.h"
#include "imap/account_login.h"
#include "store/writer.h"

namespace backupd {

namespace {

constexpr const char* kServer = "main";

std::vector<base::AccountConfig> configured(std::span<const PassAccount> accounts) {
  std::vector<base::AccountConfig> list;
  for (const PassAccount& account : accounts) {
    base::AccountConfig& config = list.emplace_back();
    config.name = config.user = account.name;
    config.server = kServer;
  }
  return list;
}

OpenAccount open(const PassAccount& account, imap::Limits limits, const OpenOptions& options,
                 std::chrono::sys_seconds now) {
  limits.pipeline = limits.pipeline && options.pipeline;
  limits.waits = options.waits;
  limits.without = options.without;
  limits.list_detail = options.list_detail;
  limits.lists_in_parts = options.lists_in_parts;
  ListingState& listing = options.listing;
  listing.is_logged_in = listing.is_listed = false;
  std::unique_ptr<imap::Transport> transport = account.connect();
  listing.is_logged_in = true;
  const auto prefix = listing.is_one_by_one ? std::nullopt : std::optional(options.personal_prefix);
  imap::Session session(std::move(transport), limits, prefix, imap::Session::ActingAs::kSelf,
                        account.clock);
  return list_folders(std::move(session), options, now);
}

}  // namespace

std::vector<AccountReport> run_passes(const store::Location& location,
                                      const base::ServerConfig& server,
                                      std::span<const PassAccount> accounts, base::Clock& clock) {
  const std::vector<base::AccountConfig> configs = configured(accounts);
  base::Environment environment{{}, base::OutputFormat::kText, base::real_file_system(), clock};
  environment.config.servers[kServer] = server;
  environment.config.servers[kServer].connections_per_account = accounts.front().connections;
  const imap::Limits limits = imap::limits_of(server);
  AccountQueue queue(environment.config, configs);
  store::Writer writer = store::Writer::open(location, base::real_file_system(), clock);
  CommitSchedule schedule(writer, clock);
  std::mutex mutex;
  PipeBudget budget(std::size_t{1} << 20);
  ProgressBoard progress(configs.size(), clock);
  CauseLog causes(BackupScope::kAllAccounts);
  std::vector<AccountReport> reports(configs.size());
  const auto run_one = [&](std::size_t index) {
    const base::AccountConfig& config = configs[index];
    const auto open_spare = [&, &account = accounts[index]](const base::ServerConfig&,
                                                            const base::AccountConfig&,
                                                            const imap::CommonLimits& common) {
      imap::Limits shared = limits;
      shared.waits = common.waits;
      shared.without = common.without;
      shared.list_detail = common.list_detail;
      return imap::Session(account.connect(), shared, std::nullopt, imap::Session::ActingAs::kSelf,
                           account.clock);
    };
    SpareSessions spares(queue, environment.config, config, open_spare);
    const RestoredTrees none({}, config.name);
    AccountPass pass(environment, config, none,
                     {writer, schedule, mutex, budget, progress, causes});
    reports[index] = pass.run(
        [&](const OpenOptions& options) {
          return open(accounts[index], limits, options, clock.now_seconds());
        },
        spares);
    const StoreTurn turn(mutex);
    schedule.commit_if_due_for_account();
  };
  if (configs.size() == 1 && accounts.front().connections == 1) {
    run_one(0);
  } else if (configs.size() == 1) {
    queue.run(run_one);  // which knows then that no account waits for a connection
  } else {
    queue.run([&](std::size_t index) {
      reports[index].account = configs[index].name;
      try {
        run_one(index);
      } catch (...) {
        end_account(std::current_exception(), writer, mutex, reports[index]);
      }
    });
  }
  schedule.commit();
  return reports;
}

}  // namespace backupd
