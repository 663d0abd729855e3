// Answers of object storage that are not what was requested: their meaning, and their words.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/http/http_client.h"

namespace store {

struct S3Problem {
  enum class Kind {
    kAbsent,       // no such object
    kGone,         // no such bucket
    kExists,       // the condition of the request does not hold
    kBehindEnd,    // the range begins behind the object's end
    kNoSpace,      // a quota
    kUnanswered,   // as Trouble::kUnanswered
    kThrottled,    // as Trouble::kThrottled
    kRegion,       // the request was signed for another region than `region`
    kCredentials,  // unknown, wrong, or at their end
    kClock,        // this machine's clock and the storage's differ
    kUnsupported,  // the storage can't do it
    kRefused,      // for another reason
  };

  Kind kind = Kind::kRefused;
  std::string code;     // the server's, or empty
  std::string message;  // "403 AccessDenied (Access Denied; request 12ab)", escaped
  std::string region;   // where the bucket is, if the server says so
  std::optional<std::chrono::milliseconds> pause;
  std::optional<std::chrono::sys_seconds> storage_time;
};

struct S3Circumstances {
  base::TimePoint now;       // this machine's
  std::string region;        // that the request was signed for
  bool is_document = false;  // a good answer is empty or a document: one of status 200 may be an
                             // error, sent after the storage had begun to answer
};

// Nullopt: the status says that it was done.
std::optional<S3Problem> find_s3_problem(const base::HttpAnswer& answer,
                                         const S3Circumstances& circumstances);

// Whether one of the codes of an object that was not deleted is worth repeating.
bool is_passing_s3_code(const std::string& code);

// How a problem ends `operation` ("read s3://bucket/key"): with a StorageError, or kNoSpace.
[[noreturn]] void fail_with(const S3Problem& problem, const std::string& operation,
                            base::TimePoint now);

// The same for an answer of status 2xx that does not come from object storage, as `why` explains.
[[noreturn]] void fail_as_strange(const std::string& operation, const std::string& why);

}  // namespace store
