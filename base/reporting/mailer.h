// Sends what mailstow has to tell people.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/config/reporting_config.h"

namespace base {

struct Letter {
  std::vector<std::string> to;  // addresses
  std::string subject;          // base/reporting/mail_message.h
  std::string body;
};

class Mailer {
 public:
  // `clock` must outlive it.
  Mailer(MailConfig mail, const Clock& clock);

  // To each of the addresses by itself, so that one that is refused costs the others nothing. Fails
  // as send_over_smtp() does, once all have been tried, with the first failure.
  void send(const Letter& letter) const { deliver(letter, letter.to, {}); }

  // The same for some of them alone; `delivered` hears of each that was taken.
  void deliver(const Letter& letter, const std::vector<std::string>& addresses,
               const std::function<void(const std::string& address)>& delivered) const;

  const std::string& host() const { return host_; }  // what this machine calls itself

 private:
  MailConfig mail_;
  const Clock& clock_;
  std::string host_;
};

}  // namespace base
