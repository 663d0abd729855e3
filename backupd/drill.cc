// Restores a random sample and compares it, so that a restore that would fail is noticed before
// it is needed.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "backupd/drill_report.h"
#include "backupd/drill_sample.h"
#include "backupd/job.h"
#include "backupd/live_copies.h"
#include "backupd/report/kept_report.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/process.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "imap/account_opener.h"
#include "imap/folder_name.h"
#include "store/format/crypto.h"
#include "store/format/location.h"
#include "store/reader.h"

namespace backupd {

namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view kNoReport = "no report was written";

// A restore reads the tree back by itself; nothing else needs the tree of a sample.
constexpr const char* kTreeLifetime = "1h";
constexpr std::size_t kMaxRunReport = std::size_t{64} * 1024 * 1024;

class Drill {
 public:
  Drill(const base::Environment& environment, std::uint32_t seed)
      : environment_(environment),
        config_(environment.config),
        reader_(store::Reader::open(store::location_of(config_.store), environment.files)) {
    report_.time = environment.clock.now_seconds();
    report_.seed = seed;
  }

  DrillReport carry_out() {
    sample_ = draw_sample(reader_, config_.drill.messages, report_.seed);
    for (const Sample::Unreadable& part : sample_.unreadable) {
      report_.troubles.push_back({DrillTroubleKind::kUnreadable, part.snapshot.account,
                                  part.snapshot.time, part.folder, std::nullopt,
                                  base::escape_for_terminal(part.why)});
    }
    if (sample_.folders.empty() && report_.troubles.empty()) {
      base::fail(base::ErrorCode::kNotFound,
                 "drill: no snapshot holds a message: run mailstow-backupd once");
    }
    std::set<store::ObjectId> snapshots;
    for (const FolderSample& folder : sample_.folders) {
      snapshots.insert(folder.snapshot.id);
      digests_.push_back(read(folder));
    }
    report_.snapshots = snapshots.size();
    report_.folders = sample_.folders.size();
    compare_with_servers();
    if (!config_.drill.account.empty()) restore_to_scratch();
    return std::move(report_);
  }

 private:
  // One for each message of the sample; nullopt if the message could not be read.
  using Digests = std::vector<std::optional<store::Sha256>>;

  void add_trouble(DrillTroubleKind kind, const FolderSample& folder, std::optional<base::Uid> uid,
                   std::string what) {
    const store::FolderInfo& info = folder.folder.info;
    report_.troubles.push_back(
        {kind, folder.snapshot.account, folder.snapshot.time,
         imap::shown_folder_name(info.raw_name, info.delimiter, folder.snapshot.personal_prefix),
         uid, std::move(what)});
  }

  Digests read(const FolderSample& folder) {
    std::vector<store::MessageId> ids;
    ids.reserve(folder.messages.size());
    for (const store::MessageEntry& entry : folder.messages) ids.push_back(entry.message);
    Digests digests(ids.size());
    report_.messages += ids.size();
    reader_.check_messages(
        ids,
        [&](std::size_t position, const store::MessageDigest& found) {
          base::stop_if_requested("drill", kNoReport);
          const store::MessageEntry& entry = folder.messages[position];
          if (found.size != entry.size) {
            add_trouble(
                DrillTroubleKind::kUnreadable, folder, entry.uid,
                fmt::format("it has {} bytes, its snapshot records {}", found.size, entry.size));
            return;
          }
          digests[position] = found.digest;
          ++report_.intact;
          report_.bytes += found.size;
        },
        [&](std::size_t position, const base::Error& why) {
          add_trouble(DrillTroubleKind::kUnreadable, folder, folder.messages[position].uid,
                      base::escape_for_terminal(why.what()));
        });
    if (folder.is_whole && std::ranges::all_of(digests, [](const auto& one) { return !!one; })) {
      compare_with_receipt(folder, digests);
    }
    return digests;
  }

  void compare_with_receipt(const FolderSample& folder, const Digests& digests) {
    store::Sha256Hash hash;
    for (std::size_t at = 0; at < digests.size(); ++at) {
      const std::string line =
          fmt::format("{} {}\n", folder.messages[at].uid.value, digests[at]->hex());
      hash.update(base::as_bytes(line));
    }
    const store::Receipt& receipt = folder.folder.receipt;
    if (receipt.messages == digests.size() && receipt.digest == hash.finish()) {
      ++report_.receipts;
    } else {
      add_trouble(DrillTroubleKind::kUnreadable, folder, std::nullopt,
                  "its messages do not match its receipt");
    }
  }

  void compare_with_servers() {
    std::map<std::string, std::vector<std::size_t>> by_account;
    for (std::size_t at = 0; at < sample_.folders.size(); ++at) {
      const std::string& account = sample_.folders[at].snapshot.account;
      if (config_.has_account(account)) by_account[account].push_back(at);
    }
    for (const auto& [name, places] : by_account) {
      try {
        const base::AccountConfig& account = config_.account(name);
        imap::AccountOpener opener(config_.server_of(account), account);
        imap::Session session = opener.open();
        for (const std::size_t at : places) {
          opener.run([&] { session = opener.open(); }, [&] { compare_with_server(session, at); });
        }
        session.logout();
      } catch (const base::Error& error) {
        report_.troubles.push_back(
            {DrillTroubleKind::kServer, name, std::nullopt, "", std::nullopt, error.what()});
      }
    }
  }

