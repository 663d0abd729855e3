// The page over a written history of alice and bob on a real Dovecot, with people of every role.
#pragma once

#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/time_text.h"
#include "tests/programs/installation.h"
#include "tests/programs/recorded_mail.h"
#include "tests/servers/delivery.h"
#include "tests/servers/dovecot.h"
#include "tests/web/page_programs.h"
#include "web/target.h"

namespace web {

// Names that a shell, a program's options, a glob, or a decoder could take for something else. Each
// is an account, and a folder of alice's.
inline const std::vector<std::string> kOddNames = {"--to=bob", "-v", "*", "%2A", "a\nb"};

// The subject of the message in the folder with that name.
inline std::string odd_subject(std::size_t at) {
  return "in folder " + std::to_string(at);
}

// The objects of an account that requests can name.
struct Holdings {
  std::string beyond_reach;  // a snapshot
  std::string older;
  std::string newest;
  std::string lost_message;  // only in `beyond_reach`
  std::string message;       // in INBOX, in `newest`
  std::string plan;
  std::string job;  // that restored INBOX
  std::string tree;
};

class PageWorld {
 public:
  PageWorld() {
    mailstow_.make_store();
    const std::uint32_t alices = uid_validity("alice");
    const std::uint32_t bobs = uid_validity("bob");
    using std::chrono::hours;
    record("alice", hours(40 * 24), alices, {{"INBOX", {"old"}}, {"Beyond", {"lost"}}});
    std::map<std::string, std::vector<std::string>> folders = {{"INBOX", {"first", "second"}}};
    for (std::size_t at = 0; at < kOddNames.size(); ++at)
      folders[kOddNames[at]] = {odd_subject(at)};
    record("alice", hours(2), alices, folders);
    folders["INBOX"] = {"first", "second", "third"};
    record("alice", hours(1), alices, folders);
    record("bob", hours(2), bobs, {{"INBOX", {"private"}}});
    record("bob", hours(1), bobs, {{"INBOX", {"private", "more"}}});
    for (std::size_t at = 0; at < kOddNames.size(); ++at) {
      record(kOddNames[at], hours(1), 7, {{"INBOX", {odd_subject(at) + ", an account"}}});
    }
    page_.start();
    alice_ = holdings_of("alice");
    const json all = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
    alice_.beyond_reach = all[0]["snapshot"];
    alice_.lost_message = mailstow_.restore_json(
        {"messages", "alice", "Beyond", "--at", alice_.beyond_reach})["messages"][0]["message"];
    // A tree has the second of its restore in its name.
    while (alice_.tree >= "RESTORED/" + base::format_timestamp(now(), "UTC")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    bob_ = holdings_of("bob");
    if (alice_.tree == bob_.tree) throw std::runtime_error("two trees have one name");
  }

  // Logged in: alice and bob at their page, others at that of the staff.
  WebClient& as(const std::string& person) {
    const auto found = clients_.find(person);
    if (found != clients_.end()) return found->second;
    const bool is_owner = person == "alice" || person == "bob";
    return clients_.emplace(person, is_owner ? page_.owner(person) : page_.staff(person))
        .first->second;
  }
  void forget(const std::string& person) { clients_.erase(person); }

  const Holdings& of(const std::string& account) const { return account == "bob" ? bob_ : alice_; }

  // The plan of a restore of INBOX by that person; empty if it is refused.
  std::string plan_of(const std::string& person, const std::string& account) {
    const json answer = as(person)
                            .change("POST", of_account(account, "/plans"),
                                    {{"selection", {{"folders", {"INBOX"}}}}})
                            .document();
    return answer.value("plan", "");
  }

  // Restores a plan of the person's own, and returns the job when it has ended.
  json restore(const std::string& person, const std::string& account, const std::string& plan) {
    const json started = as(person)
                             .change("POST", of_account(account, "/restores"), {{"plan", plan}},
                                     "Idempotency-Key: " + next_key() + "\r\n")
                             .document();
    return wait_for(person, account, started.value("job", ""));
  }
  json wait_for(const std::string& person, const std::string& account, const std::string& job) {
    const std::string path = of_account(account, "/jobs/" + job);
    as(person).get(path + "/events");
    return as(person).get(path).document();
  }

  std::string next_key() { return "key-" + std::to_string(1'000'000'000'000 + ++keys_); }

  servers::Dovecot& server() { return server_; }
  programs::Installation& mailstow() { return mailstow_; }
  PagePrograms& page() { return page_; }

 private:
  static std::chrono::sys_seconds now() { return base::system_clock().now_seconds(); }

  static json people() {
    json people = {{{"person", "chief"}, {"role", "officer"}},
                   {{"person", "asker"}, {"role", "helpdesk"}}};
    const std::vector<std::pair<std::string, std::string>> roles = {{"helper", "helpdesk"},
                                                                    {"trusted", "helpdesk"},
                                                                    {"operator", "operator"},
                                                                    {"officer", "officer"},
                                                                    {"cleared", "officer"}};
    for (const auto& [person, role] : roles) {
      people.push_back({{"person", person}, {"role", role}, {"accounts", {"alice"}}});
      people.push_back({{"person", person + " of all"}, {"role", role}});
    }
    return people;
  }

  static json settings() {
    return {{"bounds",
             {{"trees", 1'000},
              {"extensions", 1'000},
              {"messages_per_day", 10'000},
              {"exports_per_day", 1'000},
              {"restores_per_day", 1'000}}}};
  }

  std::uint32_t uid_validity(const std::string& user) {
    servers::ImapClient client = server_.client(user);
    client.append("INBOX", std::vector<servers::Delivery>{{"Subject: x\r\n\r\nx\r\n"}});
    const std::string status = client.command("STATUS INBOX (UIDVALIDITY)");
    constexpr std::string_view kName = "UIDVALIDITY ";
    return static_cast<std::uint32_t>(std::stoul(status.substr(status.find(kName) + kName.size())));
  }

  // A snapshot of that age. Of the folders, the messages by their subjects.
  void record(const std::string& account, std::chrono::hours age, std::uint32_t inbox,
              const std::map<std::string, std::vector<std::string>>& folders) {
    std::vector<programs::RecordedFolder> recorded;
    for (const auto& [name, subjects] : folders) {
      programs::RecordedFolder folder{programs::recorded_folder(name), {}};
      if (name == "INBOX") folder.info.uid_validity = inbox;
      for (const std::string& subject : subjects) {
        const auto uid = static_cast<std::uint32_t>(folder.messages.size() + 1);
        folder.messages.push_back(
            {uid,
             "From: " + account.substr(0, 1) + "@example.org\r\nSubject: letter " + subject +
                 "\r\nDate: Tue, 3 Nov 2026 10:00:00 +0000\r\n\r\nbody\r\n",
             base::ZonedTime{std::chrono::sys_days(std::chrono::year(2026) / 11 / 3)}});
      }
      recorded.push_back(std::move(folder));
    }
    store::SnapshotDraft snapshot;
    snapshot.account = account;
    snapshot.time = now() - age;
    programs::record_snapshot(mailstow_, std::move(snapshot), recorded);
  }

  Holdings holdings_of(const std::string& account) {
    Holdings holdings;
    WebClient& owner = as(account);
    const json snapshots = owner.get(of_account(account, "/snapshots")).document()["snapshots"];
    holdings.older = snapshots.at(0)["snapshot"];
    holdings.newest = snapshots.at(1)["snapshot"];
    holdings.message = owner.get(of_account(account, "/snapshots/newest/messages?folder=INBOX"))
                           .document()["messages"][0]["message"];
    holdings.job = restore(account, account, plan_of(account, account))["job"];
    holdings.tree = owner.get(of_account(account, "/jobs/" + holdings.job)).document()["tree"];
    holdings.plan = plan_of(account, account);
    return holdings;
  }

  std::uint64_t keys_ = 0;
  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  PagePrograms page_{with_odd_accounts(mailstow_), settings(), people()};
  std::map<std::string, WebClient> clients_;
  Holdings alice_;
  Holdings bob_;

  static programs::Installation& with_odd_accounts(programs::Installation& mailstow) {
    for (std::size_t at = 0; at < kOddNames.size(); ++at) {
      mailstow.config()["accounts"].push_back(
          {{"name", kOddNames[at]}, {"server", "main"}, {"user", "user" + std::to_string(at)}});
    }
    return mailstow;
  }
};

}  // namespace web
