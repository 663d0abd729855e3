#include "imap/command.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "imap/flag.h"
#include "imap/internal_date.h"

namespace imap {

namespace {

constexpr std::size_t kLongestMinusLiteral = 4096;  // RFC 7888, section 5
constexpr std::size_t kLongestQuoted = 1000;        // a line should stay below 8192 bytes

bool can_be_quoted(std::string_view bytes) {
  return bytes.size() <= kLongestQuoted && std::all_of(bytes.begin(), bytes.end(), [](char byte) {
           return byte >= 0x20 && byte < 0x7F;
         });
}

std::string quoted_string(std::string_view bytes) {
  std::string text = "\"";
  for (const char byte : bytes) {
    if (byte == '"' || byte == '\\') text += '\\';
    text += byte;
  }
  return text += '"';
}

bool holds_nul(base::ByteView bytes) {
  return !bytes.empty() && std::memchr(bytes.data(), 0, bytes.size()) != nullptr;
}

}  // namespace

LiteralMode literal_mode(const Capabilities& capabilities) {
  if (capabilities.has("LITERAL+")) return LiteralMode::kPlus;
  return capabilities.has("LITERAL-") ? LiteralMode::kMinus : LiteralMode::kSynchronising;
}

std::string flag_list(std::span<const std::string> flags) {
  std::string text = "(";
  for (const std::string& flag : flags) {
    if (is_recent(flag)) continue;
    if (text.size() > 1) text += ' ';
    text += flag;
  }
  return text += ')';
}

Command::Command(std::string_view verb, LiteralMode mode) : verb_(verb), mode_(mode), text_(verb) {}

Command& Command::word(std::string_view text) {
  text_ += ' ';
  text_ += text;
  return *this;
}

bool Command::announce(std::size_t size, std::string_view marker) {
  const bool waits = mode_ == LiteralMode::kSynchronising ||
                     (mode_ == LiteralMode::kMinus && size > kLongestMinusLiteral);
  text_ += marker;
  text_ += std::to_string(size);
  text_ += waits ? "}\r\n" : "+}\r\n";
  return waits;
}

Command& Command::string(std::string_view bytes) {
  if (can_be_quoted(bytes)) return word(quoted_string(bytes));
  const bool waits = announce(bytes.size(), " {");
  parts_.push_back({std::exchange(text_, {}), {}, std::string(bytes), waits});
  return *this;
}

Command& Command::message(const AppendMessage& message, const Capabilities& capabilities) {
  word(flag_list(message.flags));
  word(quoted_string(format_internal_date(message.internal_date)));
  const bool is_binary = capabilities.has("BINARY") && holds_nul(message.bytes);
  const bool waits = announce(message.bytes.size(), is_binary ? " ~{" : " {");
  parts_.push_back({std::exchange(text_, {}), message.bytes, {}, waits});
  return *this;
}

std::vector<Command::Part> Command::take_parts() && {
  text_ += "\r\n";
  parts_.push_back({std::move(text_), {}, {}, false});
  return std::move(parts_);
}

}  // namespace imap
