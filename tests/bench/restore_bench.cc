// Restoring over IMAP, compared with other ways to bring mail into a server: one account with the
// same mail for each, on one private Dovecot with its default syncing.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include <fmt/core.h>

#include "imap/session.h"
#include "tests/bench/bench_store.h"
#include "tests/bench/program.h"
#include "tests/bench/served_mail.h"
#include "tests/programs/installation.h"
#include "tests/servers/dovecot.h"
#include "tests/text_of.h"

namespace {

using programs::json;

constexpr std::size_t kInBatch = 200;

servers::DovecotOptions options() {
  servers::DovecotOptions options;
  options.users = {"alice", "bob", "raw", "again", "mbsync", "imapsync"};
  options.syncing = servers::Syncing::kReal;
  return options;
}

class RestoreBench {
 public:
  explicit RestoreBench(const base::Path& mail)
      : folders_(bench::mail_below(mail)),
        messages_(bench::serve(server_, "alice", mail).messages) {
    mailstow_.config()["servers"]["main"]["url"] = server_.plain_url();
    mailstow_.config()["servers"]["main"]["tls"] = "none";
    for (const std::string& user : options().users) {
      if (user == "alice" || user == "bob") continue;
      mailstow_.config()["accounts"].push_back({{"name", user}, {"server", "main"}});
    }
    mailstow_.save();
    mailstow_.backupd({"init"});
    mailstow_.backupd_json({"once", "--account", "alice"});
  }

  void measure() {
    fmt::print("== mail: {} messages in {} folders\n", messages_, folders_.size());
    // Measured before and after, since the machine has other work to do.
    const double before = append_raw("raw");
    report("raw MULTIAPPEND, one connection", before, messages_, before);
    for (const int connections : {4, 2, 1}) restore_all(connections, before);
    const double raw = append_raw("again");
    report("raw MULTIAPPEND, one connection, again", raw, messages_, raw);
    restore_all(4, raw);
    restore_some(100);
    if (bench::is_installed("mbsync")) with_mbsync(raw);
    if (bench::is_installed("imapsync")) with_imapsync(raw);
  }

 private:
  static void report(const std::string& what, double seconds, std::size_t messages, double raw) {
    fmt::print("{}: {:.2f} s, {:.0f} messages/s, {:.2f} of raw MULTIAPPEND\n", what, seconds,
               static_cast<double>(messages) / seconds, seconds / raw);
    static_cast<void>(std::fflush(stdout));
  }

  // Appends only: nothing to read, to compare or to record.
  double append_raw(const std::string& user) {
    imap::Endpoint endpoint;
    endpoint.url = server_.plain_url();
    endpoint.tls = imap::TlsMode::kNone;
    imap::Login login;
    login.user = user;
    login.password = base::Secret(servers::Server::password(user));
    imap::Session session = imap::Session::open(endpoint, login, {});
    double seconds = 0;
    for (std::size_t at = 0; at < folders_.size(); ++at) {
      std::vector<std::string> texts;
      for (const base::Path& path : folders_[at].messages) {
        std::string text = bench::with_crlf(tests::text_of(path));
        if (!text.empty()) texts.push_back(std::move(text));
      }
      const bench::Stopwatch watch;
      session.create(bench::served_name(at));
      for (std::size_t begin = 0; begin < texts.size(); begin += kInBatch) {
        std::vector<imap::AppendMessage> batch;
        for (std::size_t i = begin; i < std::min(begin + kInBatch, texts.size()); ++i) {
          batch.push_back({{}, {}, base::as_bytes(texts[i])});
        }
        if (!session.append_together(bench::served_name(at), batch).accepted)
          fmt::print("raw: refused\n");
      }
      seconds += watch.seconds();
    }
    return seconds;
  }

  bench::Ran restore(const std::vector<std::string>& arguments) {
    return bench::run(mailstow_.restore_command(arguments), mailstow_.directory() / "output");
  }

