#include "tests/bench/command_memory.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "tests/bench/program.h"
#include "tests/bench/served_mail.h"
#include "tests/bench/small_mail.h"
#include "tests/programs/installation.h"
#include "tests/servers/dovecot.h"
#include "tests/text_of.h"

namespace bench {

namespace {

const char* const kAccountName = "alice";
constexpr std::size_t kLargeMessage = 1'000'000'000;

// Lines that compress badly, as an attachment does.
std::string large_message() {
  servers::Random random(7);
  std::string text =
      "From: a@example.org\r\nSubject: all pictures\r\nMIME-Version: 1.0\r\n"
      "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t kLine = 76;
  text.reserve(kLargeMessage + 2 * kLine);
  while (text.size() < kLargeMessage) {
    for (std::size_t i = 0; i < kLine; ++i) text += kLetters[random.below(kLetters.size())];
    text += "\r\n";
  }
  return text;
}

class CommandMemory {
 public:
  explicit CommandMemory(std::uint32_t messages) : messages_(messages) {
    auto& config = mailstow_.config();
    config["servers"]["main"] = {{"url", server_.plain_url()}, {"tls", "none"}};
    config["accounts"] = {{{"name", kAccountName},
                           {"server", "main"},
                           {"password_file", server_.password_file(kAccountName).string()}}};
    mailstow_.save();
    mailstow_.backupd({"init"});
  }

  void measure() {
    append("INBOX", messages_);
    append_large();
    fmt::print("{:44} {:>8} {:>8} {:>9}\n", "", "seconds", "CPU s", "peak MiB");
    backupd({"once"});
    append("INBOX", 100);
    backupd({"once"});
    look();
    restore();
    maintain();
  }

 private:
  // Nothing of it is left when a command is measured.
  void append_large() {
    servers::ImapClient filling = client();
    filling.command("CREATE Pictures");
    const servers::Delivery large{.bytes = large_message()};
    filling.append("Pictures", {&large, 1});
  }

  servers::ImapClient client() { return server_.client(kAccountName); }

  void append(const char* folder, std::uint32_t count) {
    constexpr std::uint32_t kAtOnce = 5'000;
    servers::ImapClient filling = client();
    while (count > 0) {
      std::vector<servers::Delivery> letters;
      while (letters.size() < std::min(count, kAtOnce)) {
        letters.push_back({.bytes = small_message(random_, ++last_)});
      }
      filling.append(folder, letters);
      count -= static_cast<std::uint32_t>(letters.size());
    }
  }

  void look() {
    const programs::json snapshots =
        mailstow_.restore_json({"snapshots", kAccountName})["snapshots"];
    const std::string first = snapshots.back()["snapshot"];
    const std::string last = snapshots.front()["snapshot"];
    restore({"accounts"});
    restore({"snapshots", kAccountName});
    restore({"folders", kAccountName});
    restore({"messages", kAccountName, "INBOX"});
    restore({"messages", kAccountName, "INBOX", "--json"});
    restore({"search", kAccountName, "subject:pictures"});
    restore({"search", kAccountName, "report", "--json", "--limit", std::to_string(messages_)});
    restore({"diff", kAccountName, "--from", first, "--to", last});
    const programs::json pictures = mailstow_.restore_json({"messages", kAccountName, "Pictures"});
    restore({"show", kAccountName, pictures["messages"][0]["message"]});
    restore({"show", kAccountName, pictures["messages"][0]["message"], "--raw"});
  }

  void restore() {
    restore({"run", kAccountName, "--all", "--dry-run"});
    restore({"run", kAccountName, "--folder", "Pictures"});
    restore({"run", kAccountName, "--folder", "INBOX"});
    const std::string files = (mailstow_.directory() / "files").string();
    restore({"export", kAccountName, "--folder", "Pictures", "--format", "mbox", "--to",
             files + "-of-pictures"});
    restore({"export", kAccountName, "--folder", "INBOX", "--format", "mbox", "--to", files});
    restore({"trees"});
    restore({"sweep"});
    // An administrator looks at this after a client has deleted everything.
    servers::ImapClient deleting = client();
    deleting.command("SELECT INBOX");
    deleting.command("STORE 1:* +FLAGS (\\Deleted)");
    deleting.command("EXPUNGE");
    backupd({"once"});
    restore({"vanished", kAccountName});
    restore({"vanished", kAccountName, "--json"});
  }

  void maintain() {
    backupd({"status"});
    backupd({"check"});
    backupd({"check", "--read-data"});
    backupd({"prune", "--dry-run"});
    backupd({"prune"});
    backupd({"drill"});
    backupd({"reindex"});
  }

  void backupd(const std::vector<std::string>& words) {
    print("mailstow-backupd", words, mailstow_.backupd_command(words));
  }
  void restore(const std::vector<std::string>& words) {
    print("mailstow-restore", words, mailstow_.restore_command(words));
  }

  // Statuses above 0 may be meant: after a mass deletion a backup ends with 3.
  void print(const char* program, const std::vector<std::string>& words,
             const std::vector<std::string>& command) const {
    const base::Path output = mailstow_.directory() / "output";
    const Ran ran = run(command, output);
    std::string shown = fmt::format("{} {}", program, fmt::join(words, " "));
    if (const auto place = shown.find(mailstow_.directory().string()); place != std::string::npos) {
      shown.resize(place);
    }
    constexpr std::size_t kShown = 44;
    fmt::print("{:44} {:8.2f} {:8.2f} {:9.1f}\n", shown.substr(0, kShown), ran.seconds,
               ran.cpu_seconds, ran.peak_megabytes);
    if (!ran.succeeded) {
      const std::string text = tests::text_of(output);
      constexpr std::size_t kEnd = 300;
      fmt::print("  not with status 0: {}\n",
                 text.substr(text.size() - std::min(text.size(), kEnd)));
    }
    static_cast<void>(std::fflush(stdout));
  }

  std::uint32_t messages_;
  servers::Dovecot server_{in_few_files()};
  programs::Installation mailstow_{server_};
  servers::Random random_{1};
  std::uint32_t last_ = 0;
};

}  // namespace

void measure_command_memory(std::uint32_t messages) {
  CommandMemory(messages).measure();
}

}  // namespace bench
