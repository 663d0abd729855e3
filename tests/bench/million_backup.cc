#include "tests/bench/million_backup.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "tests/bench/bench_store.h"
#include "tests/bench/program.h"
#include "tests/bench/served_mail.h"
#include "tests/bench/small_mail.h"
#include "tests/programs/installation.h"
#include "tests/servers/dovecot.h"
#include "tests/text_of.h"

namespace bench {

namespace {

const char* const kUser = "alice";

std::uint64_t bytes_below(const base::Path& directory) {
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

class MillionBackup {
 public:
  explicit MillionBackup(std::uint32_t messages) : messages_(messages) {
    auto& config = mailstow_.config();
    config["servers"]["main"] = {{"url", server_.plain_url()}, {"tls", "none"}};
    config["accounts"] = {{{"name", kUser},
                           {"server", "main"},
                           {"password_file", server_.password_file(kUser).string()}}};
    mailstow_.save();
    mailstow_.backupd({"init"});
  }

  void measure() {
    append(messages_);
    measure("first run");
    measure("nothing changed");
    for (int night = 0; night < kNights; ++night) {
      change_hundred();
      measure("100 changes");
    }
  }

 private:
  static constexpr int kNights = 3;

  void append(std::uint32_t count) {
    constexpr std::uint32_t kAtOnce = 5'000;
    servers::ImapClient client = server_.client(kUser);
    while (count > 0) {
      std::vector<servers::Delivery> letters;
      while (letters.size() < std::min(count, kAtOnce)) {
        letters.push_back({.bytes = small_message(random_, ++last_uid_)});
      }
      client.append("INBOX", letters);
      count -= static_cast<std::uint32_t>(letters.size());
    }
  }

  void change_hundred() {
    servers::ImapClient client = server_.client(kUser);
    client.command("SELECT INBOX");
    for (int i = 0; i < 60; ++i) {
      client.command(fmt::format("UID STORE {} +FLAGS (\\Flagged)", any_uid()));
    }
    std::string expunged;
    for (int i = 0; i < 20; ++i) expunged += fmt::format("{}{}", i == 0 ? "" : ",", any_uid());
    client.command("UID STORE " + expunged + " +FLAGS (\\Deleted)");
    client.command("EXPUNGE");
    append(20);
  }

  // Returns each UID at most once.
  std::uint32_t any_uid() {
    for (;;) {
      const auto uid = static_cast<std::uint32_t>(1 + random_.below(messages_));
      if (used_.insert(uid).second) return uid;
    }
  }

  void measure(const char* what) {
    const std::uint64_t before = bytes_below(mailstow_.store());
    const base::Path output = mailstow_.directory() / "output";
    const Ran ran = run(mailstow_.backupd_command({"-q", "once"}), output);
    const auto stored = static_cast<double>(bytes_below(mailstow_.store()) - before);
    fmt::print("{:16} {:7.2f} s {:7.2f} CPU s {:10.1f} kB stored, peak {:.0f} MiB{}\n", what,
               ran.seconds, ran.cpu_seconds, stored / 1e3, ran.peak_megabytes,
               ran.succeeded ? "" : " FAILED: " + tests::text_of(output));
    static_cast<void>(std::fflush(stdout));
  }

  std::uint32_t messages_;
  servers::Dovecot server_{in_few_files()};
  programs::Installation mailstow_{server_};
  servers::Random random_{1};
  std::uint32_t last_uid_ = 0;
  std::set<std::uint32_t> used_;
};

}  // namespace

void back_up_million(std::uint32_t messages) {
  MillionBackup(messages).measure();
}

}  // namespace bench
