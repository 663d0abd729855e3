#include "imap/login_exchange.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/ascii.h"
#include "base/terminal.h"
#include "imap/connection_lost.h"
#include "imap/response_words.h"

namespace imap {

namespace {

using base::starts_with_ignoring_case;

using base::ErrorCode;

// "CAPABILITY a b", or in the response code of the greeting or of the response to the login: "OK
// [CAPABILITY a b] text".
std::optional<std::string_view> capabilities_in(std::string_view words) {
  for (const std::string_view start : {"CAPABILITY ", "OK [CAPABILITY "}) {
    if (!starts_with_ignoring_case(words, start)) continue;
    words.remove_prefix(start.size());
    return words.substr(0, words.find(']'));
  }
  return std::nullopt;
}

std::string missing_mechanism(const Login& login) {
  if (login.method == LoginMethod::kPassword && login.acting_as.empty()) {
    return "it may require TLS first";
  }
  return fmt::format("{} needs {}",
                     login.method == LoginMethod::kPassword   ? "a login on behalf of another user"
                     : login.method == LoginMethod::kExternal ? "a login by certificate"
                                                              : "a token",
                     login_options(login.method));
}

std::string what_to_check(const Login& login) {
  std::string what = login.method == LoginMethod::kPassword   ? "user and password"
                     : login.method == LoginMethod::kExternal ? "user and client_certificate"
                                                              : "user and token, and its scope";
  if (!login.acting_as.empty())
    what = "the admin's " + what + ", and that it may log in for this account";
  return what;
}

// RFC 5530: temporary failures on the server's side, worth a retry.
bool is_temporary(std::string_view words) {
  static constexpr std::array<std::string_view, 3> kTemporary = {"[UNAVAILABLE]", "[INUSE]",
                                                                 "[LIMIT]"};
  return suggested_pause(words) ||
         std::any_of(kTemporary.begin(), kTemporary.end(),
                     [&](auto code) { return words.find(code) != std::string::npos; });
}

}  // namespace

const char* login_options(LoginMethod method) {
  switch (method) {
    case LoginMethod::kOauth:
      return "AUTH=OAUTHBEARER;AUTH=XOAUTH2";
    case LoginMethod::kXoauth2:
      return "AUTH=XOAUTH2";
    case LoginMethod::kOauthBearer:
      return "AUTH=OAUTHBEARER";
    case LoginMethod::kExternal:
      return "AUTH=EXTERNAL";
    case LoginMethod::kPassword:
      break;
  }
  return "AUTH=PLAIN";
}

void LoginExchange::note(std::string_view line, bool is_encrypted) {
  if (is_encrypted && !std::exchange(was_encrypted_, true)) capabilities_.clear();
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  has_challenged_ |= line.starts_with('+');
  const std::string_view words = line.substr(std::min(line.find(' '), line.size() - 1) + 1);
  if (!std::exchange(was_greeted_, true)) {
    is_preauthenticated_ = starts_with_ignoring_case(words, "PREAUTH");
  }
  for (const std::string_view refusal : {"NO ", "BAD ", "BYE "}) {
    if (starts_with_ignoring_case(words, refusal)) refusal_ = words;
  }
  if (const auto list = capabilities_in(words)) capabilities_ = split_at_spaces(*list);
}

LoginRefusal LoginExchange::why_refused(const Login& login) const {
  const std::string words = base::escape_for_terminal(refusal_);
  const std::string user = base::escape_for_terminal(
      login.acting_as.empty() ? login.user : login.user + " as " + login.acting_as);
  // RFC 7628 and XOAUTH2: the reason is sent as a challenge, which libcurl does not report.
  if (words.empty() && has_challenged_ && login.method != LoginMethod::kPassword) {
    return {ErrorCode::kLogin,
            fmt::format("login of {}: the server refused: check {}", user, what_to_check(login))};
  }
  if (words.empty()) {
    return {ErrorCode::kLogin,
            fmt::format("login of {}: the server offers no suitable login mechanism: {}", user,
                        missing_mechanism(login))};
  }
  if (is_temporary(words)) {
    return {
        ErrorCode::kNetwork,
        fmt::format("login of {}: the server refused for now: {}: try again later", user, words)};
  }
  return {ErrorCode::kLogin, fmt::format("login of {}: the server refused: {}: check {}", user,
                                         words, what_to_check(login))};
}

}  // namespace imap
