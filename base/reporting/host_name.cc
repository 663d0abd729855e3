#include "base/reporting/host_name.h"

#include <array>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/handle.h"
#include "base/mail_address.h"

namespace base {

namespace {

using AddressList = Handle<addrinfo, freeaddrinfo>;

std::string full_name() {
  std::array<char, NI_MAXHOST> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "";
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  addrinfo* list = nullptr;
  if (::getaddrinfo(name.data(), nullptr, &hints, &list) != 0) return name.data();
  const AddressList owned(list);
  return list->ai_canonname == nullptr ? name.data() : list->ai_canonname;
}

}  // namespace

std::string mail_hello_name(const MailConfig& mail) {
  if (!mail.hello_name.empty()) return mail.hello_name;
  std::string name = full_name();
  return is_host_name(name) ? name : "localhost";
}

}  // namespace base
