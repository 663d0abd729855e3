#include "backupd/report/metrics_text.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "backupd/report/alarms.h"
#include "backupd/report/copy_states.h"
#include "backupd/report/lock_state.h"
#include "backupd/report/overdue_trees.h"
#include "backupd/report/prometheus_text.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/reporting/job_record.h"
#include "base/reporting/last_sweep.h"
#include "store/format/location.h"
#include "store/index/commit_mark.h"
#include "store/maintenance/check_log.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace backupd {

namespace {

using json = nlohmann::ordered_json;
using std::chrono::sys_seconds;

std::uint64_t seconds_of(sys_seconds time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(time.time_since_epoch().count(), 0));
}

// The metrics of a configured account, read from the store.
struct AccountNumbers {
  std::string name;
  std::optional<store::SnapshotInfo> newest;
  std::optional<sys_seconds> success;
  std::uint64_t snapshots = 0;
  std::vector<Alarm> alarms;
};

class Metrics {
 public:
  explicit Metrics(const base::Environment& environment)
      : environment_(environment),
        config_(environment.config),
        location_(store::location_of(config_.store)),
        now_(environment.clock.now_seconds()) {}

  std::string text() {
    out_.gauge("mailstow_metrics_timestamp_seconds", "When these numbers were written.");
    out_.sample(seconds_of(now_));
    write_jobs(base::load_job_records(environment_.files, config_.store));
    write_copies();
    write_locks();
    bool is_readable = true;
    try {
      store::Reader reader = store::Reader::open(location_, environment_.files);
      write_store(reader);
      write_trees();
    } catch (const base::Error& error) {
      base::log_error("metrics: {}", error.what());
      is_readable = false;
    }
    out_.gauge("mailstow_store_readable", "Whether store and index could be read: 1 or 0.");
    out_.sample(std::uint64_t{is_readable ? 1U : 0U});
    return out_.text();
  }

 private:
  void write_jobs(const std::vector<base::JobRecord>& records) {
    using Number = std::function<std::optional<std::uint64_t>(const base::JobRecord&)>;
    const auto write = [&](const char* name, const char* help, const Number& number) {
      out_.gauge(name, help);
      for (const base::JobRecord& record : records) {
        if (const auto value = number(record)) out_.sample(*value, {{"name", record.job}});
      }
    };
    const auto seconds_if = [](std::optional<sys_seconds> time) {
      return time ? std::optional(seconds_of(*time)) : std::nullopt;
    };
    write("mailstow_job_start_timestamp_seconds", "When the job last started.",
          [&](const base::JobRecord& record) { return seconds_of(record.started); });
    write("mailstow_job_end_timestamp_seconds", "When the job last ended.",
          [&](const base::JobRecord& record) { return seconds_if(record.ended); });
    write("mailstow_job_success_timestamp_seconds", "When the job last ended with success.",
          [&](const base::JobRecord& record) { return seconds_if(record.last_success); });
    write("mailstow_job_duration_seconds", "How long the job's last run took.",
          [&](const base::JobRecord& record) -> std::optional<std::uint64_t> {
            if (!record.ended) return std::nullopt;
            return static_cast<std::uint64_t>(
                std::max<std::int64_t>((*record.ended - record.started).count(), 0));
          });
    write("mailstow_job_exit_status", "Exit status of the job's last run; 255: it died.",
          [&](const base::JobRecord& record) -> std::optional<std::uint64_t> {
            if (!record.ended) return std::nullopt;
            return static_cast<std::uint64_t>(record.status.value_or(255));
          });
    write("mailstow_job_mail_failed",
          "Whether the last mail about the job could not be sent: 1 or 0.",
          [](const base::JobRecord& record) { return record.mail_error.empty() ? 0U : 1U; });
    for (const base::JobRecord& record : records) {
      const json details = base::parse_json(record.details);
      if (record.job == "backup") write_backup(details);
      if (record.job == "drill") write_drill(details);
      if (record.job == "prune" && details.is_object()) {
        one("mailstow_prune_left_packs",
            "Packs that the last prune did not rewrite, because the disk lacks the room.",
            details.value("left", std::uint64_t{0}));
      }
    }
  }

  // `details` are those of the last backup of all accounts.
  void write_backup(const json& details) {
    if (!details.is_object()) return;
    const json accounts = details.value("accounts", json::array());
    const auto write = [&](const char* name, const char* key, const char* help) {
      out_.gauge(name, help);
      for (const json& account : accounts) {
        const json value = account.value(key, json());
        const auto label = account.value("account", std::string());
        if (value.is_number_unsigned()) {
          out_.sample(value.get<std::uint64_t>(), {{"account", label}});
        } else if (value.is_number()) {
          out_.sample(value.get<double>(), {{"account", label}});
        }
      }
    };
    write("mailstow_account_duration_seconds", "seconds",
          "How long the last backup of the account took.");
    write("mailstow_account_fetched_messages", "fetched_messages",
          "Messages that the last backup fetched.");
    write("mailstow_account_fetched_bytes", "fetched_bytes",
          "Bytes that the last backup fetched from the server.");
    write("mailstow_account_new_messages", "new_messages",
          "Messages fetched by the last backup that the store did not have: it keeps each once.");
    write("mailstow_account_stored_bytes", "stored_bytes",
          "The account's share of what the last backup wrote to the store.");
    write("mailstow_account_skipped_messages", "skipped",
          "Messages and folders that the last backup could not fetch, without acknowledged ones.");
  }

