// The restore page under load: 100 people are logged in, each with a request every three seconds,
// over accounts of 200,000 messages. Measured from the moment at which a request is due.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "store/folder_draft.h"
#include "tests/bench/bench_store.h"
#include "tests/bench/process_memory.h"
#include "tests/bench/small_mail.h"
#include "tests/programs/installation.h"
#include "tests/servers/delivery.h"
#include "tests/servers/dovecot.h"
#include "tests/unix_socket.h"
#include "tests/web/page_programs.h"

namespace {

using web::json;
using web::WebAnswer;
using web::WebClient;
using Steady = std::chrono::steady_clock;

// The desk ends the oldest of more than ten sessions of a person.
constexpr std::size_t kAccounts = 10;
constexpr std::size_t kSessions = 100;
constexpr std::chrono::seconds kBetween{3};
constexpr std::chrono::seconds kWarmUp{15};
constexpr std::chrono::seconds kMeasured{120};

struct Kind {
  const char* name;
  std::uint64_t percent;
};
constexpr std::array<Kind, 4> kKinds = {
    {{"list", 60}, {"message", 20}, {"search", 10}, {"vanished", 10}}};

struct Taken {
  std::size_t kind;
  double milliseconds;
  int status;
};

bool is_whole(const std::string& bytes) {
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string::npos) return false;
  const WebAnswer answer = web::parse_web_answer(bytes.substr(0, head_end + 4));
  const auto length = answer.headers.find("content-length");
  if (length == answer.headers.end()) return bytes.ends_with("\r\n0\r\n\r\n");
  return bytes.size() - head_end - 4 >= std::stoul(length->second);
}

// Takes the answer as a reverse proxy does: it is whole once its body is. The server may close the
// connection later.
int status_of(const WebClient& client, const std::string& path) {
  const base::Fd connection = tests::connect_to_socket(client.socket());
  tests::send_to(connection, client.request("GET", path, "Connection: close\r\n", ""));
  std::string bytes;
  std::array<char, 65'536> piece{};
  while (!is_whole(bytes)) {
    const ssize_t got = ::recv(connection.get(), piece.data(), piece.size(), 0);
    if (got <= 0) return 0;
    bytes.append(piece.data(), static_cast<std::size_t>(got));
  }
  return web::parse_web_answer(bytes).status;
}

std::vector<std::string> users() {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < kAccounts; ++at) names.push_back(fmt::format("user{}", at));
  return names;
}

servers::DovecotOptions server_options() {
  servers::DovecotOptions options;
  options.users = users();
  return options;
}

class PageBench {
 public:
  explicit PageBench(std::uint32_t messages) : messages_(messages) {
    mailstow_.make_store();
    const bench::Stopwatch watch;
    for (const std::string& user : users()) write_account(user);
    bench::print(fmt::format("{} accounts of {} messages, written", kAccounts, messages_),
                 watch.seconds(), "s");
    page_.start();
  }

  void measure() {
    log_in();
    bench::MemoryWatch memory({{"web server", page_.users().pid(), "renderers"},
                               {"desk", page_.desk().pid(), "commands"}});
    const Steady::time_point begin = Steady::now();
    std::vector<std::thread> threads;
    threads.reserve(kSessions);
    for (std::size_t at = 0; at < kSessions; ++at) {
      threads.emplace_back([this, at, begin] { visit(at, begin); });
    }
    for (std::thread& thread : threads) thread.join();
    print_times();
    print_memory(memory.result());
  }

 private:
  struct Session {
    std::string user;
    WebClient client;
    std::vector<std::string> messages;
  };

  std::uint32_t uid_validity(const std::string& user) {
    servers::ImapClient client = server_.client(user);
    client.append("INBOX", std::vector<servers::Delivery>{{"Subject: x\r\n\r\nx\r\n"}});
    const std::string status = client.command("STATUS INBOX (UIDVALIDITY)");
    return static_cast<std::uint32_t>(std::stoul(status.substr(status.find("UIDVALIDITY ") + 12)));
  }

  // Half in INBOX, the rest in an archive; between the two snapshots, one message in a hundred
  // vanishes from INBOX.
  void write_account(const std::string& user) {
    store::FolderInfo inbox = bench::folder_named("INBOX");
    inbox.uid_validity = uid_validity(user);
    {
      store::Writer writer = open_writer();
      store::FolderDraft first(writer.reader(), inbox);
      store::FolderDraft archive(writer.reader(), bench::folder_named("Archive"));
      for (std::uint32_t uid = 1; uid <= messages_; ++uid) {
        const store::StoredMessage stored =
            bench::add(writer, bench::small_message(random_, uid), user);
        (uid % 2 == 0 ? archive : first).put(bench::entry(uid, stored), stored.digest);
      }
      add_snapshot(writer, user, std::chrono::hours(2), {writer.seal(archive), writer.seal(first)});
    }
    store::Writer writer = open_writer();
    std::vector<store::FolderRecord> folders =
        writer.reader().folders(writer.reader().newest_snapshot(user).value());
    for (store::FolderRecord& folder : folders) {
      if (folder.info.raw_name != "INBOX") continue;
      store::FolderDraft second(writer.reader(), folder);
      for (std::uint32_t uid = 1; uid <= messages_; uid += 200) second.expunge({uid});
      folder = writer.seal(second);
    }
    add_snapshot(writer, user, std::chrono::hours(1), std::move(folders));
  }

  store::Writer open_writer() const {
    return store::Writer::open({mailstow_.store(), mailstow_.index(), mailstow_.key_file()},
                               base::real_file_system(), base::system_clock());
  }

