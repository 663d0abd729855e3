#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/glob.h"
#include "base/log.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/output.h"
#include "restore/redated_tree.h"
#include "restore/restore_request.h"
#include "restore/tree_lock.h"
#include "restore/unreachable_trees.h"
#include "restore/unrecorded_mail.h"
#include "store/account_suggestion.h"
#include "store/doubted_times.h"
#include "store/format/location.h"
#include "store/history.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace restore {

namespace {

// A running restore holds the tree's lock, and so does a sweep; a restore that died left an
// incomplete tree.
const char* word(const store::TreeRecord& record, bool is_worked_on, bool is_due) {
  const bool is_restoring = record.state == store::TreeState::kRestoring || !is_due;
  if (is_worked_on) return is_restoring ? "restoring" : "being swept";
  return record.state == store::TreeState::kComplete ? "complete" : "incomplete";
}

bool is_in_scope(const TreesOptions& options, const std::string& account) {
  if (!options.account.empty() && account != options.account) return false;
  return !options.scope || std::ranges::any_of(*options.scope, [&](const std::string& glob) {
    return base::glob_matches(glob, account);
  });
}

std::string rounded_duration(std::chrono::seconds time) {
  constexpr std::int64_t kDay = 24;  // hours
  const auto hours = std::chrono::floor<std::chrono::hours>(time).count();
  if (hours >= 2 * kDay && hours % kDay != 0) {
    return fmt::format("{} d {} h", hours / kDay, hours % kDay);
  }
  if (hours >= 2 * kDay) return fmt::format("{} days", hours / kDay);
  if (hours >= 2) return std::to_string(hours) + " hours";
  return std::to_string(std::chrono::floor<std::chrono::minutes>(time).count()) + " min";
}

// The number of a tree's messages that the account also has outside its trees, according to its
// newest backup: those that the user has copied elsewhere, and those that were never lost.
struct Elsewhere {
  std::uint64_t messages = 0;
  std::chrono::sys_seconds seen{};
};

// Whether the newest backup of the tree's account began after the tree was made. Times decide that
// unless a wrong clock showed one of them; then the order does, which is known if the tree is in
// the mailbox of its source.
bool is_made_after(store::Reader& reader, const store::SnapshotInfo& newest,
                   const store::TreeRecord& record, const std::string& source,
                   std::chrono::sys_seconds now) {
  if (source != record.account) return newest.time > record.created;
  const auto snapshots = reader.snapshots(source);
  const auto since = made_after(record, snapshots);
  if (!since) return newest.time > record.created;
  if (newest.sequence <= *since) return false;
  const auto place = std::ranges::find(snapshots, newest.id, &store::SnapshotInfo::id);
  const auto at = static_cast<std::size_t>(place - snapshots.begin());
  const bool is_wrong = is_in_future(record, now) ||
                        redated_from_behind(record, snapshots, now).has_value() ||
                        place == snapshots.end() || store::doubted_times(snapshots, now)[at];
  return is_wrong || newest.time > record.created;
}

// Returns nullopt unless there is a backup that began after the tree was made.
std::optional<Elsewhere> find_elsewhere(store::Reader& reader, const store::TreeRecord& record,
                                        const std::string& source, std::chrono::sys_seconds now) {
  const auto snapshot = reader.newest_snapshot(record.account);
  if (!snapshot || !is_made_after(reader, *snapshot, record, source, now)) return std::nullopt;
  std::set<store::MessageId> ids;
  for (const store::TreeLevel& level : record.levels) {
    for (const store::TreeMessage& message : level.messages) ids.insert(message.message);
  }
  ids = store::held_anywhere(reader, *snapshot, ids);
  Elsewhere elsewhere{0, snapshot->time};
  for (const store::TreeLevel& level : record.levels) {
    for (const store::TreeMessage& message : level.messages) {
      if (ids.contains(message.message)) ++elsewhere.messages;
    }
  }
  return elsewhere;
}

// Trees of earlier versions have no requester, and a request that can't be read hides no tree.
RestoreRequest request_of(const store::TreeRecord& record) {
  if (record.request.empty()) return {};
  try {
    return read_request(record.request);
  } catch (const base::Error&) {
    return {};
  }
}

std::string shown_requester(const Requester& requester) {
  if (requester.user.empty()) return "-";
  if (requester.person.empty()) return requester.user;
  return fmt::format("{} ({})", requester.person, requester.role);
}

nlohmann::ordered_json to_json(const Requester& requester) {
  if (requester.user.empty()) return nullptr;
  const auto text = [](const std::string& value) {
    return value.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(value);
  };
  return {
      {"user", requester.user}, {"person", text(requester.person)}, {"role", text(requester.role)}};
}

class TreeTable {
 public:
  // `account`: empty for all.
  TreeTable(const base::Environment& environment, std::string account)
      : environment_(environment),
        account_(std::move(account)),
        location_(store::location_of(environment.config.store)),
        now_(environment.clock.now_seconds()),
        unreachable_(UnreachableTrees::load(environment.files, environment.config.store)) {
    try {
      reader_.emplace(store::Reader::open(location_, environment.files));
    } catch (const base::Error& error) {
      base::log_warning("the ELSEWHERE column and mail without a record are unavailable: {}",
                        error.what());
    }
  }

