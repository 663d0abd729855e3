// What it takes to get mail out of a bucket of object storage on a new machine, which has only the
// configuration and the key: requests, bytes and seconds, next to restic's on the same Ceph.
#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "tests/bench/access_log.h"
#include "tests/bench/bench_store.h"
#include "tests/bench/many_packs.h"
#include "tests/bench/program.h"
#include "tests/bench/served_mail.h"
#include "tests/bench/storage_sample.h"
#include "tests/programs/installation.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/storage/ceph.h"
#include "tests/temporary_directory.h"
#include "tests/text_of.h"

namespace {

namespace fs = std::filesystem;
using Command = std::vector<std::string>;

constexpr std::size_t kAccounts = 4;
constexpr std::size_t kTurns = 5;
constexpr std::size_t kTurnsOfManyPacks = 3;
constexpr std::size_t kPacks = 20'000;
constexpr std::size_t kNews = 10;      // messages
constexpr double kMaxMegabytes = 400;  // of mail: the objects of Ceph are in 1 GiB of memory
const char* const kBucket = "bench";
const char* const kRestored = "a0";
const char* const kOther = "news";

servers::DovecotOptions options_of_server() {
  servers::DovecotOptions options;
  options.users = {"a0", "a1", "a2", "a3", kOther};
  options.syncing = servers::Syncing::kReal;
  return options;
}

// A store in the bucket, and the machine that writes to it.
class Store {
 public:
  Store(const servers::Server& server, const std::vector<std::string>& users,
        const servers::ObjectStorage& storage, const std::string& prefix)
      : writer_(server, users), reader_(server, users) {
    for (programs::Installation* const machine : {&writer_, &reader_}) {
      const base::Path secret = machine->directory() / "secret";
      std::ofstream(secret) << storage.secret() << '\n';
      fs::permissions(secret, fs::perms::owner_read | fs::perms::owner_write);
      machine->config()["store"] = {{"s3",
                                     {{"url", storage.url()},
                                      {"bucket", kBucket},
                                      {"prefix", prefix},
                                      {"access_key", storage.access_key()},
                                      {"secret_key_file", secret.string()}}},
                                    {"index", machine->index().string()},
                                    {"key_file", machine->key_file().string()}};
    }
    reader_.config()["store"]["own_index"] = true;
    writer_.save();
    reader_.save();
  }

  const programs::Installation& writer() const { return writer_; }

  // Without an index, as after the loss of the other machine.
  const programs::Installation& new_machine() const {
    fs::remove_all(reader_.index());
    fs::copy_file(writer_.key_file(), reader_.key_file(), fs::copy_options::overwrite_existing);
    return reader_;
  }

 private:
  programs::Installation writer_;
  programs::Installation reader_;
};

// One way to get mail out of the bucket.
struct Subject {
  std::string name;
  std::function<Command(const base::Path& to)> command;  // on a new machine
  // The files that it writes; nullopt: they are not messages.
  std::optional<std::size_t> files = {};
  std::string extension = {};  // of these
  bool is_reference = false;   // that others are compared with
};

class StorageBench {
 public:
  explicit StorageBench(const base::Path& mail) : has_restic_(bench::is_installed("restic")) {
    ceph_.storage().make_bucket(kBucket);
    deliver(mail);
    back_up();
  }

  void measure() {
    const std::vector<Subject> whole = whole_account();
    const std::vector<Subject> one = one_message();
    fmt::print("== the {} messages of one account of {}, {:.1f} MB, on a new machine\n",
               messages_[0], kAccounts, megabytes_[0]);
    compare(whole, kTurns);
    fmt::print("== one message of that account, on a new machine: the first restored message\n");
    compare(one, kTurns);
  }

  void measure_many(std::size_t packs) {
    Store many(server_, {kOther}, ceph_.storage(), "many");
    servers::Maildir maildir = server_.maildir(kOther);
    for (std::size_t i = 0; i < kNews; ++i) {
      maildir.deliver("INBOX", {fmt::format("Subject: {}\r\n\r\nNews\r\n", i)});
    }
    base::S3Config bucket = ceph_.storage().config(kBucket, "many");
    bucket.connections = 8;
    const bench::Stopwatch watch;
    const bench::ManyPacks written =
        bench::write_many_packs(bucket, many.writer().index(), many.writer().key_file(), packs);
    fmt::print(
        "== one message of a store of {} small packs, on a new machine: the first restored "
        "message\n",
        written.packs);
    bench::print("the packs, written and uploaded", watch.seconds(), "s");
    // So that the bucket has whatever a backup leaves there for other machines.
    run_once("a backup of that store", many.writer());
    const Subject subject{.name = "mailstow, one message",
                          .command =
                              [&](const base::Path& to) {
                                return export_of(many, written.account, "eml", to, written.message);
                              },
                          .files = 1,
                          .extension = ".eml"};
    compare({subject}, kTurnsOfManyPacks);
  }