  static void add_snapshot(store::Writer& writer, const std::string& user, std::chrono::hours age,
                           std::vector<store::FolderRecord> folders) {
    store::SnapshotDraft snapshot;
    snapshot.account = user;
    snapshot.time = base::system_clock().now_seconds() - age;
    snapshot.folders = std::move(folders);
    writer.add_snapshot(snapshot);
    writer.commit();
  }

  void log_in() {
    const bench::Stopwatch watch;
    for (std::size_t at = 0; at < kSessions; ++at) {
      const std::string user = users().at(at % kAccounts);
      Session session{.user = user, .client = page_.owner(user), .messages = {}};
      session.client.set_address(fmt::format("198.51.100.{}", at + 1));
      const json list =
          session.client
              .get(web::of_account(user, "/snapshots/newest/messages?folder=INBOX&limit=200"))
              .document();
      for (const json& message : list.at("messages")) {
        session.messages.push_back(message.at("message"));
      }
      if (session.messages.empty()) throw std::runtime_error("a list of messages is empty");
      sessions_.push_back(std::move(session));
    }
    bench::print(fmt::format("{} logins, one after the other", kSessions), watch.seconds(), "s");
  }

  std::string list_of(const std::string& user) {
    const std::scoped_lock lock(mutex_);
    return web::of_account(
        user, fmt::format("/snapshots/newest/messages?folder={}&limit=200&after={}",
                          random_.below(2) == 0 ? "INBOX" : "Archive",
                          1 + random_.below(std::max<std::uint32_t>(messages_ / 2, 1))));
  }

  std::string path_of(std::size_t kind, const Session& session) {
    if (kind == 0) return list_of(session.user);
    const std::scoped_lock lock(mutex_);
    if (kind == 1) {
      const std::size_t at = random_.below(session.messages.size());
      return web::of_account(session.user, "/messages/" + session.messages.at(at) + "/view");
    }
    if (kind == 3) return web::of_account(session.user, "/vanished?limit=20");
    constexpr std::array<const char*, 4> kQueries = {"from:person77%20invoice", "printer%20holiday",
                                                     "subject:12345", "report%20-draft"};
    return web::of_account(session.user,
                           fmt::format("/search?q={}&limit=50", kQueries.at(random_.below(4))));
  }

  std::size_t random_kind() {
    const std::scoped_lock lock(mutex_);
    std::uint64_t chosen = random_.below(100);
    std::size_t kind = 0;
    while (chosen >= kKinds.at(kind).percent) chosen -= kKinds.at(kind++).percent;
    return kind;
  }

  void visit(std::size_t at, Steady::time_point begin) {
    Session& session = sessions_.at(at);
    // One after the other, evenly.
    Steady::time_point due = begin + Steady::duration(kBetween) * at / kSessions;
    for (; due < begin + kWarmUp + kMeasured; due += kBetween) {
      std::this_thread::sleep_until(due);
      const std::size_t kind = random_kind();
      const int status = status_of(session.client, path_of(kind, session));
      const std::chrono::duration<double, std::milli> time = Steady::now() - due;
      if (due < begin + kWarmUp) continue;
      const std::scoped_lock lock(mutex_);
      taken_.push_back({kind, time.count(), status});
    }
  }

  static void print_row(const char* name, std::vector<double> times, std::size_t failed) {
    if (times.empty()) return;
    std::ranges::sort(times);
    const auto share = [&](double part) {
      return times.at(static_cast<std::size_t>(part * static_cast<double>(times.size() - 1)));
    };
    fmt::print("{:10} {:9} {:10.0f} {:10.0f} {:10.0f} {:8}\n", name, times.size(), share(0.5),
               share(0.95), times.back(), failed);
  }

  void print_times() {
    fmt::print("{:10} {:>9} {:>10} {:>10} {:>10} {:>8}\n", "ms", "requests", "median", "95th p.",
               "longest", "refused");
    std::vector<double> all;
    std::size_t all_failed = 0;
    for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
      std::vector<double> times;
      std::size_t failed = 0;
      for (const Taken& taken : taken_) {
        if (taken.kind != kind) continue;
        times.push_back(taken.milliseconds);
        if (taken.status != 200) ++failed;
      }
      all.insert(all.end(), times.begin(), times.end());
      all_failed += failed;
      print_row(kKinds.at(kind).name, std::move(times), failed);
    }
    print_row("all", std::move(all), all_failed);
  }

  static void print_memory(const std::map<std::string, bench::MemoryUse>& uses) {
    fmt::print("{:12} {:>10} {:>16} {:>16}\n", "memory", "processes", "together, MiB",
               "largest, MiB");
    for (const auto& [name, use] : uses) {
      fmt::print("{:12} {:10} {:16.1f} {:16.1f}\n", name, use.processes, use.megabytes,
                 use.largest);
    }
  }

  std::uint32_t messages_;
  servers::Dovecot server_{server_options()};
  programs::Installation mailstow_{server_, users()};
  web::PagePrograms page_{mailstow_, {{"bounds", {{"messages_per_day", 1'000'000}}}}};
  std::mutex mutex_;  // of random_ and taken_
  servers::Random random_{1};
  std::vector<Session> sessions_;
  std::vector<Taken> taken_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2) {
    fmt::print(stderr, "usage: mailstow-page-bench [MESSAGES]\n");
    return 2;
  }
  try {
    PageBench(argc == 2 ? static_cast<std::uint32_t>(std::stoul(argv[1])) : 200'000).measure();
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "mailstow-page-bench: {}\n", error.what());
    return 1;
  }
}
