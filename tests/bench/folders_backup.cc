#include "tests/bench/folders_backup.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "tests/bench/bench_store.h"
#include "tests/bench/drain.h"
#include "tests/bench/program.h"
#include "tests/bench/served_mail.h"
#include "tests/bench/small_mail.h"
#include "tests/programs/installation.h"
#include "tests/servers/dovecot.h"
#include "tests/text_of.h"

namespace bench {

namespace {

namespace fs = std::filesystem;

const char* const kOwner = "alice";
constexpr int kComparisons = 5;

double median(std::vector<double> samples) {
  std::ranges::sort(samples);
  return samples[samples.size() / 2];
}

struct FoldersRan {
  Ran first;
  Ran again;  // with nothing changed
};

// An account with that many folders of one to three messages each.
class FoldersBackup {
 public:
  explicit FoldersBackup(std::uint32_t folders) {
    fill(folders);
    auto& config = mailstow_.config();
    config["servers"]["main"] = {{"url", server_.plain_url()}, {"tls", "none"}};
    config["accounts"] = {{{"name", kOwner},
                           {"server", "main"},
                           {"password_file", server_.password_file(kOwner).string()}}};
    mailstow_.save();
    plain_client();  // from here on the server has its own index
  }

  Drained plain_client() const {
    imap::Endpoint endpoint;
    endpoint.url = server_.plain_url();
    endpoint.tls = imap::TlsMode::kNone;
    imap::Login login;
    login.user = kOwner;
    login.password = base::Secret(servers::Server::password(kOwner));
    return drain_pipelined(endpoint, login, names_);
  }

  FoldersRan with_mailstow() const {
    fs::remove_all(mailstow_.store());
    fs::remove_all(mailstow_.index());
    fs::remove_all(mailstow_.key_file());
    mailstow_.backupd({"init"});
    const Ran first = run_once();
    return {first, run_once()};
  }

 private:
  void fill(std::uint32_t folders) {
    servers::Maildir maildir = server_.maildir(kOwner);
    servers::Random random(1);
    std::uint32_t messages = 0;
    for (std::uint32_t folder = 0; folder < folders; ++folder) {
      names_.push_back(served_name(folder));
      for (std::uint32_t i = 0; i <= folder % 3; ++i) {
        maildir.deliver(names_.back(), {.bytes = small_message(random, ++messages)});
      }
    }
  }

  Ran run_once() const {
    const base::Path output = mailstow_.directory() / "output";
    const Ran ran = run(mailstow_.backupd_command({"-q", "once"}), output);
    if (!ran.succeeded) fmt::print("FAILED: {}\n", tests::text_of(output));
    return ran;
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  std::vector<std::string> names_;
};

void print_comparison(const FoldersBackup& account, std::uint32_t folders) {
  fmt::print("== {} folders, in turns with a plain client that pipelines\n", folders);
  fmt::print("{:>14} {:>14} {:>8} {:>8} {:>14}\n", "plain client s", "first backup s", "ratio",
             "CPU s", "unchanged s");
  std::vector<double> ratios;
  for (int turn = 0; turn < kComparisons; ++turn) {
    const Drained plain = account.plain_client();
    const FoldersRan ran = account.with_mailstow();
    ratios.push_back(ran.first.seconds / plain.seconds);
    fmt::print("{:14.3f} {:14.3f} {:8.3f} {:8.2f} {:14.3f}\n", plain.seconds, ran.first.seconds,
               ratios.back(), ran.first.cpu_seconds, ran.again.seconds);
    static_cast<void>(std::fflush(stdout));
  }
  fmt::print("ratio: {:.3f} (median), {:.3f} (best), samples {:.3f}\n", median(ratios),
             *std::ranges::min_element(ratios), fmt::join(ratios, " "));
}

void print_processor_time(const FoldersBackup& account, std::uint32_t folders) {
  constexpr int kRuns = 3;
  std::vector<double> first;
  std::vector<double> again;
  double peak = 0;
  for (int i = 0; i < kRuns; ++i) {
    const FoldersRan ran = account.with_mailstow();
    first.push_back(ran.first.cpu_seconds);
    again.push_back(ran.again.cpu_seconds);
    peak = std::max({peak, ran.first.peak_megabytes, ran.again.peak_megabytes});
  }
  const auto per_folder = [&](const std::vector<double>& seconds) {
    return median(seconds) * 1e6 / folders;
  };
  fmt::print(
      "{:8} folders: first {:.2f} CPU s ({:.0f} us a folder, samples {:.2f}), unchanged {:.2f} CPU "
      "s "
      "({:.1f} us a folder, samples {:.2f}), peak {:.0f} MiB\n",
      folders, median(first), per_folder(first), fmt::join(first, " "), median(again),
      per_folder(again), fmt::join(again, " "), peak);
  static_cast<void>(std::fflush(stdout));
}

}  // namespace

void back_up_folders(std::uint32_t folders) {
  std::optional<FoldersBackup> account(folders);
  print_comparison(*account, folders);
  fmt::print("== processor time: linear if the time for a folder stays the same\n");
  account.emplace(folders / 4);
  print_processor_time(*account, folders / 4);
  for (const std::uint32_t count : {folders, 3 * folders}) {
    account.reset();
    account.emplace(count);
    print_processor_time(*account, count);
  }
}

}  // namespace bench