 private:
  // In turns, into the accounts and into files for restic, the same bytes.
  void deliver(const base::Path& mail) {
    std::vector<servers::Maildir> maildirs;
    maildirs.reserve(kAccounts);
    for (std::size_t i = 0; i < kAccounts; ++i) maildirs.push_back(server_.maildir(account(i)));
    std::size_t folders = 0;
    std::size_t turn = 0;
    for (const bench::MailFolder& below : bench::mail_below(mail)) {
      const std::string folder = bench::served_name(folders++);
      for (const base::Path& path : below.messages) {
        const std::string text = bench::with_crlf(tests::text_of(path));
        if (text.empty()) continue;
        const std::size_t at = turn++ % kAccounts;
        maildirs[at].deliver(folder, {text});
        const base::Path directory = files_of(account(at)) / folder;
        fs::create_directories(directory);
        const base::Path file = directory / fmt::format("{:06}.eml", messages_[at]);
        std::ofstream(file, std::ios::binary) << text;
        if (at == 0 && messages_[at] == 0) first_file_ = file;
        ++messages_[at];
        megabytes_[at] += static_cast<double>(text.size()) / 1e6;
      }
    }
    const double all = std::accumulate(megabytes_.begin(), megabytes_.end(), 0.0);
    if (messages_.back() == 0 || all > kMaxMegabytes) {
      throw std::runtime_error(
          fmt::format("{}: {:.1f} MB of mail: only a message for each account, and at most {} MB, "
                      "can be measured",
                      mail.string(), all, kMaxMegabytes));
    }
  }

  void back_up() {
    fmt::print("== {} accounts, backed up together\n", kAccounts);
    for (std::size_t i = 0; i < kAccounts; ++i) {
      fmt::print("{}: {} messages, {:.1f} MB\n", account(i), messages_[i], megabytes_[i]);
    }
    require(run(four_.writer().backupd_command({"init"})).succeeded, "mailstow-backupd init");
    run_once("mailstow, first backup", four_.writer());
    if (!has_restic_) return;
    require(run(restic({"init"})).succeeded, "restic init");
    log_.take();
    const bench::Ran ran = run(restic({"backup", files_.string()}));
    require(ran.succeeded, "restic backup");
    print_backup("restic, first backup of the same mail in files", ran);
  }

  void run_once(const std::string& name, const programs::Installation& machine) {
    log_.take();
    const bench::Ran ran = run(machine.backupd_command({"-q", "once"}));
    require(ran.succeeded, "mailstow-backupd once");
    print_backup(name, ran);
  }

  void print_backup(const std::string& name, const bench::Ran& ran) {
    const bench::Requests requests = log_.take();
    fmt::print("{}: {:.3f} s, {} requests, {:.3f} MB\n", name, ran.seconds, requests.all.requests,
               static_cast<double>(requests.all.bytes) / 1e6);
    bench::print_kinds(requests);
  }

  std::vector<Subject> whole_account() const {
    std::vector<Subject> subjects;
    subjects.push_back(
        {.name = "mailstow, files",
         .command = [this](const base::Path& to) { return export_of(four_, kRestored, "eml", to); },
         .files = messages_[0],
         .extension = ".eml"});
    if (has_restic_) {
      subjects.push_back(
          {.name = "restic, files",
           .command =
               [this](const base::Path& to) { return restic_restore(files_of(kRestored), to); },
           .files = messages_[0],
           .extension = ".eml",
           .is_reference = true});
    }
    subjects.push_back({.name = "mailstow, mbox", .command = [this](const base::Path& to) {
                          return export_of(four_, kRestored, "mbox", to);
                        }});
    subjects.push_back(
        {.name = "mailstow, mailbox", .command = [this](const base::Path&) {
           return four_.new_machine().restore_command({"-q", "run", kRestored, "--all"});
         }});
    return subjects;
  }

  std::vector<Subject> one_message() const {
    const programs::json list =
        four_.writer().restore_json({"messages", kRestored, bench::served_name(0), "--limit", "1"});
    const std::string message = list.at("messages").at(0).at("message");
    std::vector<Subject> subjects;
    subjects.push_back({.name = "mailstow, one message",
                        .command =
                            [this, message](const base::Path& to) {
                              return export_of(four_, kRestored, "eml", to, message);
                            },
                        .files = 1,
                        .extension = ".eml"});
    if (has_restic_) {
      subjects.push_back(
          {.name = "restic, one message",
           .command = [this](const base::Path& to) { return restic_restore(first_file_, to); },
           .files = 1,
           .extension = ".eml",
           .is_reference = true});
    }
    subjects.push_back(
        {.name = "mailstow, into mailbox", .command = [this, message](const base::Path&) {
           return four_.new_machine().restore_command(
               {"-q", "run", kRestored, "--message", message});
         }});
    return subjects;
  }

  static Command export_of(const Store& store, const std::string& account,
                           const std::string& format, const base::Path& to,
                           const std::string& message = {}) {
    Command arguments = {"-q", "export", account, "--format", format, "--to", to.string()};
    if (!message.empty()) arguments.insert(arguments.end(), {"--message", message});
    return store.new_machine().restore_command(arguments);
  }

