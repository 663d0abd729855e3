#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backupd/doctor/checks.h"
#include "base/address_list.h"
#include "base/error.h"
#include "base/handle.h"
#include "base/reporting/mailer.h"
#include "base/reporting/transfer.h"
#include "base/terminal.h"

namespace backupd {

namespace {

using std::chrono::sys_seconds;

constexpr const char* kMailCheck = "sending address";
// Documentation addresses (RFC 5737, RFC 3849), which are unassigned but routed like any public
// address.
constexpr std::array kPublicAddresses = {"192.0.2.1", "2001:db8::1"};

// The local address of a socket to `host`: connecting a datagram socket sends nothing.
std::string source_address(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  const base::AddressList list = base::look_up_addresses(host.c_str(), "25", hints).list;
  for (const addrinfo* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
    const base::Fd socket(::socket(entry->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    if (!socket || ::connect(socket.get(), entry->ai_addr, entry->ai_addrlen) != 0 ||
        ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &size) != 0) {
      continue;
    }
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(reinterpret_cast<sockaddr*>(&own), size, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      return text.data();
    }
  }
  return "";
}

// Private addresses by RFC 1122, 1918, 3927, 6598; RFC 4193 and 4291.
bool is_private(const std::string& address) {
  in_addr four{};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) {
    const std::uint32_t bits = ntohl(four.s_addr);
    struct Net {
      std::uint32_t prefix;
      unsigned length;
    };
    constexpr std::array kNets = {Net{0x0a000000, 8},  Net{0x7f000000, 8},  Net{0xac100000, 12},
                                  Net{0xc0a80000, 16}, Net{0xa9fe0000, 16}, Net{0x64400000, 10}};
    return std::ranges::any_of(
        kNets, [&](const Net& net) { return (bits ^ net.prefix) >> (32 - net.length) == 0; });
  }
  in6_addr six{};
  if (::inet_pton(AF_INET6, address.c_str(), &six) != 1) return false;
  const bool is_unique_local = (six.s6_addr[0] & 0xfeU) == 0xfc;
  return is_unique_local || IN6_IS_ADDR_LOOPBACK(&six) || IN6_IS_ADDR_LINKLOCAL(&six);
}

// Whether the host of the URL is this machine, reached without a network.
bool is_this_machine(const std::string& url) {
  const auto host = url_host(url);
  if (!host) return false;
  const std::string address = source_address(host->host);
  return address.starts_with("127.") || address == "::1";
}

bool is_same_name(const std::string& a, const std::string& b) {
  return ::strcasecmp(a.c_str(), b.c_str()) == 0;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + base::escape_for_terminal(word);
  }
  return text;
}

}  // namespace

std::string outgoing_address(const std::string& host) {
  std::string address = source_address(host);
  const bool is_this_machine = address.starts_with("127.") || address == "::1" || address == host;
  if (!is_this_machine) return address;
  for (const char* world : kPublicAddresses) {
    if (std::string own = source_address(world); !own.empty()) return own;
  }
  return "";
}

