// A mail that the mail server did not accept, or did not confirm.
#pragma once

#include <exception>
#include <string>

#include "base/error.h"

namespace base {

// The meaning of a failure for the mail, and for other mail.
enum class MailFailure {
  kServer,    // the server accepts no mail now: it can't be reached, refuses the login, or is busy
  kDeferred,  // it refused this mail or its recipient for now: worth another attempt later
  kRefused,   // it refused this mail or its recipient, or the mail could not be written
  kUnknown,   // the whole mail was sent, without an answer: it may be delivered
};

class MailError : public Error {
 public:
  MailError(MailFailure failure, ErrorCode code, const std::string& message)
      : Error(code, message), failure_(failure) {}
  MailFailure failure() const noexcept { return failure_; }

 private:
  MailFailure failure_;
};

// Other errors, such as those of a template, concern the mail alone.
inline MailFailure failure_of(const std::exception& error) {
  const auto* const known = dynamic_cast<const MailError*>(&error);
  return known == nullptr ? MailFailure::kRefused : known->failure();
}

}  // namespace base
