// The commands that the desk starts: a process for each request, so that a failure of one
// ends only this request. Most of them are forked (restore/desk/fork_server.h). Each gets one JSON
// document on stdin; the person is in another one, for the audit log. No text of a person is an
// argument.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <sys/types.h>

#include "base/child.h"
#include "base/file_system.h"
#include "base/handle.h"
#include "base/program/on_behalf.h"
#include "restore/desk/fork_server.h"
#include "restore/desk/places.h"

namespace desk {

// The end of a child.
struct ChildAnswer {
  int exit_status = 0;
  std::string document;  // JSON
};

// Streams are slow for as long as their reader is.
enum class StreamKind {
  kMessage,
  kExport,
};

class Children {
 public:
  // At a time. Of each, one account has some, so that one person leaves room.
  static constexpr std::size_t kMaxLookUps = 8;
  static constexpr std::size_t kMaxLookUpsOfAccount = 3;
  static constexpr std::size_t kMaxMessages = 4;
  static constexpr std::size_t kMaxMessagesOfAccount = 2;
  static constexpr std::size_t kMaxExports = 2;
  static constexpr std::size_t kMaxExportsOfAccount = 1;
  static constexpr std::size_t kMaxDocument = std::size_t{16} << 20U;  // bytes
  static constexpr std::chrono::seconds kWaitForTurn{20};

  // The program that is started is mailstow-restore beside this one, with this configuration.
  explicit Children(base::Path config_file)
      : config_file_(std::move(config_file)), fork_server_(config_file_) {}

  // Starts the command and returns what it printed. Fails with kBusy if none of the places becomes
  // free or stop() ends it, kIo if the command takes longer than `patience` (it is killed then) or
  // prints too much, and as base::Child does.
  ChildAnswer call(const nlohmann::ordered_json& request, const base::OnBehalf& on_behalf,
                   std::chrono::seconds patience);

  // The same, but its stdout is passed on while it arrives. `take` may throw to end it.
  int stream(StreamKind kind, const nlohmann::ordered_json& request,
             const base::OnBehalf& on_behalf, std::chrono::seconds patience,
             const std::function<void(std::string_view)>& take);

  // The same as call() for logins, which take as long as a mail server likes: they have places of
  // their own (Throttle::kMaxAttempts).
  ChildAnswer log_in(const nlohmann::ordered_json& request, const base::OnBehalf& on_behalf,
                     std::chrono::seconds patience);

  // The same for the desk's own work, without a place. stop() does not end it.
  ChildAnswer call_beside(const nlohmann::ordered_json& request, const base::OnBehalf& on_behalf,
                          std::chrono::seconds patience);

  // The same as call() for a command of mailstow-backupd, whose words are not a person's.
  ChildAnswer call_backupd(const std::vector<std::string>& words, const base::OnBehalf& on_behalf,
                           std::chrono::seconds patience);

  // Starts a restore, which outlives the desk: its report goes to `report`, its progress to
  // `progress`; it holds `lock` until it ends.
  base::Child start_run(const nlohmann::ordered_json& request, const base::OnBehalf& on_behalf,
                        const base::Fd& report, const base::Fd& progress, const base::Fd& lock);

  // Ends all commands but restores and the desk's own, those that wait for a place included. No
  // further one is started.
  void stop();

 private:
  class Launch;
  class Stoppable;
  ChildAnswer collect(Launch& launch, std::chrono::seconds patience, int stop_signal);
  // `stop_signal`: how stop() ends it; 0: not at all.
  int run(Launch& launch, std::chrono::seconds patience, int stop_signal,
          const std::function<void(std::string_view)>& take);
  bool is_stopping();

  base::Path config_file_;
  ForkServer fork_server_;
  Places look_ups_{kMaxLookUps, kMaxLookUpsOfAccount};
  Places messages_{kMaxMessages, kMaxMessagesOfAccount};
  Places exports_{kMaxExports, kMaxExportsOfAccount};
  std::mutex mutex_;
  std::map<pid_t, int> stoppable_;  // signals by process group
  bool is_stopping_ = false;
};

}  // namespace desk
