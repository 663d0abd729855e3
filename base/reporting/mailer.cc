#include "base/reporting/mailer.h"

#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "base/reporting/host_name.h"
#include "base/reporting/transfer.h"
#include "base/terminal.h"

namespace base {

Mailer::Mailer(MailConfig mail, const Clock& clock)
    : mail_(std::move(mail)), clock_(clock), host_(mail_hello_name(mail_)) {}

void Mailer::deliver(const OutgoingMail& mail, const std::vector<std::string>& addresses,
                     const std::function<void(const std::string& address)>& delivered) const {
  const std::string message = to_rfc5322(mail, mail_.from, host_, clock_.now_seconds());
  std::optional<Error> first;
  for (const std::string& address : addresses) {
    try {
      send_over_smtp(mail_, host_, address, message);
      if (delivered) delivered(address);
    } catch (const Error& error) {
      if (!first) {
        first = Error(error.code(), fmt::format("send mail to {}: {}", escape_for_terminal(address),
                                                error.what()));
      }
    }
  }
  if (first) throw Error(*first);
}

}  // namespace base
