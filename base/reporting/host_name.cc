#include "base/reporting/host_name.h"

#include <array>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address_list.h"
#include "base/mail/mail_address.h"

namespace base {

namespace {

std::string full_name() {
  std::array<char, NI_MAXHOST> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "";
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  const AddressList list = look_up_addresses(name.data(), nullptr, hints).list;
  return !list || list->ai_canonname == nullptr ? name.data() : list->ai_canonname;
}

}  // namespace

std::string mail_hello_name(const MailConfig& mail) {
  if (!mail.hello_name.empty()) return mail.hello_name;
  std::string name = full_name();
  return is_host_name(name) ? name : "localhost";
}

}  // namespace base
