// A mail that mailstow writes (RFC 5322): what every receiver takes, and no machine answers.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace base {

struct MailMessage {
  std::string from;             // addresses, as is_mail_address() has them
  std::vector<std::string> to;  // at least one
  std::string subject;          // UTF-8; what servers or users named does not belong in it
  std::string body;             // UTF-8, lines ended by LF
};

// Its bytes, with Date, a Message-ID at `host` that no other message has, and Auto-Submitted (RFC
// 3834). Lines of 76 bytes at most (an address may be longer), ended by CR LF. Fails with kConfig
// where an address is none.
std::string to_rfc5322(const MailMessage& message, const std::string& host,
                       std::chrono::sys_seconds date);

}  // namespace base