  void write_drill(const json& details) {
    if (!details.is_object()) return;
    const auto write = [&](const char* name, const char* key, const char* help) {
      out_.gauge(name, help);
      out_.sample(details.value(key, std::uint64_t{0}));
    };
    write("mailstow_drill_messages", "messages", "Messages that the last drill tried.");
    write("mailstow_drill_intact_messages", "intact",
          "Messages of the last drill that were read back intact.");
    write("mailstow_drill_troubles", "troubles", "Problems that the last drill found.");
  }

  void write_store(store::Reader& reader) {
    const store::Reader::StoreSize size = reader.size();
    one("mailstow_store_packs", "Packs in the store.", size.packs);
    one("mailstow_store_pack_bytes", "Bytes of all packs in the store.", size.pack_bytes);
    one("mailstow_store_index_bytes", "The size of the index.",
        size.index_bytes + size.search_bytes);
    one("mailstow_store_messages", "Distinct messages in the store.", size.messages);
    one("mailstow_store_message_bytes", "Bytes of the distinct messages, before compression.",
        size.message_bytes);
    one("mailstow_store_free_bytes",
        "Free on the store's disk; of a store in a bucket, on the disk of its index or its spool.",
        store::least_free_space(location_, environment_.files).bytes);
    one("mailstow_store_commit_number", "The highest commit known.", noted_commit());
    std::uint64_t referenced = 0;
    const std::vector<AccountNumbers> accounts = read_accounts(reader, referenced);
    if (size.message_bytes > 0 && size.pack_bytes > 0) {
      out_.gauge("mailstow_store_dedup_ratio",
                 "Bytes of all messages of all snapshots per byte of distinct messages.");
      out_.sample(static_cast<double>(referenced) / static_cast<double>(size.message_bytes));
      out_.gauge("mailstow_store_compression_ratio",
                 "Bytes of distinct messages per byte of packs.");
      out_.sample(static_cast<double>(size.message_bytes) / static_cast<double>(size.pack_bytes));
    }
    write_accounts(accounts);
    write_check(size.packs);
  }

  std::uint64_t noted_commit() {
    return store::noted_highest_commit(environment_.files, location_).number;
  }

  // Returns the configured accounts; `referenced` is the sum over all accounts of the store.
  std::vector<AccountNumbers> read_accounts(store::Reader& reader, std::uint64_t& referenced) {
    for (const std::string& name : reader.accounts()) {
      for (const store::SnapshotInfo& snapshot : reader.snapshots(name)) {
        referenced += snapshot.bytes;
      }
    }
    const auto acknowledged = base::Acknowledgements::load(environment_.files, config_.store);
    std::vector<AccountNumbers> accounts;
    accounts.reserve(config_.accounts.size());
    for (const base::AccountConfig& account : config_.accounts) {
      accounts.push_back({account.name, reader.newest_snapshot(account.name),
                          last_success(reader, account.name, now_),
                          reader.snapshots(account.name).size(),
                          alarms_of(reader, account.name, config_.guards, acknowledged, now_)});
    }
    return accounts;
  }

  void write_accounts(const std::vector<AccountNumbers>& accounts) {
    using Number = std::function<std::optional<std::uint64_t>(const AccountNumbers&)>;
    const auto write = [&](const char* name, const char* help, const Number& number) {
      out_.gauge(name, help);
      for (const AccountNumbers& account : accounts) {
        if (const auto value = number(account)) out_.sample(*value, {{"account", account.name}});
      }
    };
    const auto of_newest = [](auto value) {
      return [value](const AccountNumbers& account) -> std::optional<std::uint64_t> {
        if (!account.newest) return std::nullopt;
        return value(*account.newest);
      };
    };
    write("mailstow_account_success_timestamp_seconds",
          "When the account was last backed up completely; 0: never.",
          [](const AccountNumbers& account) {
            return account.success ? seconds_of(*account.success) : 0;
          });
    write("mailstow_account_snapshot_timestamp_seconds",
          "When the account's newest snapshot was made.",
          of_newest([](const store::SnapshotInfo& info) { return seconds_of(info.time); }));
    write("mailstow_account_snapshots", "Snapshots of the account.",
          [](const AccountNumbers& account) { return account.snapshots; });
    write("mailstow_account_messages", "Messages in the account's newest snapshot.",
          of_newest([](const store::SnapshotInfo& info) { return info.messages; }));
    write("mailstow_account_bytes", "Bytes of the messages in the account's newest snapshot.",
          of_newest([](const store::SnapshotInfo& info) { return info.bytes; }));
    out_.gauge("mailstow_account_alarm",
               "Whether the alarm of this kind is raised for the account: 1 or 0.");
    for (const AccountNumbers& account : accounts) {
      for (const AlarmKind kind : kAlarmKinds) {
        const bool is_on = std::ranges::any_of(
            account.alarms, [&](const Alarm& alarm) { return alarm.kind == kind; });
        out_.sample(std::uint64_t{is_on ? 1U : 0U},
                    {{"account", account.name}, {"kind", word(kind)}});
      }
    }
  }

