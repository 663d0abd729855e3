// Sends mail from mailstow to people.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/config/reporting_config.h"
#include "base/reporting/outgoing_mail.h"

namespace base {

class Mailer {
 public:
  // `clock` must outlive it.
  Mailer(MailConfig mail, const Clock& clock);

  // Sends to each address separately, so that a refused one does not affect the others. After all
  // have been tried, fails with the first failure, as send_over_smtp() does.
  void send(const OutgoingMail& mail) const { deliver(mail, mail.to, {}); }

  // Does the same for some of the addresses only; `delivered` is called for each that was accepted.
  void deliver(const OutgoingMail& mail, const std::vector<std::string>& addresses,
               const std::function<void(const std::string& address)>& delivered) const;

  const std::string& host() const { return host_; }  // this machine's name in mail

 private:
  MailConfig mail_;
  const Clock& clock_;
  std::string host_;
};

}  // namespace base