  // A misspelt name must not look like an account without trees.
  void refuse_unknown_account() {
    const auto& configured = environment_.config.accounts;
    const auto is_it = [&](const auto& account) { return account.name == account_; };
    if (account_.empty() || std::ranges::any_of(configured, is_it)) return;
    if (reader_ && !reader_->snapshots(account_).empty()) return;
    base::fail(
        base::ErrorCode::kNotFound,
        "account {}: it is not in the configuration, and has neither trees nor snapshots{}: "
        "`mailstow-restore accounts` lists the accounts with snapshots",
        base::escape_for_terminal(account_),
        store::account_suggestion(environment_.config, reader_ ? &*reader_ : nullptr, account_));
  }

  void add(const store::TreeRecord& record) {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    for (const store::TreeLevel& level : record.levels) {
      messages += level.messages.size();
      for (const store::TreeMessage& message : level.messages) bytes += message.size;
    }
    const RestoreRequest request = request_of(record);
    const auto elsewhere =
        elsewhere_of(record, request.account.empty() ? record.account : request.account);
    const bool is_worked = is_worked_on(environment_.files, location_, record.id);
    const char* const state = word(record, is_worked, record.expires <= now_);
    const bool is_ahead = is_in_future(record, now_);
    // One that a clock that was ahead dated stays as long as it would otherwise: sweep sees to it.
    // If it expires before it was made, a sweep or a person set that with the present clock.
    const std::chrono::seconds left =
        is_ahead && record.expires > record.created
            ? std::min(record.expires - now_, record.expires - record.created)
            : record.expires - now_;
    documents_.push_back({{"account", record.account},
                          {"tree", record.name},
                          {"state", state},
                          {"created", base::format_rfc3339(record.created)},
                          {"expires", base::format_rfc3339(record.expires)},
                          {"seconds_left", std::max<std::int64_t>(0, left.count())},
                          {"in_future", is_ahead},
                          {"snapshot", record.snapshot.hex()},
                          {"made_by", to_json(request.requester)},
                          {"job", request.job.empty() ? nlohmann::ordered_json()
                                                      : nlohmann::ordered_json(request.job)},
                          {"messages", messages},
                          {"bytes", bytes},
                          {"elsewhere", nullptr},
                          {"elsewhere_seen", nullptr},
                          {"unreachable", nullptr}});
    if (const auto reason = unreachable_.reason_for(record.id);
        reason && record.expires <= now_ && !reason->why.empty()) {
      documents_.back()["unreachable"] = reason->why;
      unreachable_text_ += fmt::format("{}: {}: no sweep has reached it since {}: {}\n",
                                       base::escape_for_terminal(record.account),
                                       base::escape_for_terminal(record.name),
                                       base::shown_time(reason->since), reason->why);
    }
    if (elsewhere) {
      documents_.back()["elsewhere"] = elsewhere->messages;
      documents_.back()["elsewhere_seen"] = base::format_rfc3339(elsewhere->seen);
    }
    rows_.push_back({record.account, record.name, state,
                     is_ahead ? "in the future" : rounded_duration(now_ - record.created),
                     record.expires <= now_ ? "due" : rounded_duration(left),
                     base::format_count(messages), base::format_size(bytes),
                     elsewhere ? base::format_count(elsewhere->messages) : "-",
                     shown_requester(request.requester)});
  }

