// A mail that mailstow writes (RFC 5322), such that every receiver accepts it and no autoresponder
// answers it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace base {

struct OutgoingMail {
  std::vector<std::string> to;  // addresses that is_mail_address() accepts; at least one
  std::string subject;          // UTF-8; must not contain names chosen by servers or users
  std::string body;             // UTF-8, lines ended by LF
};

// The bytes of the mail from the address `from`, with Date, a unique Message-ID at `host`, and
// Auto-Submitted (RFC 3834). Lines of at most 76 bytes (an address may be longer), ended by CR LF.
// Fails with kConfig if an address is invalid.
std::string to_rfc5322(const OutgoingMail& mail, const std::string& from, const std::string& host,
                       std::chrono::sys_seconds date);

}  // namespace base
