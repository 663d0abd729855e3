#include "base/reporting/mailer.h"

#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/reporting/host_name.h"
#include "base/reporting/mail_error.h"
#include "base/reporting/transfer.h"
#include "base/terminal.h"

namespace base {

Mailer::Mailer(MailConfig mail, const Clock& clock)
    : mail_(std::move(mail)), clock_(clock), host_(mail_hello_name(mail_)) {}

void Mailer::send(const OutgoingMail& mail) const {
  const std::string message = compose(mail);
  std::optional<MailError> first;
  for (const std::string& address : mail.to) {
    try {
      submit(message, address);
    } catch (const MailError& error) {
      if (!first) first = error;
    }
  }
  if (first) throw MailError(*first);
}

std::string Mailer::compose(const OutgoingMail& mail) const {
  return to_rfc5322(mail, mail_.from, host_, clock_.now_seconds());
}

void Mailer::submit(const std::string& message, const std::string& address) const {
  try {
    send_over_smtp(mail_, host_, address, message);
  } catch (const MailError& error) {
    throw MailError(error.failure(), error.code(),
                    fmt::format("send mail to {}: {}", escape_for_terminal(address), error.what()));
  }
}

}  // namespace base