  void compare_with_server(imap::Session& session, std::size_t at) {
    const FolderSample& folder = sample_.folders[at];
    const auto live = live_copies(session, folder);
    for (std::size_t message = 0; message < folder.messages.size(); ++message) {
      const base::Uid uid = folder.messages[message].uid;
      const auto found = live.find(uid);
      if (found == live.end()) {
        ++report_.gone_from_live;
      } else if (!digests_[at][message]) {
        continue;  // reported already
      } else if (found->second == *digests_[at][message]) {
        ++report_.same_as_live;
      } else {
        add_trouble(DrillTroubleKind::kDifferent, folder, uid,
                    "the server has other bytes now than when this was stored");
      }
    }
  }

  void restore_to_scratch() {
    report_.scratch = DrillScratch{config_.drill.account, {}, 0, 0};
    std::map<store::ObjectId, std::vector<const FolderSample*>> by_snapshot;
    for (const FolderSample& folder : sample_.folders) {
      by_snapshot[folder.snapshot.id].push_back(&folder);
    }
    for (const auto& [id, folders] : by_snapshot) {
      restore_snapshot(folders);
      base::stop_if_requested("drill", kNoReport);
    }
  }

  void restore_snapshot(const std::vector<const FolderSample*>& folders) {
    const FolderSample& first = *folders.front();
    std::set<std::string> ids;
    for (const FolderSample* folder : folders) {
      for (const auto& entry : folder->messages) ids.insert(entry.message.object.hex());
    }
    const std::string& account = first.snapshot.account;
    // The scratch account belongs to no user, so its quota may be used.
    std::vector<std::string> command = {base::sibling_program("mailstow-restore"),
                                        "--config",
                                        environment_.config_file.string(),
                                        "--quiet",
                                        "run",
                                        account,
                                        "--at",
                                        first.snapshot.id.hex(),
                                        "--to",
                                        config_.drill.account,
                                        "--expire-after",
                                        kTreeLifetime,
                                        "--allow-quota",
                                        "--json"};
    for (const std::string& id : ids) command.insert(command.end(), {"--message", id});
    const auto fail = [&](std::string what) {
      report_.troubles.push_back({DrillTroubleKind::kScratch, account, first.snapshot.time, "",
                                  std::nullopt, std::move(what)});
    };
    const base::ProgramOutput output = base::run_for_output(command, kMaxRunReport);
    const json document = base::parse_json(output.out);
    if (!document.is_object() || base::is_error_document(output.out)) {
      fail(fmt::format("mailstow-restore run --to {} ended with exit status {}: see above",
                       base::escape_for_terminal(config_.drill.account), output.status));
      return;
    }
    report_.scratch->trees.push_back(document.value("tree", ""));
    for (const json& folder : document.value("folders", json::array())) {
      report_.scratch->restored += folder.value("restored", std::uint64_t{0});
      report_.scratch->altered += folder.value("altered", json::array()).size();
      for (const json& skipped : folder.value("skipped", json::array())) {
        fail(fmt::format(
            "{}: UID {}: not restored: {}", base::escape_for_terminal(folder.value("source", "")),
            skipped.value("uid", 0U), base::escape_for_terminal(skipped.value("reason", ""))));
      }
    }
    if (document.contains("error")) fail(base::escape_for_terminal(document.value("error", "")));
  }

  const base::Environment& environment_;
  const base::Config& config_;
  store::Reader reader_;
  Sample sample_;
  std::vector<Digests> digests_;  // one for each folder of the sample
  DrillReport report_;
};

base::JobOutcome carry_out_drill(const base::Environment& environment, std::uint32_t seed) {
  const DrillReport report = Drill(environment, seed).carry_out();
  base::JobOutcome outcome;
  outcome.status = report.exit_status();
  outcome.document = report.to_json();
  outcome.text = report.to_text();
  outcome.troubles = report.trouble_lines();
  outcome.details = base::json_line({{"messages", report.messages},
                                     {"intact", report.intact},
                                     {"troubles", report.troubles.size()}});
  keep_report(environment, "drill", outcome.document);
  base::print_report(environment.format, outcome.document, outcome.text);
  return outcome;
}

}  // namespace

base::ExitStatus drill(const base::Environment& environment, const DrillOptions& command) {
  const std::uint32_t seed = command.seed ? *command.seed : std::random_device()();
  base::stop_on_request(base::OnStop::kThrow);
  return base::JobRun(environment, "drill", job_services(environment)).carry_out([&] {
    return carry_out_drill(environment, seed);
  });
}

base::Command drill_command() {
  const auto options = std::make_shared<DrillOptions>();
  return {.name = "drill",
          .help = "Read back a random sample and compare it",
          .declare =
              [options](base::Options& declared) {
                declared.value("--seed", options->seed, "NUMBER",
                               "Repeat the drill with this seed, which its report printed");
              },
          .function = [options](const auto& environment) { return drill(environment, *options); }};
}

}  // namespace backupd
