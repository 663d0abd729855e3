// The server's responses during the login, and the reason why it refused the login.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "imap/endpoint.h"

namespace imap {

// The login mechanisms that libcurl may choose from, in the format of CURLOPT_LOGIN_OPTIONS.
const char* login_options(LoginMethod method);

struct LoginRefusal {
  base::ErrorCode code = base::ErrorCode::kLogin;  // kNetwork: temporary
  std::string cause;                               // with the remedy
};

class LoginExchange {
 public:
  // Processes one line from the server. The capabilities of lines before the first one with
  // `is_encrypted` are forgotten then: an attacker may have written them (RFC 9051, section 6.2.1).
  void note(std::string_view line, bool is_encrypted);

  bool was_greeted() const { return was_greeted_; }
  bool is_preauthenticated() const { return is_preauthenticated_; }

  // The last NO, BAD or BYE, without its tag; empty: not received.
  const std::string& refusal() const { return refusal_; }

  // The most recently announced capabilities.
  const std::vector<std::string>& capabilities() const { return capabilities_; }

  LoginRefusal why_refused(const Login& login) const;

 private:
  bool was_greeted_ = false;
  bool was_encrypted_ = false;
  bool is_preauthenticated_ = false;
  bool has_challenged_ = false;  // received "+" instead of a result
  std::string refusal_;
  std::vector<std::string> capabilities_;
};

}  // namespace imap
