#include "imap/command.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/terminal.h"
#include "imap/flag.h"
#include "imap/internal_date.h"

namespace imap {

namespace {

constexpr std::size_t kMaxMinusLiteral = 4096;  // RFC 7888, section 5
constexpr std::size_t kMaxQuoted = 1000;        // a line should stay below 8192 bytes

bool can_be_quoted(std::string_view bytes) {
  return bytes.size() <= kMaxQuoted && std::all_of(bytes.begin(), bytes.end(), [](char byte) {
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

bool holds_nul(const MessageSource& source) {
  constexpr std::uint64_t kPiece = 1U << 20U;
  base::Bytes buffer;
  for (std::uint64_t offset = 0; offset < source.size(); offset += buffer.size()) {
    buffer.resize(static_cast<std::size_t>(std::min(kPiece, source.size() - offset)));
    source.read(offset, buffer);
    if (holds_nul(buffer)) return true;
  }
  return false;
}

bool holds_nul(const AppendMessage& message) {
  return message.source ? holds_nul(*message.source) : holds_nul(message.bytes);
}

std::string word_list(std::span<const FixedText> words) {
  std::string text = "(";
  for (const FixedText word : words) text.append(text.size() > 1 ? " " : "").append(word.view());
  return text += ')';
}

std::string flag_list(std::span<const std::string> flags) {
  std::string text = "(";
  for (const std::string& flag : flags) {
    if (!can_be_sent(flag) || text.size() + flag.size() > kMaxSentFlags) continue;
    text.append(text.size() > 1 ? " " : "").append(flag);
  }
  return text += ')';
}

}  // namespace

LiteralMode literal_mode(const Capabilities& capabilities) {
  if (capabilities.has("LITERAL+")) return LiteralMode::kPlus;
  return capabilities.has("LITERAL-") ? LiteralMode::kMinus : LiteralMode::kSynchronising;
}

bool can_be_a_string(std::string_view bytes) {
  return bytes.find('\0') == std::string_view::npos;
}

Command::Command(FixedText verb, LiteralMode mode)
    : verb_(verb.view()), mode_(mode), text_(verb.view()) {}

Command& Command::add(std::string_view text) {
  text_ += ' ';
  text_ += text;
  return *this;
}

Command& Command::text(FixedText text) {
  return add(text.view());
}

Command& Command::uids(const UidSet& uids) {
  if (uids.empty()) base::fail(base::ErrorCode::kInternal, "send {}: no message is named", verb_);
  return add(uids.text());
}

Command& Command::list(std::span<const FixedText> words) {
  return add(word_list(words));
}

Command& Command::return_status(bool with_use, std::span<const FixedText> items) {
  return add(std::string("RETURN (") + (with_use ? "SPECIAL-USE " : "") + "STATUS " +
             word_list(items) + ')');
}

Command& Command::changed_since(std::uint64_t modseq) {
  return add("(CHANGEDSINCE " + std::to_string(modseq) + ')');
}

Command& Command::resync(std::uint32_t uid_validity, std::uint64_t modseq) {
  return add("(QRESYNC (" + std::to_string(uid_validity) + ' ' + std::to_string(modseq) + "))");
}

Command& Command::flags(std::span<const std::string> flags) {
  return add(flag_list(flags));
}

Command& Command::uses(std::span<const std::string> uses) {
  const std::string list = flag_list(uses);
  return list == "()" ? *this : add("(USE " + list + ')');
}

Command& Command::limits(std::span<const QuotaResource> resources) {
  std::string text = "(";
  for (const QuotaResource& resource : resources) {
    if (!is_atom(resource.name)) {
      base::fail(base::ErrorCode::kRefused,
                 "set a quota: the resource \"{}\" is not a name that IMAP allows",
                 base::escape_for_terminal(resource.name));
    }
    text.append(text.size() > 1 ? " " : "").append(resource.name);
    text.append(" ").append(std::to_string(resource.limit));
  }
  return add(text += ')');
}

void Command::announce(std::uint64_t size, std::string_view marker, bool waits) {
  text_ += marker;
  text_ += std::to_string(size);
  text_ += waits ? "}\r\n" : "+}\r\n";
}

Command& Command::string(std::string_view bytes) {
  if (!can_be_a_string(bytes)) {
    base::fail(base::ErrorCode::kRefused, "send {}: \"{}\" has a NUL, which IMAP does not allow",
               verb_, base::escape_for_terminal(bytes));
  }
  if (can_be_quoted(bytes)) return add(quoted_string(bytes));
  announce(bytes.size(), " {", true);
  parts_.push_back({std::exchange(text_, {}), {}, std::string(bytes), true});
  return *this;
}

Command& Command::message(const AppendMessage& message, const Capabilities& capabilities,
                          bool waits) {
  flags(message.flags);
  if (message.internal_date) add(quoted_string(format_internal_date(*message.internal_date)));
  waits = waits || mode_ == LiteralMode::kSynchronising ||
          (mode_ == LiteralMode::kMinus && message.size() > kMaxMinusLiteral);
  const bool is_binary = capabilities.has("BINARY") && holds_nul(message);
  announce(message.size(), is_binary ? " ~{" : " {", waits);
  parts_.push_back({std::exchange(text_, {}), message.bytes, {}, waits, message.source});
  return *this;
}

std::vector<Command::Part> Command::take_parts() && {
  text_ += "\r\n";
  parts_.push_back({std::move(text_), {}, {}, false});
  return std::move(parts_);
}

}  // namespace imap
