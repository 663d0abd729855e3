// The one exception type: it ends a unit of work (a message, a folder, an account, a run).
// Expected outcomes are values, not exceptions.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace base {

enum class ErrorCode {
  kUsage,               // the command line is wrong
  kConfig,              // the configuration file is wrong
  kKey,                 // the store's key is missing or wrong
  kBusy,                // another process holds the store
  kDamaged,             // data read from the store differs from what was written
  kCountsTowardsQuota,  // a restored tree would count towards the user's quota
  kNotFound,            // no such account, snapshot, folder, message
  kLogin,               // the server refused user name or password
  kNetwork,             // no connection, or a lost one: worth retrying
  kTls,                 // certificate, STARTTLS
  kProtocol,            // the server sent something that IMAP does not allow
  kRefused,             // the server answered NO or BAD to a command
  kIo,                  // the operating system refused a file operation
  kNoSpace,             // ... because the disk or the quota on it is full
  kStorage,             // what holds the store is missing, does not answer, or refuses: nothing is
                        // known about the store's content
  kInternal,            // a defect in mailstow
};

// "usage", "not_found", ...: the code in JSON errors.
std::string_view error_word(ErrorCode code);

// Whether a server's connection is lost or no longer makes sense: worth a new connection.
constexpr bool is_connection_trouble(ErrorCode code) {
  return code == ErrorCode::kNetwork || code == ErrorCode::kProtocol;
}

// Whether a file or its disk refuses: it is full or read-only, for example.
constexpr bool is_file_trouble(ErrorCode code) {
  return code == ErrorCode::kIo || code == ErrorCode::kNoSpace;
}

// Whether a part of the store can't be read: it is damaged, or gone, as when a prune has just
// dropped it. A command that reads many parts reports it and goes on.
constexpr bool is_unreadable(ErrorCode code) {
  return code == ErrorCode::kDamaged || code == ErrorCode::kNotFound;
}

// what() is one line: operation, object, cause, and what to do about it where that is known.
// Text from a server or a file name in it is already escaped (base/terminal.h).
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

// Does `work`. Returns why a part of the store that it needs can't be read; empty: it is done.
// Other errors are thrown.
template <typename Work>
std::string why_unreadable(const Work& work) {
  try {
    work();
    return {};
  } catch (const Error& error) {
    if (!is_unreadable(error.code())) throw;
    return error.what();
  }
}

template <typename... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

// Fails with the operating system's reason for `error` (an errno): kNoSpace for a full disk or an
// exhausted quota on it, kIo for the rest.
[[noreturn]] void fail_with_errno(int error, const std::string& operation_and_object);

// The message of an error without the advice to run the command again, for failures after the
// command's work is done.
std::string without_run_again(std::string message);

}  // namespace base