std::vector<Finding> check_mail(const base::MailConfig& mail, const std::string& hello_name,
                                const Resolver& resolver, const std::string& outgoing) {
  const auto host = url_host(mail.url);
  if (!host)
    return {failure("mail", base::escape_for_terminal(mail.url), "not the URL of a server", "")};
  std::vector<Finding> findings =
      check_addresses(base::escape_for_terminal(mail.url), *host, resolver);
  std::vector<Finding> of_address = check_sending_address(
      resolver, outgoing.empty() ? outgoing_address(host->host) : outgoing, hello_name);
  for (Finding& finding : of_address) {
    // Receivers see the submission server, not this machine, and the submission server may accept
    // us as we are.
    if (mail.login && finding.state == FindingState::kFailure) {
      finding.state = FindingState::kWarning;
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<Finding> check_encryption(const base::MailConfig& mail) {
  if (mail.tls != base::TlsMode::kNone || is_this_machine(mail.url)) return {};
  return {warning("tls", base::escape_for_terminal(mail.url),
                  "mail goes in plain text to another machine",
                  "remove \"tls\": \"none\" unless the network is trusted")};
}

std::vector<Finding> check_mail_server(const base::MailConfig& mail, const std::string& hello_name,
                                       sys_seconds now) {
  const std::string subject = base::escape_for_terminal(mail.url);
  std::vector<base::ServerCertificate> chain;
  try {
    chain = base::greet_mail_server(mail, hello_name);
  } catch (const base::Error& error) {
    const bool is_tls = error.code() == base::ErrorCode::kTls;
    return {failure(is_tls ? "tls" : "mail", subject, error.what(), "")};
  }
  std::vector<Finding> findings = check_certificates(subject, chain, now);
  findings.push_back(passed("mail", subject,
                            mail.login ? "login succeeded" : "connected; no login is configured"));
  return findings;
}

std::vector<Finding> send_test_mail(const base::MailConfig& mail,
                                    const base::ReportsConfig& reports, const base::Clock& clock) {
  constexpr const char* kTestMail = "test mail";
  if (reports.to.empty()) {
    return {failure(kTestMail, "", "no recipients are configured", "list addresses in reports.to",
                    base::ExitStatus::kUsage)};
  }
  const std::string recipients = joined(reports.to);
  try {
    const base::Mailer mailer(mail, clock);
    mailer.send({reports.to, fmt::format("mailstow on {}: a test", mailer.host()),
                 "This is the test message that `mailstow-backupd doctor --send-test-mail` was\n"
                 "asked to send. Reports of mailstow will reach you the same way.\n"});
  } catch (const base::Error& error) {
    return {failure(kTestMail, recipients, error.what(), "")};
  }
  return {
      passed(kTestMail, recipients, "accepted by the server: see whether and where it arrives")};
}

std::vector<Finding> check_sending_address(const Resolver& resolver, const std::string& address,
                                           const std::string& hello_name) {
  const std::string hello = base::escape_for_terminal(hello_name);
  if (address.empty()) {
    return {
        failure(kMailCheck, "", "no route to the internet", "check the routes of this machine")};
  }
  if (hello_name.find('.') == std::string::npos) {
    return {failure(
        kMailCheck, address,
        fmt::format("the EHLO name \"{}\" is not fully qualified: servers reject it", hello),
        "set mail.hello_name to the machine's name in the DNS")};
  }
  if (is_private(address)) {
    return {warning(kMailCheck, address,
                    "it is a private address: receivers see that of the gateway, which can't be "
                    "determined here",
                    "specify it: doctor --outgoing-address ADDRESS")};
  }
  const std::vector<std::string> names = resolver.names_of(address);
  if (names.empty()) {
    return {failure(
        kMailCheck, address, "it has no name (PTR) in the DNS: many servers reject its mail",
        fmt::format("have its owner, usually your provider, set its name to {}", hello))};
  }
  std::vector<std::string> confirmed;
  for (const std::string& name : names) {
    const std::vector<std::string> addresses = resolver.addresses(name);
    if (std::ranges::find(addresses, address) != addresses.end()) confirmed.push_back(name);
  }
  if (confirmed.empty()) {
    return {failure(
        kMailCheck, address,
        fmt::format(
            "its name {} does not resolve back to this address, so receivers will not trust it",
            joined(names)),
        fmt::format("give {} the address {} (A or AAAA) in the DNS",
                    base::escape_for_terminal(names.front()), address))};
  }
  const bool is_hello = std::ranges::any_of(
      confirmed, [&](const std::string& name) { return is_same_name(name, hello_name); });
  if (!is_hello) {
    return {failure(
        kMailCheck, address,
        fmt::format("the EHLO name is {}, the address's name {}", hello, joined(confirmed)),
        fmt::format("set mail.hello_name to {}", base::escape_for_terminal(confirmed.front())))};
  }
  return {
      passed(kMailCheck, address,
             fmt::format("forward and reverse DNS agree ({}), and EHLO uses that name", hello))};
}

}  // namespace backupd
