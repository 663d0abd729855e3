#include "base/program/on_behalf.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <limits>
#include <string_view>
#include <system_error>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/handle.h"
#include "base/program/strict_json.h"
#include "base/terminal.h"
#include "base/utf8.h"

namespace base {

namespace {

constexpr std::string_view kOption = "--on-behalf-of-fd";
constexpr std::array<std::string_view, 3> kKeys = {"person", "role", "client"};

[[noreturn]] void refuse(const std::string& why) {
  fail(ErrorCode::kUsage, "{}: {}", kOption, why);
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

// Waits until there is something to read, or the end.
void wait_for(const Fd& input, std::chrono::steady_clock::time_point end) {
  pollfd entry{.fd = input.get(), .events = POLLIN, .revents = 0};
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      refuse("the document has no end: close the descriptor after writing to it");
    }
    const int ready = ::poll(&entry, 1, static_cast<int>(left.count()));
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) refuse(fmt::format("wait for it: {}", reason(errno)));
  }
}

std::string read_to_end(const Fd& input) {
  constexpr std::chrono::seconds kPatience{10};
  const auto end = std::chrono::steady_clock::now() + kPatience;
  std::string text;
  std::array<char, kMaxOnBehalfDocument> piece{};
  while (true) {
    wait_for(input, end);
    const ssize_t got = ::read(input.get(), piece.data(), piece.size());
    if (got == 0) return text;
    if (got < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      refuse(fmt::format("read descriptor {}: {}", input.get(), reason(errno)));
    }
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > kMaxOnBehalfDocument) {
      refuse(fmt::format("the document is longer than {} bytes", kMaxOnBehalfDocument));
    }
  }
}

bool has_control(std::string_view text) {
  while (!text.empty()) {
    const auto character = first_code_point(text);
    if (!character || is_control(character->value)) return true;
    text.remove_prefix(character->length);
  }
  return false;
}

std::string value_of(const nlohmann::json& document, std::string_view key, std::size_t most) {
  const auto found = document.find(key);
  if (found == document.end() || !found->is_string()) {
    refuse(fmt::format("the document must have the key {} with a string", key));
  }
  std::string value = found->get<std::string>();
  if (value.empty()) refuse(fmt::format("{}: the value is empty", key));
  if (value.size() > most) refuse(fmt::format("{}: it is longer than {} bytes", key, most));
  if (has_control(value)) refuse(fmt::format("{}: it has a control character", key));
  return value;
}

bool is_role(std::string_view text) {
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string_view::npos;
}

bool is_address(const std::string& text) {
  in6_addr address{};  // large enough for both kinds
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

}  // namespace

OnBehalf read_on_behalf(std::size_t descriptor) {
  if (descriptor <= STDERR_FILENO) {
    refuse("0, 1 and 2 are standard input, output and error: use a descriptor from 3 on");
  }
  if (descriptor > std::numeric_limits<int>::max()) refuse("there is no such descriptor");
  const Fd input(static_cast<int>(descriptor));
  constexpr std::size_t kDepth = 4;  // more than is valid: what is too deep is not a string
  nlohmann::json document;
  const std::string why = parse_strictly(read_to_end(input), kDepth, document);
  if (!why.empty()) refuse("it must hold one JSON object in UTF-8: " + why);
  if (!document.is_object()) refuse("it must hold one JSON object in UTF-8");
  for (const auto& [key, value] : document.items()) {
    if (std::ranges::find(kKeys, key) == kKeys.end()) {
      refuse(fmt::format("the document has the unknown key {}: it may have {}",
                         escape_for_terminal(key), fmt::join(kKeys, ", ")));
    }
  }
  OnBehalf result{.person = value_of(document, "person", kMaxPerson),
                  .role = value_of(document, "role", kMaxRole),
                  .client = value_of(document, "client", INET6_ADDRSTRLEN)};
  if (!is_role(result.role)) {
    refuse(fmt::format("role {}: it may have lower-case letters, digits, - and _",
                       escape_for_terminal(result.role)));
  }
  if (!is_address(result.client)) {
    refuse(fmt::format("client {}: it must be an IPv4 or IPv6 address",
                       escape_for_terminal(result.client)));
  }
  return result;
}

}  // namespace base
