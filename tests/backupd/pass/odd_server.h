// A server with IMAP4rev1, LITERAL+ and NAMESPACE, and with oddities: the test determines what it
// sends for each folder and message.
//
//   OddServer server;
//   server.folder("INBOX").message(4, "a: b\r\n").item = [](int) { return "BODY[] NIL"; };
//   PassRunner("alice").run_over(server.connect());
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/backupd/pass/hasty_clock.h"
#include "tests/backupd/pass/in_process_pass.h"

namespace backupd {

struct OddMessage {
  std::uint32_t uid = 0;
  std::string body;
  std::string date = "17-Jul-1996 02:44:25 -0700";  // INTERNALDATE, as sent
  std::string size = {};                            // RFC822.SIZE; empty: the right one
  int asked = 0;                                    // how often its body was requested
  bool is_scanned = true;                           // whether FETCH without a body shows it
  std::string flags = "FLAGS ()";                   // empty: FETCH leaves them out

  // How the body is sent the first time, the second time, ...; if not set, as a literal. "": the
  // message is missing from the answer. kHangUp: the connection is closed.
  // kSendNothing, or at the end of the text: nothing more is sent.
  std::function<std::string(int time)> item = {};
};

inline constexpr std::string_view kHangUp = "!";
inline constexpr std::string_view kSendNothing = "...";

struct OddFolder {
  std::string raw_name;
  std::string attributes = {};
  std::string uid_validity = "7";
  std::string refusal = {};         // the answer to EXAMINE, such as "NO it is on fire"
  bool tells_next = true;           // whether EXAMINE reports UIDNEXT
  bool is_listed = true;            // whether LIST shows it
  std::string exists = {};          // as EXAMINE reports it; empty: the right number
  std::string status_size = {};     // as STATUS reports it; empty: the right number
  bool is_searched = true;          // whether SEARCH shows its messages
  std::string fetch_result = "OK";  // the result of FETCH for bodies
  std::deque<OddMessage> messages = {};
  std::function<void(OddFolder&)> after_fetch = {};  // called after a FETCH for bodies
  std::string rights = {};                           // as MYRIGHTS reports them; empty: refused

  OddMessage& message(std::uint32_t uid, std::string body);
};

// The server's behaviour once it has sent an answer.
enum class Afterwards {
  kNothing,
  kClose,
  kFallSilent,
  kDrip,   // sends OddServer::drip again and again, and answers nothing any more
  kFlood,  // the same, as fast as it is read
};

class OddServer {
 public:
  OddFolder& folder(std::string_view raw_name);  // created if it does not exist
  OddFolder* find(std::string_view raw_name);    // null if it does not exist
  void remove(std::string_view raw_name);

  // Capabilities in addition to its usual ones.
  std::string capabilities;

  std::string namespaces = R"((("" "/")) NIL NIL)";  // empty: it has no NAMESPACE

  // Its name, as it says in its ID. As Dovecot it names the folder of each message on request.
  std::string product;
  bool lists_status = false;  // whether LIST shows the status if it is requested with it

  // Called with each command before it is answered; a returned text is sent instead of the answer
  // (kHangUp and kSendNothing as above).
  std::function<std::string(const std::string& command)> before;

  // Called with each command and the answer to it, with all its lines, which it may change.
  using Edit = std::function<Afterwards(const std::string& command, std::string& answer)>;
  Edit edit;

  std::string drip = "* OK still working on it\r\n";
  std::chrono::milliseconds drip_interval{20'000};
  // The time that passes with each buffer of a flood; by default below the limit of silence.
  std::chrono::milliseconds flood_interval{240'000};

  // The time that passes while a client waits for this server; none of it is real.
  const HastyClock& clock() const { return clock_; }

  // Waiting longer than this fails the run with kInternal.
  static constexpr std::chrono::hours kMaxWait{168};

  // The folder that was opened last; empty: none.
  const std::string& open_folder() const { return open_folder_; }

  // Whether commands that arrive before the answer to an earlier one are dropped.
  bool drops_early_commands = false;

  // Whether a FETCH that arrives before the answer to EXAMINE is about the folder that was open
  // before.
  bool opens_late = false;

  // The same, only if that EXAMINE had arrived before the answer to an earlier command, too.
  bool opens_late_behind = false;

  // Whether answers that the client has not received yet are lost when a connection is closed.
  bool loses_answers = false;

  // The most bytes that a client receives at once.
  std::size_t max_piece = std::size_t{1} << 30;

  // Whether only every second attempt of a client to receive something succeeds.
  bool pauses = false;

  // Opens a connection. Those that are open at the same time are used by one thread.
  Connect connect();
  int connections() const { return connections_; }
  const std::vector<std::string>& heard() const { return heard_; }  // commands, without tags
  // Over which connection each of them came, counted from 1.
  const std::vector<int>& speakers() const { return speakers_; }

 private:
  class Connection;

  std::vector<std::unique_ptr<OddFolder>> folders_;
  std::map<std::string, OddFolder*, std::less<>> by_name_;
  HastyClock clock_;
  std::string open_folder_;
  int connections_ = 0;
  std::vector<std::string> heard_;
  std::vector<int> speakers_;
};

// Returns a literal as servers send it: "{5}\r\nbytes".
std::string literal(std::string_view bytes);

}  // namespace backupd
