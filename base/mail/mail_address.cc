#include "base/mail/mail_address.h"

#include <algorithm>

namespace base {

namespace {

constexpr std::size_t kMaxLocalPart = 64;
constexpr std::size_t kMaxAddress = 254;
constexpr std::size_t kMaxHost = 253;
constexpr std::size_t kMaxLabel = 63;

// The characters of RFC 5322's atext other than letters and digits.
constexpr std::string_view kAtomMarks = "!#$%&'*+-/=?^_`{|}~";

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_atom(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || kAtomMarks.find(c) != std::string_view::npos;
  });
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLabel && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool all_between_dots(std::string_view text, bool (*is_right)(std::string_view)) {
  for (;;) {
    const std::size_t dot = text.find('.');
    if (!is_right(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

bool is_mail_address(std::string_view text) {
  const std::size_t at = text.rfind('@');  // npos if there is no @: beyond any length
  if (at > kMaxLocalPart || text.size() > kMaxAddress) {
    return false;
  }
  return all_between_dots(text.substr(0, at), is_atom) && is_host_name(text.substr(at + 1));
}

bool is_host_name(std::string_view text) {
  return text.size() <= kMaxHost && all_between_dots(text, is_label);
}

}  // namespace base
