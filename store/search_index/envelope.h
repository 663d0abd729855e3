// What people search mail for, out of a message's header. For searching only: what is restored is
// always the message's own bytes.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace store {

// UTF-8, one line each, nothing of it longer than kMaxEnvelopeField bytes; empty where the
// header has no such field. Of a field that must not recur the first counts.
struct Envelope {
  std::optional<std::chrono::sys_seconds> date;  // of the Date field; nothing if it is none
  std::string from;                              // "Name <user@host>, user@host"
  std::string to;
  std::string cc;
  std::string subject;
  std::string message_id;  // without < and >
  bool operator==(const Envelope&) const = default;
};

// What is longer is cut: between two addresses, between two characters.
inline constexpr std::size_t kMaxEnvelopeField = 4'096;

// Decoded as RFC 2047 and RFC 6532 have it. Takes any bytes: what can't be decoded is shown as well
// as may be, never an error. What follows an empty line is not looked at; `header` is bounded by
// the caller.
Envelope read_envelope(base::ByteView header);

}  // namespace store