  void restore_all(int connections, double raw) {
    mailstow_.config()["servers"]["main"]["connections"] = connections;
    mailstow_.save();
    const bench::Ran ran =
        restore({"-q", "run", "alice", "--all", "--to", "bob", "--expire-after", "1s"});
    if (!ran.succeeded) fmt::print("{}", tests::text_of(mailstow_.directory() / "output"));
    report(fmt::format("mailstow, all, read back and compared, {} connections", connections),
           ran.seconds, messages_, raw);
    bench::print("its peak memory", ran.peak_megabytes, "MiB");
    restore({"-q", "sweep"});
  }

  void restore_some(std::size_t count) {
    std::vector<std::string> ids;
    for (std::size_t at = 0; at < folders_.size(); ++at) {
      const json list = mailstow_.restore_json({"messages", "alice", bench::served_name(at)});
      for (const json& message : list["messages"]) ids.push_back(message["message"]);
    }
    std::shuffle(ids.begin(), ids.end(), std::mt19937(1));
    ids.resize(std::min(count, ids.size()));
    std::vector<std::string> arguments = {"-q", "run", "alice", "--to", "bob"};
    for (const std::string& id : ids) {
      arguments.insert(arguments.end(), {"--message", id});
    }
    const bench::Ran ran = restore(arguments);
    fmt::print("mailstow, {} at random: {:.2f} s, {:.0f} messages/s{}\n", ids.size(), ran.seconds,
               static_cast<double>(ids.size()) / ran.seconds, ran.succeeded ? "" : ", FAILED");
  }

  // A restore with mbsync: a Maildir is pushed into an empty account.
  void with_mbsync(double raw) {
    const base::Path directory = mailstow_.directory() / "mbsync";
    std::filesystem::create_directories(directory / "mail");
    for (std::size_t at = 0; at < folders_.size(); ++at) {
      const base::Path box = directory / "mail" / bench::served_name(at);
      for (const char* part : {"cur", "new", "tmp"})
        std::filesystem::create_directories(box / part);
      std::size_t number = 0;
      for (const base::Path& path : folders_[at].messages) {
        std::ofstream(box / "cur" / fmt::format("{}.bench:2,S", ++number), std::ios::binary)
            << tests::text_of(path);
      }
    }
    std::ofstream(directory / "mbsyncrc")
        << "IMAPStore server\nHost " << servers::kPlainHost << "\nPort " << server_.plain_port()
        << "\nUser mbsync\nPass " << servers::Server::password("mbsync")
        << "\nSSLType None\nAuthMechs LOGIN\n\nMaildirStore local\nPath " << directory.string()
        << "/mail/\nSubFolders Verbatim\n\nChannel bench\nFar :server:\nNear :local:\nPatterns *\n"
           "Sync Push\nCreate Far\nSyncState "
        << directory.string() << "/state/\n";
    std::filesystem::create_directories(directory / "state");
    const bench::Ran ran =
        bench::run({"mbsync", "-q", "-c", (directory / "mbsyncrc").string(), "bench"},
                   mailstow_.directory() / "output");
    if (!ran.succeeded) fmt::print("mbsync: {}", tests::text_of(mailstow_.directory() / "output"));
    report("mbsync, push", ran.seconds, messages_, raw);
  }

  void with_imapsync(double raw) {
    const std::string port = std::to_string(server_.plain_port());
    const bench::Ran ran = bench::run({"imapsync",
                                       "--host1",
                                       servers::kPlainHost,
                                       "--port1",
                                       port,
                                       "--user1",
                                       "alice",
                                       "--password1",
                                       servers::Server::password("alice"),
                                       "--host2",
                                       servers::kPlainHost,
                                       "--port2",
                                       port,
                                       "--user2",
                                       "imapsync",
                                       "--password2",
                                       servers::Server::password("imapsync"),
                                       "--nossl1",
                                       "--nossl2",
                                       "--notls1",
                                       "--notls2",
                                       "--nolog"},
                                      mailstow_.directory() / "output");
    report("imapsync, server to server", ran.seconds, messages_, raw);
  }

  servers::Dovecot server_{options()};
  programs::Installation mailstow_{server_};
  std::vector<bench::MailFolder> folders_;
  std::size_t messages_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: mailstow-restore-bench MAIL\n");
    return 2;
  }
  try {
    RestoreBench(argv[1]).measure();
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "mailstow-restore-bench: {}\n", error.what());
    return 1;
  }
}
