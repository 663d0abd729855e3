#include "backupd/daemon/control_protocol.h"

#include <nlohmann/json.hpp>

#include "base/json_text.h"

namespace backupd {

namespace {

constexpr std::string_view kStatus = "status";
constexpr const char* kStart = "start";
constexpr const char* kLend = "lend";

}  // namespace

std::string to_text(const ControlRequest& request) {
  if (const auto* const start = std::get_if<StartRequest>(&request)) return base::json_line(*start);
  if (const auto* const loan = std::get_if<LoanRequest>(&request)) return base::json_line(*loan);
  return std::string(kStatus);
}

ControlRequest parse_request(std::string_view text) {
  if (text == kStatus) return StatusRequest();
  const auto document = base::parse_json(text);
  if (document.contains(kLend)) return document.get<LoanRequest>();
  return document.get<StartRequest>();
}

void to_json(nlohmann::ordered_json& document, const StartRequest& request) {
  document = {{kStart, request.job}};
  if (request.accounts) document["accounts"] = *request.accounts;
  if (request.queue) document["queue"] = true;
}

void from_json(const nlohmann::ordered_json& document, StartRequest& request) {
  request.job = document.at(kStart).get<std::string>();
  request.accounts = document.value("accounts", std::vector<std::string>());
  request.queue = document.value("queue", false);
}

void to_json(nlohmann::ordered_json& document, const LoanRequest& request) {
  document = {{kLend, request.command}};
}

void from_json(const nlohmann::ordered_json& document, LoanRequest& request) {
  request.command = document.at(kLend).get<std::string>();
}

void to_json(nlohmann::ordered_json& document, const StatusAnswer& answer) {
  document = {{"pid", answer.pid},
              {"since", answer.since},
              {"jobs", answer.jobs},
              {"loans", answer.loans},
              {"metrics", answer.metrics}};
}

void to_json(nlohmann::ordered_json& document, const StartAnswer& answer) {
  document = {{"job", answer.job}, {"started", answer.started}};
  if (!answer.started) document["reason"] = answer.reason;
  if (answer.waits_for) document["waits_for"] = *answer.waits_for;
  if (answer.run) document["run"] = *answer.run;
}

void from_json(const nlohmann::ordered_json& document, StartAnswer& answer) {
  answer.job = document.value("job", "");
  answer.started = document.value("started", false);
  answer.reason = document.value("reason", "");
  answer.waits_for = document.value("waits_for", "");
  if (document.contains("run")) answer.run = document.at("run").get<std::uint64_t>();
}

void to_json(nlohmann::ordered_json& document, const LoanAnswer& /*answer*/) {
  document = {{"lent", true}};
}

void to_json(nlohmann::ordered_json& document, const ErrorAnswer& answer) {
  document = {{"error", answer.error}};
}

std::optional<StartAnswer> parse_start_answer(std::string_view text) {
  const auto document = base::parse_json(text);
  return document.is_object() ? std::optional(document.get<StartAnswer>()) : std::nullopt;
}

std::string answer_text(const nlohmann::ordered_json& document) {
  return base::json_line(document) + "\n";
}

}  // namespace backupd
