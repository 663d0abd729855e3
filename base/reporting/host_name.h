// What this machine calls itself in mail.
#pragma once

#include <string>

#include "base/config/reporting_config.h"

namespace base {

// Of EHLO and Message-IDs: the configured name, or this machine's full one as the name service has
// it; "localhost" where that is no host name.
std::string mail_hello_name(const MailConfig& mail);

}  // namespace base
