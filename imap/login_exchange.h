// What a server says until the login is done, and why it did not let us in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "imap/endpoint.h"

namespace imap {

// The ways to log in that libcurl may choose from, as its CURLOPT_LOGIN_OPTIONS has them.
const char* login_options(LoginMethod method);

struct LoginRefusal {
  base::ErrorCode code = base::ErrorCode::kLogin;  // kNetwork: it passes
  std::string cause;                               // with what to do
};

class LoginExchange {
 public:
  // A line of the server's.
  void note(std::string_view line);

  bool was_greeted() const { return was_greeted_; }
  bool is_preauthenticated() const { return is_preauthenticated_; }

  // The last NO, BAD or BYE, without its tag; empty: there was none.
  const std::string& refusal() const { return refusal_; }

  // The last that were told.
  const std::vector<std::string>& capabilities() const { return capabilities_; }

  LoginRefusal why_refused(const Login& login) const;

 private:
  bool was_greeted_ = false;
  bool is_preauthenticated_ = false;
  bool has_challenged_ = false;  // "+" instead of an answer
  std::string refusal_;
  std::vector<std::string> capabilities_;
};

}  // namespace imap
