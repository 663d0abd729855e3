#include "backupd/doctor/resolver.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include "base/address_list.h"
#include "base/error.h"
#include "base/terminal.h"

namespace backupd {

namespace {

std::string to_text(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const char* const result = ::inet_ntop(family, address, text.data(), text.size());
  return result == nullptr ? std::string() : std::string(result);
}

[[noreturn]] void fail_lookup(const std::string& name, std::string_view why) {
  base::fail(base::ErrorCode::kNetwork, "look up {}: {}: check the name service",
             base::escape_for_terminal(name), why);
}

// The state of one lookup: two attempts of two seconds each, so that a dead name server costs only
// seconds.
class ResolverState {
 public:
  explicit ResolverState(const std::optional<NameServer>& server) {
    if (::res_ninit(&state_) != 0) fail_lookup("names", "the resolver can't be initialised");
    state_.retrans = 2;
    state_.retry = 2;
    if (!server) return;
    state_.nscount = 1;
    sockaddr_in& at = state_.nsaddr_list[0];
    at = {};
    at.sin_family = AF_INET;
    at.sin_port = htons(server->port);
    ::inet_pton(AF_INET, server->address.c_str(), &at.sin_addr);
  }
  ResolverState(const ResolverState&) = delete;
  ResolverState& operator=(const ResolverState&) = delete;
  ~ResolverState() { ::res_nclose(&state_); }

  res_state get() { return &state_; }
  int error() const { return state_.res_h_errno; }

 private:
  struct __res_state state_ {};
};

std::string record_text(ns_msg& message, const ns_rr& record, int type) {
  const unsigned char* const data = ns_rr_rdata(record);
  if (type == ns_t_a && ns_rr_rdlen(record) == 4) return to_text(AF_INET, data);
  if (type == ns_t_aaaa && ns_rr_rdlen(record) == 16) return to_text(AF_INET6, data);
  if (type != ns_t_ptr) return "";
  std::array<char, NS_MAXDNAME> name{};
  const int length = ::dn_expand(ns_msg_base(message), ns_msg_end(message), data, name.data(),
                                 static_cast<int>(name.size()));
  return length < 0 ? "" : name.data();
}

// RFC 1035, section 3.5, and RFC 3596, section 2.5; empty if `address` is not an address.
std::string reverse_name(const std::string& address) {
  in_addr four{};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(&four);
    return fmt::format("{}.{}.{}.{}.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
  }
  in6_addr six{};
  if (::inet_pton(AF_INET6, address.c_str(), &six) != 1) return "";
  std::string name;
  for (std::size_t at = sizeof six; at-- > 0;) {
    const unsigned byte = six.s6_addr[at];
    name += fmt::format("{:x}.{:x}.", byte & 0xfU, byte >> 4U);
  }
  return name + "ip6.arpa";
}

bool is_address(const std::string& text) {
  return !reverse_name(text).empty();
}

}  // namespace

std::optional<NameServer> parse_name_server(std::string_view text) {
  NameServer server;
  const std::size_t colon = text.find(':');
  server.address = text.substr(0, colon);
  in_addr address{};
  if (::inet_pton(AF_INET, server.address.c_str(), &address) != 1) return std::nullopt;
  if (colon == std::string_view::npos) return server;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, server.port);
  if (error != std::errc() || stop != end || server.port == 0) return std::nullopt;
  return server;
}

std::vector<std::string> Resolver::host_addresses(const std::string& host) const {
  if (is_address(host)) return {host};
  if (server_) return addresses(host);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  const auto [list, error] = base::look_up_addresses(host.c_str(), nullptr, hints);
  if (error == EAI_NONAME || error == EAI_NODATA) return {};
  if (error != 0) fail_lookup(host, ::gai_strerror(error));
  std::vector<std::string> found;
  for (const addrinfo* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
    const void* const address =
        entry->ai_family == AF_INET6
            ? static_cast<const void*>(&reinterpret_cast<sockaddr_in6*>(entry->ai_addr)->sin6_addr)
            : &reinterpret_cast<sockaddr_in*>(entry->ai_addr)->sin_addr;
    found.push_back(to_text(entry->ai_family, address));
  }
  return found;
}

std::vector<std::string> Resolver::addresses(const std::string& name) const {
  std::vector<std::string> found = ask(name, ns_t_a);
  std::ranges::move(ask(name, ns_t_aaaa), std::back_inserter(found));
  return found;
}

std::vector<std::string> Resolver::names_of(const std::string& address) const {
  const std::string name = reverse_name(address);
  if (name.empty()) return {};
  return ask(name, ns_t_ptr);
}

std::vector<std::string> Resolver::ask(const std::string& name, int type) const {
  ResolverState state(server_);
  std::vector<unsigned char> answer(NS_MAXMSG);
  const int length = ::res_nquery(state.get(), name.c_str(), ns_c_in, type, answer.data(),
                                  static_cast<int>(answer.size()));
  if (length < 0) {
    const bool is_empty = state.error() == HOST_NOT_FOUND || state.error() == NO_DATA;
    if (!is_empty) fail_lookup(name, ::hstrerror(state.error()));
    return {};
  }
  ns_msg message{};
  if (::ns_initparse(answer.data(), length, &message) != 0) {
    fail_lookup(name, "the answer is not DNS");
  }
  std::vector<std::string> found;
  for (int at = 0; at < ns_msg_count(message, ns_s_an); ++at) {
    ns_rr record{};
    if (::ns_parserr(&message, ns_s_an, at, &record) != 0 || ns_rr_type(record) != type) continue;
    std::string text = record_text(message, record, type);
    if (!text.empty()) found.push_back(std::move(text));
  }
  return found;
}

}  // namespace backupd
