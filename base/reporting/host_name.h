// The name of this machine in mail.
#pragma once

#include <string>

#include "base/config/reporting_config.h"

namespace base {

// The name for EHLO and Message-IDs: the configured one, or this machine's full name according to
// the name service; "localhost" if that is not a host name.
std::string mail_hello_name(const MailConfig& mail);

}  // namespace base
