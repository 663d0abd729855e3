// A mailbox in memory and an IMAP server in front of it that a session talks to without a network.
// It records every command that removes something, so that a test can check each of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mail/uid.h"
#include "imap/session.h"

namespace restore {

struct ModelMessage {
  std::uint64_t size = 0;
  std::chrono::sys_seconds internal_date{};
  bool is_deleted = false;  // the flag
  std::string bytes = {};   // empty: no body is served
  std::string flags = {};   // as in APPEND, separated by spaces
  bool operator==(const ModelMessage&) const = default;
};

struct ModelFolder {
  bool can_be_opened = true;
  std::uint32_t uid_validity = 1;
  std::string mailbox_id;  // empty: not reported
  std::uint32_t uid_next = 1;
  std::map<base::Uid, ModelMessage> messages;
  bool operator==(const ModelFolder&) const = default;

  base::Uid put(ModelMessage message);
};

using ModelFolders = std::map<std::string, ModelFolder>;  // by raw name, with '/' between levels

// One removal by a client.
struct Removal {
  std::string verb;  // DELETE, UID STORE or UID EXPUNGE
  std::string folder;
  base::Uid uid;                  // 0 with DELETE
  ModelMessage message = {};      // as it was; not with DELETE
  std::size_t messages_lost = 0;  // with DELETE: the messages that were still in the folder
};

class ModelServer {
 public:
  ModelFolders folders;
  std::vector<Removal> removals;
  std::set<std::pair<std::string, std::string>> refused;  // verb and folder: answered NO
  std::set<std::string> heard;                            // the verbs of all commands
  std::string permanent_flags;                            // of each folder; empty: not reported
  std::string without;                                    // one capability that it lacks
  std::string also;                                       // one more that it has

  // The connection is lost at an APPEND of a message that contains this text; empty: never.
  std::string breaks_over;
  bool stores_before_it_breaks = false;
  bool breaks_with_rubbish = false;  // the server sends what is no response, and stays connected
  std::function<void()> before_append_answer;  // the messages are stored
  std::string breaks_serving;                  // the same at a FETCH of such a message
  bool lists_anything = false;                 // whatever name is requested

  // The untagged lines of GETQUOTAROOT, one a string; without it the server has no QUOTA.
  std::function<std::vector<std::string>()> quota;

  // Before each command that names or changes a folder, with its verb: another client may do
  // something in between.
  std::function<void(std::string_view verb)> meanwhile;

  imap::Session session();  // the server must outlive it
};

}  // namespace restore