  // With an empty cache.
  Command restic_restore(const base::Path& what, const base::Path& to) const {
    fs::remove_all(restic_cache());
    return restic({"restore", "latest", "--include", what.string(), "--target", to.string()});
  }

  Command restic(const Command& arguments) const {
    const servers::ObjectStorage& storage = ceph_.storage();
    Command command = {"env",
                       "AWS_ACCESS_KEY_ID=" + storage.access_key(),
                       "AWS_SECRET_ACCESS_KEY=" + storage.secret(),
                       "RESTIC_PASSWORD=bench",
                       "restic",
                       "--quiet",
                       "--cache-dir",
                       restic_cache().string(),
                       "--repo",
                       fmt::format("s3:{}/{}/restic", storage.url(), kBucket)};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
  }

  // In turns, each time in another order.
  void compare(const std::vector<Subject>& subjects, std::size_t turns) {
    for (const Subject& subject : subjects) {
      fmt::print("{}: {}\n", subject.name, fmt::join(subject.command(target()), " "));
    }
    bench::print_sample_head();
    std::vector<bench::MeasuredProgram> programs;
    programs.reserve(subjects.size());
    for (const Subject& subject : subjects) {
      programs.push_back({.name = subject.name, .samples = {}});
    }
    for (std::size_t turn = 0; turn < turns; ++turn) {
      for (std::size_t i = 0; i < subjects.size(); ++i) {
        const std::size_t at = (turn + i) % subjects.size();
        programs[at].samples.push_back(measure_once(subjects[at]));
        bench::print_sample(turn + 1, subjects[at].name, programs[at].samples.back());
      }
    }
    for (const bench::MeasuredProgram& program : programs) {
      fmt::print("{}, requests of the last turn:\n", program.name);
      bench::print_kinds(program.samples.back().requests);
    }
    for (const bench::MeasuredProgram& program : programs) bench::print_medians(program);
    const auto reference =
        std::ranges::find_if(subjects, [](const Subject& subject) { return subject.is_reference; });
    if (reference == subjects.end()) return;
    const auto place = static_cast<std::size_t>(reference - subjects.begin());
    for (std::size_t i = 0; i < programs.size(); ++i) {
      if (i != place) bench::print_ratios(programs[i], programs[place]);
    }
  }

  bench::StorageSample measure_once(const Subject& subject) {
    const base::Path to = target();
    fs::remove_all(to);
    const Command command = subject.command(to);
    sync();  // what others wrote
    log_.take();
    bench::StorageSample sample;
    sample.ran = run(command);
    require(sample.ran.succeeded, subject.name);
    const bench::Stopwatch watch;
    sync();
    sample.sync_seconds = watch.seconds();
    sample.requests = log_.take();
    if (subject.files && count_files(to, subject.extension) != *subject.files) {
      throw std::runtime_error(fmt::format("{}: {} of {} messages", subject.name,
                                           count_files(to, subject.extension), *subject.files));
    }
    return sample;
  }

  static std::size_t count_files(const base::Path& directory, const std::string& extension) {
    if (!fs::exists(directory)) return 0;
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
      if (entry.is_regular_file() && entry.path().extension() == extension) ++count;
    }
    return count;
  }

  bench::Ran run(const Command& command) const { return bench::run(command, output()); }

  // A restore that is not on the disk yet is not over.
  void sync() const { require(run({"sync", "-f", files_.string()}).succeeded, "sync"); }

  void require(bool is_well, const std::string& what) const {
    if (is_well) return;
    throw std::runtime_error(fmt::format("{} failed: {}", what, tests::text_of(output())));
  }

  static std::string account(std::size_t number) { return fmt::format("a{}", number); }
  base::Path files_of(const std::string& account) const { return files_ / account; }
  base::Path target() const { return directory_.path() / "restored"; }
  base::Path output() const { return directory_.path() / "output"; }
  base::Path restic_cache() const { return directory_.path() / "restic-cache"; }

  servers::Ceph ceph_;  // the first: without it nothing else is started
  bench::AccessLog log_{ceph_};
  tests::TemporaryDirectory directory_;
  const base::Path files_ = directory_.path() / "files";
  const bool has_restic_;
  servers::Dovecot server_{options_of_server()};
  Store four_{server_, {"a0", "a1", "a2", "a3"}, ceph_.storage(), "four"};
  std::array<std::size_t, kAccounts> messages_{};
  std::array<double, kAccounts> megabytes_{};
  base::Path first_file_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    fmt::print(stderr, "usage: mailstow-storage-bench MAIL [PACKS]\n");
    return 2;
  }
  try {
    StorageBench bench(argv[1]);
    bench.measure();
    bench.measure_many(argc == 3 ? std::stoul(argv[2]) : kPacks);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "mailstow-storage-bench: {}\n", error.what());
    return 1;
  }
}