  void write_copies() {
    if (config_.copies.empty()) return;
    const CopyStates states = load_copy_states(environment_.files, config_.store);
    using Number = std::function<std::uint64_t(const CopyState&)>;
    const auto write = [&](const char* name, const char* help, const Number& number) {
      out_.gauge(name, help);
      for (const base::CopyConfig& copy : config_.copies) {
        const auto found = states.find(copy.name);
        out_.sample(number(found == states.end() ? CopyState() : found->second),
                    {{"name", copy.name}});
      }
    };
    std::uint64_t highest = 0;
    const std::string unknown = base::why_unreadable([&] { highest = noted_commit(); });
    if (!unknown.empty()) base::log_debug("{}", unknown);
    write("mailstow_copy_timestamp_seconds", "When the copy was last brought up to date; 0: never.",
          [](const CopyState& state) { return seconds_of(state.seen); });
    write("mailstow_copy_commit_timestamp_seconds", "When the copy's newest commit was made.",
          [](const CopyState& state) { return seconds_of(state.commit_time); });
    write("mailstow_copy_commits_behind", "Commits of the store that the copy lacks.",
          [&](const CopyState& state) { return commits_behind(state, highest); });
    write("mailstow_copy_held",
          "Whether the copy waits until a commit that drops much is accepted: 1 or 0.",
          [](const CopyState& state) { return state.held ? 1U : 0U; });
    out_.gauge("mailstow_copy_info", "Where the copy is; always 1.");
    for (const base::CopyConfig& copy : config_.copies) {
      out_.sample(std::uint64_t{1}, {{"name", copy.name}, {"location", copy.display_name()}});
    }
  }

  void write_locks() {
    const LockState locks = lock_state(environment_, location_, now_);
    one("mailstow_lock_alarm", "Whether the extension of object locks is overdue: 1 or 0.",
        locks.alarm.empty() ? 0 : 1);
    if (!locks.lock_for) return;
    one("mailstow_locks_extended_timestamp_seconds",
        "When object locks were last extended; 0: never.",
        locks.last_extended ? seconds_of(*locks.last_extended) : 0);
  }

  void write_check(std::uint64_t packs) {
    const store::CheckLog log =
        store::CheckLog::load(environment_.files, location_).without_future(now_);
    // The log may still list packs that prune has deleted since.
    const std::uint64_t read = std::min<std::uint64_t>(log.read.size(), packs);
    one("mailstow_check_packs_read", "Packs whose data was ever read and found intact.", read);
    if (log.read.empty()) return;
    const auto oldest =
        std::ranges::min_element(log.read, {}, [](const auto& entry) { return entry.second; });
    one("mailstow_check_oldest_read_timestamp_seconds",
        "When the pack read longest ago was read; packs never read do not count.",
        seconds_of(oldest->second));
  }

  void write_trees() {
    const auto trees = store::TreeRecords::open(location_, environment_.files).list().records;
    std::map<std::string, std::pair<std::uint64_t, sys_seconds>> by_account;  // count, next expiry
    std::uint64_t overdue = 0;
    for (const store::TreeRecord& tree : trees) {
      const auto found = by_account.try_emplace(tree.account, 0, tree.expires).first;
      ++found->second.first;
      found->second.second = std::min(found->second.second, tree.expires);
      if (tree.expires <= now_) ++overdue;
    }
    out_.gauge("mailstow_trees", "Restored trees.");
    for (const auto& [account, tree] : by_account) out_.sample(tree.first, {{"account", account}});
    out_.gauge("mailstow_tree_expiry_timestamp_seconds",
               "When the account's next restored tree expires.");
    for (const auto& [account, tree] : by_account) {
      out_.sample(seconds_of(tree.second), {{"account", account}});
    }
    overdue +=
        misdated_trees(trees, base::last_sweep(environment_.files, config_.store, now_), now_)
            .size();
    one("mailstow_trees_overdue",
        "Restored trees that have expired and are still there, or that a wrong clock dated in the "
        "future and no sweep of the last day has corrected.",
        overdue);
  }

  void one(const char* name, const char* help, std::uint64_t value) {
    out_.gauge(name, help);
    out_.sample(value);
  }

  const base::Environment& environment_;
  const base::Config& config_;
  store::Location location_;
  sys_seconds now_;
  PrometheusText out_;
};

}  // namespace

std::string metrics_text(const base::Environment& environment) {
  return Metrics(environment).text();
}

}  // namespace backupd
