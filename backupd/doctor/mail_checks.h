// The checks of `doctor` for outgoing mail: the practice for senders (RFC 1912, section 2.1; RFC
// 5321, section 4.1.1.1). No recipient's address is ever probed.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "backupd/doctor/finding.h"
#include "backupd/doctor/resolver.h"
#include "base/clock.h"
#include "base/config/reporting_config.h"

namespace backupd {

// The local address from which mail to `host` leaves this machine; if `host` is this machine, the
// address for the internet. Empty if there is no route. Nothing is sent.
std::string outgoing_address(const std::string& host);

// The server that accepts our mail, and how we look to the receivers behind it. `outgoing` is the
// address that receivers see; empty means that of this machine. `hello_name` is the name in EHLO.
std::vector<Finding> check_mail(const base::MailConfig& mail, const std::string& hello_name,
                                const Resolver& resolver, const std::string& outgoing);

// Warns if mail crosses a network in plain text; empty if not.
std::vector<Finding> check_encryption(const base::MailConfig& mail);

// Connects to that server as a sender would: TLS and the expiry of its certificates, EHLO, the
// login. No mail transaction is started.
std::vector<Finding> check_mail_server(const base::MailConfig& mail, const std::string& hello_name,
                                       std::chrono::sys_seconds now);

// Sends a message to the recipients of reports.
std::vector<Finding> send_test_mail(const base::MailConfig& mail,
                                    const base::ReportsConfig& reports, const base::Clock& clock);

// Checks that forward and reverse DNS of the address agree, and that the name is that in EHLO.
std::vector<Finding> check_sending_address(const Resolver& resolver, const std::string& address,
                                           const std::string& hello_name);

}  // namespace backupd
