// The searchable fields of a message's header. For searching only: a restore always uses the
// message's own bytes.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace store {

// UTF-8, one line each, at most kMaxEnvelopeField bytes; empty if the header has no such field. If
// a field that must not recur occurs more than once, the first counts.
struct Envelope {
  std::optional<std::chrono::sys_seconds> date;  // of the Date field; nullopt if it is not a date
  std::string from;                              // "Name <user@host>, user@host"
  std::string to;
  std::string cc;
  std::string subject;
  std::string message_id;  // without < and >
  bool operator==(const Envelope&) const = default;
};

// Longer fields are cut: between two addresses, or between two characters.
inline constexpr std::size_t kMaxEnvelopeField = 4'096;

// Decodes as specified by RFC 2047 and RFC 6532. Accepts any bytes: undecodable text is shown as
// well as possible, never an error. Text after an empty line is ignored; the caller bounds
// `header`.
Envelope read_envelope(base::ByteView header);

}  // namespace store
