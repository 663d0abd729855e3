// A desk in the test's process over a written history of alice and bob, with staff.
#pragma once

#include <chrono>
#include <fstream>
#include <optional>
#include <string>

#include "tests/restore/desk/local_desk.h"
#include "tests/restore/written_history.h"

namespace desk {

// The time of the machine, in which nothing waits.
class PatientClock : public base::Clock {
 public:
  base::TimePoint now() const override { return base::system_clock().now() + elapsed; }
  std::chrono::steady_clock::time_point steady_now() const override {
    return std::chrono::steady_clock::time_point(elapsed);
  }
  void sleep_for(std::chrono::milliseconds duration) override { elapsed += duration; }

  std::chrono::milliseconds elapsed{0};
};

class StaffedDesk : public restore::WrittenHistory {
 protected:
  StaffedDesk() {
    const base::Path password = mailstow_.directory() / "password";
    std::ofstream(password) << "secret\n";
    json& config = mailstow_.config();
    for (const char* name : {"alice", "bob"}) {
      config["accounts"].push_back(
          {{"name", name}, {"server", "main"}, {"password_file", password.string()}});
    }
    config["web"] = {
        {"self", {{"accounts", {"*"}}, {"reach", "30d"}, {"bounds", {{"exports_per_day", 100}}}}},
        {"staff",
         {{"people",
           {{{"person", "helper"}, {"role", "helpdesk"}, {"accounts", {"alice"}}},
            {{"person", "trusted"}, {"role", "helpdesk"}, {"accounts", {"alice"}}},
            {{"person", "operator"}, {"role", "operator"}},
            {{"person", "officer"}, {"role", "officer"}},
            {{"person", "second"}, {"role", "officer"}},
            {{"person", "limited"}, {"role", "officer"}, {"accounts", {"alice"}}}}}}}};
    mailstow_.save();
    bobs_ = back_up("bob", {{"Private", {"letter private"}}});
    old_ = back_up("alice", {{"INBOX", {"letter first"}}, {"Beyond", {"letter lost"}}});
    start_ = back_up("alice", {{"INBOX", {"letter first", "letter second"}}});
    newest_ = back_up("alice", {{"INBOX", {"", "letter second", "letter third"}}});
    desk_.emplace(mailstow_, clock_);
  }

  std::string message_in(const std::string& account, const std::string& folder,
                         const std::string& snapshot) const {
    return mailstow_.restore_json(
        {"messages", account, folder, "--at", snapshot})["messages"][0]["message"];
  }

  // From one officer to another or to the help desk.
  void grant(const std::string& person) {
    const json asked = desk_->ask(Door::kStaff, {{"request", "ask-grant"},
                                                 {"session", desk_->staff_session(person)},
                                                 {"account", "alice"},
                                                 {"reason", "ticket 17"}});
    const json given = desk_->ask(Door::kStaff, {{"request", "approve"},
                                                 {"session", desk_->staff_session("second")},
                                                 {"grant", asked["grant"]["grant"]}});
    EXPECT_EQ(given["ok"], true) << given;
  }

  std::string bobs_;
  std::string old_;
  std::string start_;
  std::string newest_;
  PatientClock clock_;
  std::optional<LocalDesk> desk_;
};

inline std::string outcome(const json& answer) {
  if (!answer.is_object()) return "nothing";
  return answer.value("ok", false) ? "ok" : answer["error"].value("code", "no code");
}

}  // namespace desk
