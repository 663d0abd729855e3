// Why a request is not carried out: a code and a text for people, equal whatever the reason behind
// it, so that an answer shows nothing of other accounts or of what is out of reach.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace desk {

enum class RefusalCode {
  kUsage,            // not a request, or not one that makes sense
  kUnauthenticated,  // no such session
  kForbidden,        // the role does not permit the request
  kNotFound,         // nothing of this name exists for this person
  kRefused,          // name or password are wrong
  kThrottled,        // too many failures: with retry_after
  kConfirm,          // the login is too old for this
  kBound,            // the person has done enough of this for now
  kBusy,             // with retry_after
  kUnavailable,      // the mail server does not answer
  kStranger,         // the mailbox is not the one that was backed up
  kWouldCount,       // the restored mail would count towards the quota
  kDamaged,          // the store
  kInternal,
};

class Refusal : public std::runtime_error {
 public:
  explicit Refusal(RefusalCode code, std::optional<std::chrono::seconds> retry_after = {});
  // With a text in place of the code's.
  Refusal(RefusalCode code, const std::string& text) : std::runtime_error(text), code_(code) {}

  RefusalCode code() const { return code_; }

  // {"ok": false, "error": {"code", "message", "retry_after"}}
  nlohmann::ordered_json to_json() const;

 private:
  RefusalCode code_;
  std::optional<std::chrono::seconds> retry_after_;
};

// The refusal for an error document of a command (base::print_error_document()). What an
// administrator must know is logged. `command` for the log.
Refusal refusal_for(std::string_view command, const nlohmann::ordered_json& document);

std::string_view word_of(RefusalCode code);  // "not_found", ...

}  // namespace desk
