#include "restore/desk/refusal.h"

#include <array>

#include <nlohmann/json.hpp>

#include "base/log.h"

namespace desk {

namespace {

using nlohmann::ordered_json;

struct Description {
  std::string_view word;
  std::string_view text;
};

// In the order of RefusalCode.
constexpr std::array<Description, 14> kDescriptions = {{
    {"usage", "this is not a request that the desk understands"},
    {"unauthenticated", "the session is over: log in again"},
    {"forbidden", "your role does not permit this"},
    {"not_found", "there is no such account, snapshot, folder, message, tree or job"},
    {"refused", "name or password are wrong, or this mailbox may not be restored here"},
    {"throttled", "too many attempts: try again later"},
    {"confirm", "your login is too old for this: give your password again"},
    {"bound", "this is the limit for now: ask your administrator for more"},
    {"busy", "too much is going on: try again in a moment"},
    {"unavailable", "the mail server does not answer: try again later"},
    {"stranger", "this mailbox is not the one that was backed up: ask your administrator"},
    {"would_count", "restored mail would count towards your quota: ask your administrator"},
    {"damaged", "a part of the backup can't be read: ask your administrator"},
    {"internal", "this did not work: ask your administrator"},
}};

RefusalCode code_for(const ordered_json& document, std::string_view code) {
  if (code == "usage") return RefusalCode::kUsage;
  if (code == "not_found") return RefusalCode::kNotFound;
  if (code == "busy") return RefusalCode::kBusy;
  if (code == "damaged") return RefusalCode::kDamaged;
  if (code == "counts_towards_quota") return RefusalCode::kWouldCount;
  if (code == "refused" && document.contains("inbox")) return RefusalCode::kStranger;
  if (code == "login" || code == "network" || code == "tls" || code == "protocol" ||
      code == "refused") {
    return RefusalCode::kUnavailable;
  }
  return RefusalCode::kInternal;
}

}  // namespace

Refusal::Refusal(RefusalCode code, std::optional<std::chrono::seconds> retry_after)
    : std::runtime_error(std::string(kDescriptions.at(static_cast<std::size_t>(code)).text)),
      code_(code),
      retry_after_(retry_after) {}

ordered_json Refusal::to_json() const {
  ordered_json error = {{"code", word_of(code_)}, {"message", what()}};
  if (retry_after_) error["retry_after"] = retry_after_->count();
  return {{"ok", false}, {"error", std::move(error)}};
}

Refusal refusal_for(std::string_view command, const ordered_json& document) {
  std::string code;
  std::string message;
  if (document.is_object() && document.contains("error") && document.at("error").is_object()) {
    code = document.at("error").value("code", "");
    message = document.at("error").value("message", "");
  }
  const RefusalCode refusal = code_for(document, code);
  if (refusal == RefusalCode::kUsage) return {refusal, message};
  if (refusal != RefusalCode::kNotFound) base::log_warning("{}: {}", command, message);
  if (refusal == RefusalCode::kBusy) return Refusal(refusal, std::chrono::seconds(10));
  return Refusal(refusal);
}

std::string_view word_of(RefusalCode code) {
  return kDescriptions.at(static_cast<std::size_t>(code)).word;
}

}  // namespace desk
