// What `doctor` looks at where mailstow sends mail: the practice for senders (RFC 1912,
// section 2.1; RFC 5321, section 4.1.1.1). Nobody's address is ever probed.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "backupd/doctor/finding.h"
#include "backupd/doctor/resolver.h"
#include "base/clock.h"
#include "base/config/reporting_config.h"

namespace backupd {

// The address that mail leaves this machine from, on the way to `host`: for a server of this
// machine, to the world. Empty if there is no way. Nothing is sent.
std::string outgoing_address(const std::string& host);

// The server that takes our mail, and how we look to those behind it. `outgoing`: the address that
// the world sees; empty: this machine's own. `hello_name`: of EHLO.
std::vector<Finding> look_at_mail(const base::MailConfig& mail, const std::string& hello_name,
                                  const Resolver& resolver, const std::string& outgoing);

// Whether mail goes over a line in plain text. Nothing where it does not.
std::vector<Finding> look_at_line(const base::MailConfig& mail);

// The same server as a sender meets it: TLS and how long its certificates last, EHLO, the login. No
// mail is begun.
std::vector<Finding> look_at_mail_server(const base::MailConfig& mail,
                                         const std::string& hello_name,
                                         std::chrono::sys_seconds now);

// Sends a message to those who get reports.
std::vector<Finding> send_test_mail(const base::MailConfig& mail,
                                    const base::ReportsConfig& reports, const base::Clock& clock);

// Whether address and name confirm each other in the DNS, and the name is that of EHLO.
std::vector<Finding> look_at_sending_address(const Resolver& resolver, const std::string& address,
                                             const std::string& hello_name);

}  // namespace backupd
