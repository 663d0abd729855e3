// The protocol of the control socket: each connection carries one request, a line of text, and its
// answer, a JSON document. Requests are the word `status` or a JSON object with a member "start"
// or "lend".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace backupd {

// Requests a StatusAnswer.
struct StatusRequest {};

// Requests a run of a job. The answer is a StartAnswer, or an ErrorAnswer if the job is unknown.
struct StartRequest {
  std::string job;                                        // its name
  std::optional<std::vector<std::string>> accounts = {};  // of a backup; absent or empty: all
  bool queue = false;  // while the job runs: start it again afterwards
};

// Requests the store. The LoanAnswer comes once the store is lent; the loan ends when the
// connection is closed.
struct LoanRequest {
  std::string command;  // what the store is needed for
};

using ControlRequest = std::variant<StatusRequest, StartRequest, LoanRequest>;

// Without the line end.
std::string to_text(const ControlRequest& request);

// Throws nlohmann::json::exception if `text` is not a request.
ControlRequest parse_request(std::string_view text);

// How the daemon and its jobs are. Clients read it as JSON (backupd/daemon/daemon_status.h).
struct StatusAnswer {
  std::int64_t pid = 0;
  std::string since;  // RFC 3339
  const nlohmann::ordered_json& jobs;
  const nlohmann::ordered_json& loans;
  const nlohmann::ordered_json& metrics;  // MetricsService::describe()
};

struct StartAnswer {
  std::string job;
  bool started = false;
  std::string reason = {};                    // why the job was not started
  std::optional<std::string> waits_for = {};  // what keeps the store busy; may be empty
  std::optional<std::uint64_t> run = {};      // the number of the run
};

struct LoanAnswer {};

struct ErrorAnswer {
  std::string error;
};

void to_json(nlohmann::ordered_json& document, const StartRequest& request);
void from_json(const nlohmann::ordered_json& document, StartRequest& request);
void to_json(nlohmann::ordered_json& document, const LoanRequest& request);
void from_json(const nlohmann::ordered_json& document, LoanRequest& request);
void to_json(nlohmann::ordered_json& document, const StatusAnswer& answer);
void to_json(nlohmann::ordered_json& document, const StartAnswer& answer);
void from_json(const nlohmann::ordered_json& document, StartAnswer& answer);
void to_json(nlohmann::ordered_json& document, const LoanAnswer& answer);
void to_json(nlohmann::ordered_json& document, const ErrorAnswer& answer);

// Returns nullopt if `text` is not a JSON object.
std::optional<StartAnswer> parse_start_answer(std::string_view text);

// With the line end.
std::string answer_text(const nlohmann::ordered_json& document);

}  // namespace backupd
