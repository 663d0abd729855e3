// Why a request is not carried out, as application/problem+json (RFC 9457).
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "web/http.h"

namespace web {

enum class ProblemKind {
  // The desk's (docs/desk-protocol.md).
  kUsage,
  kUnauthenticated,
  kForbidden,
  kNotFound,
  kRefused,
  kThrottled,
  kConfirm,
  kBound,
  kBusy,
  kUnavailable,
  kStranger,
  kWouldCount,
  kDamaged,
  kInternal,
  // The web server's own.
  kMalformed,        // not a request that HTTP or the API allows
  kCrossSite,        // from another site, or without proof that it is not
  kNoSuchPage,       // neither a page nor a request of the API
  kMethod,           // the path has no such method
  kWrongHost,        // for another host name
  kTooLarge,         // the body
  kMediaType,        // the body is not JSON
  kTooManyRequests,  // of one client at a time
  kDesk,             // the desk does not answer
  kUnshowable,       // the message could not be taken apart
};

class Problem : public std::runtime_error {
 public:
  // With the text of the kind.
  explicit Problem(ProblemKind kind);
  Problem(ProblemKind kind, const std::string& detail,
          std::optional<std::chrono::seconds> retry_after = {});

  ProblemKind kind() const { return kind_; }
  unsigned status() const;
  std::string code() const;  // "not_found", ...
  // {"type", "title", "status", "code", "detail", "retry_after"}
  nlohmann::ordered_json to_json() const;
  HttpAnswer answer() const;
  HttpAnswer text_answer() const;  // a line of text, for a person

 private:
  HttpAnswer answer_of(std::string type, std::string body) const;

  ProblemKind kind_;
  std::optional<std::chrono::seconds> retry_after_;
};

// The problem for the desk's {"ok": false, "error": {...}}; kInternal if it is something else.
Problem problem_from(const nlohmann::ordered_json& answer);

}  // namespace web
