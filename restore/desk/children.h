// The commands that the desk starts: a process for each request, so that a failure of one
// ends only this request. Each gets one JSON document on stdin; the person is in another one, for
// the audit log. No text of a person is an argument.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/child.h"
#include "base/file_system.h"
#include "base/handle.h"
#include "base/program/on_behalf.h"

namespace desk {

// The end of a child.
struct ChildAnswer {
  int exit_status = 0;
  std::string document;  // JSON
};

class Children {
 public:
  static constexpr std::size_t kMaxAtATime = 8;
  static constexpr std::size_t kMaxOfAccount = 3;  // of those, so that one person leaves room
  static constexpr std::size_t kMaxDocument = std::size_t{16} << 20U;  // bytes
  static constexpr std::chrono::seconds kWaitForTurn{20};

  // The program that is started is mailstow-restore beside this one, with this configuration.
  explicit Children(base::Path config_file) : config_file_(std::move(config_file)) {}

  // Starts the command and returns what it printed. Fails with kBusy if none of the places becomes
  // free, kIo if the command takes longer than `patience` (it is killed then) or prints too much,
  // and as base::Child does.
  ChildAnswer call(const nlohmann::ordered_json& request, const base::OnBehalf& on_behalf,
                   std::chrono::seconds patience);

  // The same, but its stdout is passed on while it arrives. `take` may throw to end it.
  int stream(const nlohmann::ordered_json& request, const base::OnBehalf& on_behalf,
             std::chrono::seconds patience, const std::function<void(std::string_view)>& take);

  // The same for logins, which take as long as a mail server likes: they have places of their own
  // (Throttle::kMaxAttempts).
  ChildAnswer call_beside(const nlohmann::ordered_json& request, const base::OnBehalf& on_behalf,
                          std::chrono::seconds patience);

  // Starts a restore, which outlives the desk: its report goes to `report`, its progress to
  // `progress`; it holds `lock` until it ends.
  base::Child start_run(const nlohmann::ordered_json& request, const base::OnBehalf& on_behalf,
                        const base::Fd& report, const base::Fd& progress, const base::Fd& lock);

 private:
  class Place;
  int run(const nlohmann::ordered_json& request, const base::OnBehalf& on_behalf,
          std::chrono::seconds patience, const std::function<void(std::string_view)>& take);

  base::Path config_file_;
  std::mutex mutex_;
  std::condition_variable has_room_;
  std::size_t running_ = 0;
  std::map<std::string, std::size_t> of_account_;
};

}  // namespace desk
