// What a server that can't serve any account says to each of them, as the backup reports it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <fmt/core.h>

namespace backupd {

inline constexpr std::size_t kManyAccounts = 2'000;

// A word without digits for each number.
inline std::string word_of(std::size_t number) {
  std::string word = std::to_string(number);
  std::ranges::transform(word, word.begin(),
                         [](char digit) { return static_cast<char>(digit - '0' + 'k'); });
  return word;
}

using Refusal = std::function<std::string(const std::string& user, std::size_t session)>;

inline std::string wrong_admin_password(const std::string& user, std::size_t /*session*/) {
  return fmt::format(
      "imaps://mail.example.org: login of backup as {}: the server refused: NO "
      "[AUTHENTICATIONFAILED] Authentication failed.: check the admin's user and password, and "
      "that it may log in for this account",
      user);
}

inline std::string unavailable(const std::string& user, std::size_t session) {
  return fmt::format(
      "imaps://mail.example.org: login of backup as {}: the server refused for now: NO "
      "[UNAVAILABLE] Temporary authentication failure. [mail:2026-11-30 11:30:{:02} {}]: try again "
      "later",
      user, session % 60, session);
}

inline std::string closed(const std::string& /*user*/, std::size_t session) {
  return fmt::format(
      "imaps://mail.example.org: the server closed the connection: BYE [UNAVAILABLE] Try again "
      "later, session {}",
      session);
}

inline std::string wrong_own_password(const std::string& user, std::size_t /*session*/) {
  return fmt::format(
      "imaps://mail.example.org: login of {}: the server refused: NO [AUTHENTICATIONFAILED] "
      "Authentication failed.: check user and password",
      user);
}

// A cause of its own for each account.
inline std::string another_cause(const std::string& /*user*/, std::size_t session) {
  return "imaps://mail.example.org: it broke over z" + word_of(session);
}

inline std::vector<Refusal> refusals_of_all() {
  return {wrong_admin_password, unavailable, closed};
}

}  // namespace backupd
