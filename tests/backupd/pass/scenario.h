// Scenarios with scripted servers: the behaviour of one account's server, and the result of the
// backup.
//
// A scenario is a line of a table. Its account has INBOX, Mid and Zlast (3, 3 and 1 messages) on an
// OddServer; another account, beside it and in the same store, has an ordinary server.
#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "tests/backupd/pass/odd_server.h"

namespace backupd {

// Prepares the server before the backup of a night, of which 0 is the first. Copies share the
// function, because GoogleTest copies all tables several times whenever the program starts.
class Play {
 public:
  template <std::invocable<OddServer&, int> Function>
  Play(Function function) : act_(std::make_shared<const Act>(std::move(function))) {}

  void operator()(OddServer& server, int night) const { (*act_)(server, night); }

 private:
  using Act = std::function<void(OddServer& server, int night)>;
  std::shared_ptr<const Act> act_;
};

struct Scenario {
  const char* name;
  Play play;
  // The messages in the newest snapshot after the last night: "INBOX 3, Mid 3". Empty: there are no
  // messages, or there is no snapshot.
  std::string stored;
  // A part of the report of the last night, whose status is then not "complete". Empty: the status
  // is "complete", and nothing is reported. kAnything: the report is not examined, and more
  // messages than `stored` may be there.
  std::string reason = {};
  std::chrono::seconds account_timeout = std::chrono::hours(4);
};

inline constexpr const char* kAll = "INBOX 3, Mid 3, Zlast 1";
inline constexpr const char* kWithoutMid = "INBOX 3, Zlast 1";
inline constexpr const char* kWithoutOne = "INBOX 3, Mid 2, Zlast 1";  // the second of Mid
inline constexpr const char* kAnything = "*";

void PrintTo(const Scenario& scenario, std::ostream* out);

// Plays two nights, and expects that each ends in time, that the innocent account is complete, that
// `check` finds nothing and `prune` works, and that everything reported as stored can be read back
// once the index is lost.
void play(const Scenario& scenario);

// The parts of a script. A command is meant if `what` occurs in it; the tagged line of an answer is
// its last.

// The answer is this instead, without its tag: "NO it is on fire". Also kHangUp, kSendNothing.
Play refuse(std::string what, std::string answer);
// The untagged lines are these instead, with their line ends.
Play answer(std::string what, std::string lines);
// These lines come before all others.
Play add(std::string what, std::string lines);
Play rewrite(std::string what, std::string from, std::string to);
// Changes the whole answer, with its tagged line.
Play change(std::string what, std::function<void(std::string& answer)> change);
// Called with the server before each such command is answered.
Play meanwhile(std::string what, std::function<void(OddServer& server)> act);
// The server does not answer, and this happens.
Play instead(std::string what, Afterwards afterwards);
// The same, and this is what the server keeps sending.
Play drip(std::string what, std::string line, std::chrono::seconds interval);
Play flood(std::string what, std::string line);
Play flood_at_once(std::string what, std::string line);  // no time passes
Play capabilities(std::string names);
Play folder(std::function<void(OddFolder& folder)> change, std::string raw_name = "Mid");
// The second message of Mid.
Play message(std::function<void(OddMessage& message)> change);
Play body(std::string item);    // how it is sent, each time
Play flags(std::string flags);  // "FLAGS (\\Seen)"
Play date(std::string date);

Play all(std::initializer_list<Play> plays);
Play in_mid(const Play& play);  // only while Mid is the folder opened last
Play later(const Play& play);   // from the second night on

}  // namespace backupd
