#include "web/guard.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>

#include "base/ascii.h"
#include "base/log.h"
#include "web/problem.h"

namespace web {

namespace {

constexpr std::size_t kTokenDigits = 64;

bool is_ip_address(const std::string& text) {
  in6_addr address{};  // large enough for both kinds
  return text.find('\0') == std::string::npos &&
         (::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
          ::inet_pton(AF_INET6, text.c_str(), &address) == 1);
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

bool is_json_type(std::string_view type) {
  return base::equal_ignoring_case(trimmed(type.substr(0, type.find(';'))), "application/json");
}

std::string with_attributes(const Settings& settings, std::string_view token) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}", cookie_name(settings), token,
                     settings.is_behind_proxy() ? "; Secure" : "");
}

}  // namespace

std::string_view cookie_name(const Settings& settings) {
  return settings.is_behind_proxy() ? "__Host-mailstow" : "mailstow";
}

bool is_token(std::string_view text) {
  return text.size() == kTokenDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<std::string> session_token(const HttpRequest& request, const Settings& settings) {
  std::optional<std::string> token;
  for (const auto& [name, value] : request.headers) {
    if (!base::equal_ignoring_case(name, "Cookie")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t end = rest.find(';');
      const std::string_view cookie = trimmed(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      const std::size_t equals = cookie.find('=');
      if (cookie.substr(0, equals) != cookie_name(settings)) continue;
      if (token || equals == std::string_view::npos) return std::nullopt;
      token = cookie.substr(equals + 1);
    }
  }
  return token && is_token(*token) ? token : std::nullopt;
}

std::string session_cookie(const Settings& settings, std::string_view token) {
  return with_attributes(settings, token);
}

std::string no_cookie(const Settings& settings) {
  return with_attributes(settings, "") + "; Max-Age=0";
}

void refuse_other_host(const HttpRequest& request, const Settings& settings) {
  const auto host = request.header("Host");
  if (!host || !base::equal_ignoring_case(*host, settings.host())) {
    throw Problem(ProblemKind::kWrongHost);
  }
}

void refuse_other_site(const HttpRequest& request, const Settings& settings) {
  const auto site = request.header("Sec-Fetch-Site");
  const auto origin = request.header("Origin");
  const bool is_ours =
      site ? *site == "same-origin" : origin && base::equal_ignoring_case(*origin, settings.url);
  if (!is_ours || request.header("X-Mailstow") != "1") throw Problem(ProblemKind::kCrossSite);
  // A change without a body says nothing of a type.
  const auto type = request.header("Content-Type");
  const bool has_body = !request.body.empty() || request.method == "POST";
  if ((has_body || type) && !(type && is_json_type(*type))) throw Problem(ProblemKind::kMediaType);
}

std::string client_of(const HttpRequest& request, const Settings& settings) {
  if (!settings.is_behind_proxy()) return request.peer;
  const auto address = request.header("X-Real-IP");
  if (!address || !is_ip_address(*address)) {
    base::log_error("the reverse proxy must send the client's address as X-Real-IP");
    throw Problem(ProblemKind::kInternal);
  }
  return *address;
}

std::string person_of(const HttpRequest& request, const Settings& settings) {
  if (settings.instance == Instance::kSelf) return {};
  const auto person = request.header(settings.user_header);
  if (!person || person->empty()) {
    throw Problem(ProblemKind::kUnauthenticated,
                  "the single sign-on proxy names no person: log in there");
  }
  return *person;
}

}  // namespace web
