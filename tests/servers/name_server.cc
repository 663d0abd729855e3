#include "tests/servers/name_server.h"

#include <chrono>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/handle.h"
#include "tests/servers/ports.h"

namespace servers {

namespace {

std::string own_name() {
  const passwd* const user = ::getpwuid(::getuid());
  return user == nullptr ? std::to_string(::getuid()) : user->pw_name;
}

std::vector<std::string> dnsmasq(const NameServerRecords& records, std::uint16_t port) {
  std::vector<std::string> command = {"/usr/sbin/dnsmasq",
                                      "--keep-in-foreground",
                                      "--conf-file=/dev/null",
                                      "--no-resolv",
                                      "--no-hosts",
                                      "--no-poll",
                                      "--pid-file=",
                                      "--bind-interfaces",
                                      "--listen-address=" + NameServer::host(),
                                      "--log-facility=-",
                                      "--user=" + own_name(),
                                      "--port=" + std::to_string(port),
                                      "--local=/test/",
                                      "--local=/in-addr.arpa/",
                                      "--local=/ip6.arpa/"};
  for (const auto& [name, address] : records.addresses) {
    command.push_back("--address=/" + name + "/" + address);
  }
  for (const auto& [reverse_name, name] : records.pointers) {
    command.push_back("--ptr-record=" + reverse_name + "," + name);
  }
  return command;
}

}  // namespace

NameServer::NameServer(const NameServerRecords& records)
    : port_(free_port(kHost)),
      process_(dnsmasq(records, port()), {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
               {::getuid(), ::getgid()}, directory_.path() / "log") {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!answers()) {
    if (!process_.is_running() || std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("dnsmasq does not answer: is dnsmasq-base installed?");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

std::string NameServer::host() {
  return kHost;
}

std::string NameServer::endpoint() const {
  return host() + ":" + std::to_string(port());
}

bool NameServer::answers() const {
  const base::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port());
  ::inet_pton(AF_INET, kHost, &address.sin_addr);
  return ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace servers
