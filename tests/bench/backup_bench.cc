// Backups over IMAP, compared with other ways to keep a copy of an account: all of the same mail on
// one private Dovecot, in turns, since the machine has other work to do; the best turn counts.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include <fmt/core.h>
#include <unistd.h>

#include "tests/bench/bench_store.h"
#include "tests/bench/command_memory.h"
#include "tests/bench/drain.h"
#include "tests/bench/folders_backup.h"
#include "tests/bench/million_backup.h"
#include "tests/bench/program.h"
#include "tests/bench/served_mail.h"
#include "tests/programs/installation.h"
#include "tests/text_of.h"

namespace {

namespace fs = std::filesystem;

constexpr int kTurns = 5;
constexpr int kUnchanged = 3;  // runs that find nothing changed, after each first one

// A first run, and the best run that found nothing changed.
struct Backup {
  bench::Ran first;
  bench::Ran again;
};

class BackupBench {
 public:
  explicit BackupBench(const base::Path& mail) : mail_(bench::serve(server_, "alice", mail)) {
    auto& main = mailstow_.config()["servers"]["main"];
    main = {{"url", server_.plain_url()}, {"tls", "none"}, {"ca_file", server_.ca_file().string()}};
    mailstow_.config()["accounts"] = {{{"name", "alice"},
                                       {"server", "main"},
                                       {"password_file", server_.password_file("alice").string()}}};
  }

  void measure() {
    drain(Way::kPlain);  // from here on the server has its own index
    bench::Drained plain;
    bench::Drained tls;
    Backup over_plain;
    Backup over_tls;
    for (int turn = 0; turn < kTurns; ++turn) {
      keep_best(plain, drain(Way::kPlain));
      keep_best(over_plain, with_mailstow(Way::kPlain));
      keep_best(tls, drain(Way::kTls));
      keep_best(over_tls, with_mailstow(Way::kTls));
    }
    fmt::print("== {} messages in {} folders, {:.1f} MB\n", mail_.messages, mail_.folders.size(),
               mail_.megabytes);
    fmt::print("{:34} {:>8} {:>8} {:>9} {:>9}\n", "", "seconds", "of drain", "CPU s", "peak MiB");
    drain_ = plain.seconds;
    print_drain("drain, plain", plain);
    print("mailstow, plain", over_plain.first);
    print("mailstow, plain, nothing changed", over_plain.again);
    drain_ = tls.seconds;
    print_drain("drain, TLS", tls);
    print("mailstow, TLS", over_tls.first);
    print("mailstow, TLS, nothing changed", over_tls.again);
    drain_ = plain.seconds;
    with_peer("mbsync", [this] { return with_mbsync(); });
    with_peer("doveadm", [this] { return with_doveadm(); });
    with_peer("restic", [this] { return with_restic(); });
    with_peer("borg", [this] { return with_borg(); });
  }

 private:
  enum class Way { kPlain, kTls };

  std::string url(Way way) const {
    return way == Way::kPlain ? server_.plain_url() : server_.imaps_url();
  }

  bench::Drained drain(Way way) const {
    imap::Endpoint endpoint;
    endpoint.url = url(way);
    endpoint.tls = way == Way::kPlain ? imap::TlsMode::kNone : imap::TlsMode::kRequired;
    endpoint.ca_file = server_.ca_file();
    imap::Login login;
    login.user = "alice";
    login.password = base::Secret(servers::Server::password("alice"));
    return bench::drain(endpoint, login, mail_.folders);
  }

  static void keep_best(bench::Drained& best, const bench::Drained& next) {
    if (best.seconds == 0 || next.seconds < best.seconds) best = next;
  }

  // Keeps the best time, but the highest peak of memory.
  static void keep_best(bench::Ran& best, const bench::Ran& next) {
    const double peak = std::max(best.peak_megabytes, next.peak_megabytes);
    if (best.seconds == 0 || next.seconds < best.seconds) best = next;
    best.peak_megabytes = peak;
  }

  static void keep_best(Backup& best, const Backup& next) {
    keep_best(best.first, next.first);
    keep_best(best.again, next.again);
  }

  void print_drain(const char* what, const bench::Drained& drained) const {
    fmt::print("{:34} {:8.3f} {:8.2f} {:9} {:9} {:.1f} MB\n", what, drained.seconds, 1.0, "", "",
               static_cast<double>(drained.bytes) / 1e6);
    static_cast<void>(std::fflush(stdout));
  }

  void print(const std::string& what, const bench::Ran& ran) const {
    fmt::print("{:34} {:8.3f} {:8.2f} {:9.2f} {:9.1f}{}\n", what, ran.seconds, ran.seconds / drain_,
               ran.cpu_seconds, ran.peak_megabytes, ran.succeeded ? "" : " FAILED");
    static_cast<void>(std::fflush(stdout));
  }

  void with_peer(const std::string& name, const std::function<Backup()>& back_up) const {
    if (!bench::is_installed(name)) return;
    const Backup backup = back_up();
    print(name, backup.first);
    print(name + ", nothing changed", backup.again);
  }

