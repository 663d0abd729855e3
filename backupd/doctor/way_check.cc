#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "backupd/doctor/checks.h"
#include "base/address_list.h"
#include "base/error.h"
#include "base/handle.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "imap/account_login.h"
#include "imap/curl_transport.h"

namespace backupd {

namespace {

using std::chrono::days;
using std::chrono::sys_seconds;

constexpr days kSoon{21};
constexpr int kConnectTimeout = 5'000;  // ms

// Empty if a server listens there, otherwise why the connection failed.
std::string try_to_connect(const std::string& address, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  const base::AddressList list =
      base::look_up_addresses(address.c_str(), std::to_string(port).c_str(), hints).list;
  if (!list) return "not an address";
  const base::Fd socket(
      ::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!socket) return std::strerror(errno);
  if (::connect(socket.get(), list->ai_addr, list->ai_addrlen) == 0) return "";
  if (errno != EINPROGRESS) return std::strerror(errno);
  pollfd ready{socket.get(), POLLOUT, 0};
  if (::poll(&ready, 1, kConnectTimeout) <= 0) return "no answer within 5 s";
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? "" : std::strerror(error);
}

}  // namespace

std::vector<Finding> check_addresses(const std::string& subject, const UrlHost& host,
                                     const Resolver& resolver) {
  std::vector<std::string> addresses;
  try {
    addresses = resolver.host_addresses(host.host);
  } catch (const base::Error& error) {
    return {failure("dns", subject, error.what(), "see /etc/resolv.conf")};
  }
  if (addresses.empty()) {
    return {failure("dns", subject,
                    base::escape_for_terminal(host.host) + " has no address, or does not exist",
                    "check the server's url, and its name in the DNS")};
  }
  std::vector<Finding> findings;
  const std::string all = fmt::format("{}", fmt::join(addresses, ", "));
  for (const std::string& address : addresses) {
    const std::string why = try_to_connect(address, host.port);
    if (why.empty()) continue;
    const std::string what = fmt::format("{} port {}: {}", address, host.port, why);
    findings.push_back(
        addresses.size() == 1
            ? failure("tcp", subject, what,
                      "check that the server runs and that no firewall blocks it")
            : warning("tcp", subject, what,
                      "fix it or remove it from the DNS: connections that try it first are slow"));
  }
  findings.push_back(passed("dns", subject, all));
  return findings;
}

namespace {

std::string left_text(const base::ServerCertificate& certificate, days left) {
  const std::string when =
      left.count() < 0
          ? "has expired"
          : "expires in " + base::format_count(static_cast<std::uint64_t>(left.count()), "day");
  return fmt::format("the certificate of {} {}, at {}", certificate.subject, when,
                     base::shown_time(certificate.expires));
}

}  // namespace

std::vector<Finding> check_certificates(const std::string& subject,
                                        std::span<const base::ServerCertificate> chain,
                                        sys_seconds now) {
  std::vector<Finding> findings;
  for (const base::ServerCertificate& certificate : chain) {
    const auto left = std::chrono::floor<days>(certificate.expires - now);
    if (left >= kSoon) continue;
    findings.push_back(warning("tls", subject, left_text(certificate, left),
                               "renew it: once it has expired, clients will reject this server"));
  }
  if (findings.empty() && !chain.empty()) {
    findings.push_back(passed(
        "tls", subject,
        fmt::format("the certificate is valid until {}", base::shown_time(chain.front().expires))));
  }
  return findings;
}

std::vector<Finding> check_route(const std::string& name, const base::ServerConfig& server,
                                 const Resolver& resolver, sys_seconds now) {
  const std::string subject = base::escape_for_terminal(name);
  std::vector<Finding> findings;
  const auto host = url_host(server.url);
  if (host && !server.proxy) findings = check_addresses(subject, *host, resolver);
  for (const Finding& finding : findings) {
    if (finding.state == FindingState::kFailure) return findings;
  }
  std::vector<base::ServerCertificate> chain;
  try {
    chain = imap::presented_certificates(imap::endpoint_of(server));
  } catch (const base::Error& error) {
    findings.push_back(
        failure(error.code() == base::ErrorCode::kTls ? "tls" : "tcp", subject, error.what(), ""));
    return findings;
  }
  if (server.tls == base::TlsMode::kNone) {
    findings.push_back(warning("tls", subject, "passwords and mail are sent in plain text",
                               "remove \"tls\": \"none\" unless the network is trusted"));
    return findings;
  }
  std::ranges::move(check_certificates(subject, chain, now), std::back_inserter(findings));
  return findings;
}

}  // namespace backupd