  void add_unrecorded_mail(const TreesOptions& options) {
    unrecorded_ = find_unrecorded_mail(environment_, reader_ ? &*reader_ : nullptr, {},
                                       Look::kStored, account_);
    std::erase_if(unrecorded_,
                  [&](const UnrecordedMail& mail) { return !is_in_scope(options, mail.account); });
  }

  nlohmann::ordered_json to_document(const std::optional<std::string>& next) const {
    return {
        {"trees", documents_}, {"unrecorded", to_json(unrecorded_)}, {"next", next_in_json(next)}};
  }

  std::string to_text(const Page& page, const std::optional<std::string>& next) const {
    if (rows_.empty()) {
      const std::string empty = account_.empty() ? "There are no restored trees.\n"
                                                 : fmt::format("{}: there are no restored trees.\n",
                                                               base::escape_for_terminal(account_));
      return text_without_rows(page, empty) + restore::to_text(unrecorded_);
    }
    return base::format_table({{"ACCOUNT", base::Align::kLeft, base::Width::kCut},
                               {"TREE"},  // never cut: `extend` needs the whole name
                               {"STATE"},
                               {"AGE", base::Align::kRight},
                               {"LEFT", base::Align::kRight},
                               {"MESSAGES", base::Align::kRight},
                               {"SIZE", base::Align::kRight},
                               {"ELSEWHERE", base::Align::kRight},
                               {"MADE BY", base::Align::kLeft, base::Width::kCut}},
                              rows_, base::output_room()) +
           unreachable_text_ + next_page_text(next) + restore::to_text(unrecorded_);
  }

 private:
  // Damage in an account's snapshots doesn't hide its trees.
  std::optional<Elsewhere> elsewhere_of(const store::TreeRecord& record,
                                        const std::string& source) {
    if (!reader_) return std::nullopt;
    try {
      return find_elsewhere(*reader_, record, source, now_);
    } catch (const base::Error& error) {
      base::log_error("{}", error.what());
      return std::nullopt;
    }
  }

  const base::Environment& environment_;
  std::string account_;
  store::Location location_;
  std::chrono::sys_seconds now_;
  UnreachableTrees unreachable_;
  std::optional<store::Reader> reader_;
  nlohmann::ordered_json documents_ = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows_;
  std::string unreachable_text_;
  std::vector<UnrecordedMail> unrecorded_;
};

}  // namespace

base::ExitStatus trees(const base::Environment& environment, const TreesOptions& options) {
  auto listing =
      store::TreeRecords::open(store::location_of(environment.config.store), environment.files)
          .list();
  for (const std::string& line : listing.damaged) base::log_error("{}", line);
  std::vector<store::TreeRecord>& records = listing.records;
  std::erase_if(records, [&](const store::TreeRecord& record) {
    return !is_in_scope(options, record.account);
  });
  for (std::size_t at = 0; at < listing.outdated.size(); ++at) {
    const std::string& id = listing.outdated_ids[at];
    const bool is_listed = std::ranges::find(records, id, &store::TreeRecord::id) != records.end();
    if (is_listed) base::log_warning("{}", listing.outdated[at]);
  }
  TreeTable table(environment, options.account);
  if (records.empty()) table.refuse_unknown_account();
  // Two trees may have one name, in two accounts or after one was removed.
  const auto next =
      cut_to_page(records, options.page, [](const store::TreeRecord& record) { return record.id; });
  for (const store::TreeRecord& record : records) table.add(record);
  table.add_unrecorded_mail(options);
  print(environment.format, table.to_document(next), table.to_text(options.page, next));
  return listing.damaged.empty() ? base::ExitStatus::kDone : base::ExitStatus::kDamaged;
}

base::Command trees_command() {
  const auto given = std::make_shared<TreesOptions>();
  return {.name = "trees",
          .help = "List the restored trees and when they expire",
          .declare =
              [given](base::Options& declared) {
                declared.argument("NAME", given->account, "Only those of this account");
                declare_page(declared, given->page, "CURSOR",
                             "Continue after this entry, as the last page names it");
              },
          .account = [given] { return given->account; },
          .function = [given](const auto& environment) { return trees(environment, *given); }};
}

}  // namespace restore
