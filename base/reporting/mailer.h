// Sends mail from mailstow to people.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/config/reporting_config.h"
#include "base/reporting/outgoing_mail.h"

namespace base {

class Mailer {
 public:
  // `clock` must outlive it.
  Mailer(MailConfig mail, const Clock& clock);

  // Submits to each address separately, so that a refused one does not affect the others. After all
  // have been tried, fails with the first failure. Fails as compose() and submit() do.
  void send(const OutgoingMail& mail) const;

  // Returns what submit() takes. Fails with kConfig if an address is invalid.
  std::string compose(const OutgoingMail& mail) const;

  // Submits it for one address. Fails with a MailError, as send_over_smtp() does.
  void submit(const std::string& message, const std::string& address) const;

  const std::string& host() const { return host_; }  // this machine's name in mail

 private:
  MailConfig mail_;
  const Clock& clock_;
  std::string host_;
};

}  // namespace base