  // Runs the command a first time, and then with nothing changed.
  Backup run(const std::vector<std::string>& command) const {
    Backup backup{run_once(command), {}};
    for (int turn = 0; turn < kUnchanged; ++turn) keep_best(backup.again, run_once(command));
    return backup;
  }

  bench::Ran run_once(const std::vector<std::string>& command) const {
    const bench::Ran ran = bench::run(command, output());
    if (!ran.succeeded) fmt::print("{}: {}\n", command.front(), tests::text_of(output()));
    return ran;
  }

  Backup with_mailstow(Way way) {
    fs::remove_all(mailstow_.store());
    fs::remove_all(mailstow_.index());
    fs::remove_all(mailstow_.key_file());
    auto& main = mailstow_.config()["servers"]["main"];
    main["url"] = url(way);
    main["tls"] = way == Way::kPlain ? "none" : "required";
    mailstow_.save();
    mailstow_.backupd({"init"});
    return run(mailstow_.backupd_command({"-q", "once"}));
  }

  // Without syncing each file, which takes minutes.
  Backup with_mbsync() const {
    const base::Path directory = emptied("mbsync");
    fs::create_directories(directory / "mail");
    fs::create_directories(directory / "state");
    std::ofstream(directory / "mbsyncrc")
        << "FSync no\n\nIMAPStore server\nHost " << servers::kPlainHost << "\nPort "
        << server_.plain_port() << "\nUser alice\nPass " << servers::Server::password("alice")
        << "\nSSLType None\nAuthMechs LOGIN\n\nMaildirStore local\nPath " << directory.string()
        << "/mail/\nInbox " << directory.string()
        << "/mail/INBOX\nSubFolders Verbatim\n\nChannel bench\nFar :server:\nNear :local:\n"
           "Patterns *\nSync Pull\nCreate Near\nSyncState "
        << directory.string() << "/state/\n";
    return run({"mbsync", "-q", "-c", (directory / "mbsyncrc").string(), "bench"});
  }

  // On the server itself, bypassing IMAP.
  Backup with_doveadm() const {
    const base::Path directory = emptied("doveadm");
    fs::permissions(directory, fs::perms::all);  // it works as the account's owner
    const servers::Account owner = servers::server_user().account;
    return run({"doveadm", "-c", (server_.directory() / "dovecot.conf").string(), "-o",
                fmt::format("mail_uid={}", owner.uid), "-o", fmt::format("mail_gid={}", owner.gid),
                "backup", "-u", "alice", "maildir:" + (directory / "mail").string()});
  }

  // The next two need the server's disk.
  Backup with_restic() {
    const base::Path directory = emptied("restic");
    ::setenv("RESTIC_PASSWORD", "bench", 1);
    ::setenv("RESTIC_CACHE_DIR", (directory / "cache").c_str(), 1);
    const std::string repository = (directory / "repository").string();
    bench::run({"restic", "init", "--repo", repository}, output());
    return run({"restic", "backup", "--repo", repository, maildir()});
  }

  Backup with_borg() {
    const base::Path directory = emptied("borg");
    ::setenv("BORG_PASSPHRASE", "bench", 1);
    ::setenv("BORG_BASE_DIR", (directory / "base").c_str(), 1);
    const std::string repository = (directory / "repository").string();
    bench::run({"borg", "init", "--encryption", "repokey-blake2", repository}, output());
    return run(
        {"borg", "create", "--compression", "zstd,3", repository + "::{now:%s.%f}", maildir()});
  }

  std::string maildir() { return server_.maildir("alice").path_of("INBOX").string(); }

  base::Path emptied(const char* name) const {
    base::Path directory = mailstow_.directory() / name;
    fs::remove_all(directory);
    fs::create_directories(directory);
    fs::permissions(mailstow_.directory(), fs::perms::others_exec, fs::perm_options::add);
    return directory;
  }

  base::Path output() const { return mailstow_.directory() / "output"; }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  bench::ServedMail mail_;
  double drain_ = 0;  // seconds
};

}  // namespace

int main(int argc, char** argv) {
  struct Subject {
    const char* option;
    void (*measure)(std::uint32_t count);
    std::uint32_t usual;  // count
  };
  constexpr std::array<Subject, 3> kSubjects = {
      {{"--million", bench::back_up_million, 1'000'000},
       {"--folders", bench::back_up_folders, 20'000},
       {"--commands", bench::measure_command_memory, 300'000}}};
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto subject = words.empty()
                           ? kSubjects.end()
                           : std::ranges::find(kSubjects, words.front(), &Subject::option);
  const bool is_counted = subject != kSubjects.end();
  if (words.empty() || words.size() > (is_counted ? 2 : 1)) {
    fmt::print(stderr,
               "usage: mailstow-backup-bench MAIL | --million [MESSAGES] | --folders [FOLDERS] | "
               "--commands [MESSAGES]\n");
    return 2;
  }
  try {
    if (is_counted) {
      subject->measure(words.size() == 1 ? subject->usual
                                         : static_cast<std::uint32_t>(std::stoul(words[1])));
    } else {
      BackupBench(words.front()).measure();
    }
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "mailstow-backup-bench: {}\n", error.what());
    return 1;
  }
}
