#include "imap/fetch_response.h"

#include <utility>

#include <fmt/core.h>

#include "base/ascii.h"
#include "imap/connection_lost.h"
#include "imap/flag.h"
#include "imap/internal_date.h"
#include "imap/response_words.h"

namespace imap {

namespace {

using base::equal_ignoring_case;

std::vector<std::string> read_flags(Lexer& lexer) {
  std::vector<std::string> flags = read_list(lexer);
  std::erase_if(flags, [](const std::string& flag) { return is_recent(flag); });
  for (std::string& flag : flags) flag = canonical_flag(flag);
  return flags;
}

void read_uid(Lexer& lexer, MessageItems& items) {
  const std::optional<std::uint32_t> number = read_number(lexer);
  if (!number) lexer.fail_protocol("a number that is not a UID");
  // A message with UID 0 can't be requested. Its folder is suspect, because it contains more
  // messages than it shows.
  if (*number == 0) return;
  // With two UIDs in one response, the body can't be attributed.
  if (items.uid && items.uid->value != *number) lexer.fail_protocol("two UIDs for one message");
  items.uid = base::Uid{*number};
}

std::optional<std::uint64_t> read_modseq(Lexer& lexer) {
  if (lexer.peek() != '(') {
    lexer.skip_value();
    return std::nullopt;
  }
  lexer.open();
  const std::optional<std::uint64_t> modseq = lexer.number();
  for (lexer.skip_spaces(); !lexer.take_close(); lexer.skip_spaces()) lexer.skip_value();
  return modseq;
}

std::optional<base::ZonedTime> read_internal_date(Lexer& lexer) {
  if (lexer.peek() == '(') {
    lexer.skip_value();
    return std::nullopt;
  }
  const bool is_atom = lexer.peek() != '"' && !lexer.at_literal();
  std::optional<std::string> text = lexer.nstring_unless_too_long();
  if (!text) return std::nullopt;
  // Some servers send it without quotes: then its time and its zone are the next words.
  const auto starts_word = [&](std::string_view first) {
    lexer.skip_spaces();
    return first.find(lexer.peek()) != std::string_view::npos;
  };
  if (is_atom && starts_word("0123456789")) {
    text->append(" ").append(lexer.atom());
    if (starts_word("+-")) text->append(" ").append(lexer.atom());
  }
  return parse_internal_date(*text);
}

// The value of an item that comes twice with different values is unknown.
template <typename Value>
void read_once(bool& is_there, std::optional<Value>& value, std::optional<Value> read) {
  if (std::exchange(is_there, true)) {
    if (value != read) value.reset();
  } else {
    value = std::move(read);
  }
}

// The connection can't be used any longer: the body would have to be read to its end.
[[noreturn]] void fail_too_large(std::uint64_t size, const Limits& limits) {
  throw ConnectionLost(fmt::format("the server announces a message of {} bytes: more than {} are "
                                   "not read",
                                   size, limits.max_message),
                       std::nullopt, ConnectionLost::Cause::kMessageTooLarge);
}

BodyKind read_body(Lexer& lexer, std::optional<base::Uid> uid, BodySink& bodies) {
  const bool is_wanted = bodies.wants_body(uid);
  if (lexer.at_literal()) {
    const std::uint64_t size = lexer.literal_size();
    if (is_wanted) {
      if (size > lexer.limits().max_message) fail_too_large(size, lexer.limits());
      bodies.body_size(size);
      lexer.read_literal(size, [&bodies](base::ByteView piece) { bodies.body_piece(piece); });
    } else {
      lexer.read_literal(size, [](base::ByteView) {});
    }
    return BodyKind::kLiteral;
  }
  if (lexer.peek() == '"') {
    const std::string text = lexer.string();
    if (is_wanted && !text.empty()) bodies.body_piece(base::as_bytes(text));
    return BodyKind::kString;
  }
  if (!equal_ignoring_case(lexer.atom(), "NIL")) lexer.fail_protocol("a body that is not a string");
  return BodyKind::kNil;
}

}  // namespace

FetchResponse read_fetch_response(Lexer& lexer, std::uint32_t sequence_number, BodySink& bodies) {
  FetchResponse response;
  response.sequence_number = sequence_number;
  MessageItems& items = response.items;
  std::optional<std::string> server_id;
  bool has_date = false;
  bool has_size = false;
  bool has_id = false;
  bool has_folder = false;
  lexer.skip_spaces();
  lexer.open();
  for (lexer.skip_spaces(); !lexer.take_close(); lexer.skip_spaces()) {
    const std::string name(lexer.item_name());
    if (name.empty()) lexer.fail_protocol("no item");
    lexer.skip_spaces();
    if (equal_ignoring_case(name, "BODY[]")) {
      if (response.body != BodyKind::kMissing) lexer.fail_protocol("two bodies for one message");
      response.body = read_body(lexer, items.uid, bodies);
    } else if (equal_ignoring_case(name, "UID")) {
      read_uid(lexer, items);
    } else if (equal_ignoring_case(name, "FLAGS") && lexer.peek() == '(') {
      items.flags = read_flags(lexer);
    } else if (equal_ignoring_case(name, "INTERNALDATE")) {
      read_once(has_date, items.internal_date, read_internal_date(lexer));
    } else if (equal_ignoring_case(name, "RFC822.SIZE")) {
      read_once(has_size, items.size, lexer.number());
    } else if (equal_ignoring_case(name, "MODSEQ")) {
      items.modseq = read_modseq(lexer);
    } else if (equal_ignoring_case(name, "EMAILID") && lexer.peek() == '(') {
      std::vector<std::string> ids = read_list(lexer);
      read_once(has_id, server_id, ids.size() == 1 ? std::optional(ids.front()) : std::nullopt);
    } else if (equal_ignoring_case(name, "X-GM-MSGID") && lexer.peek() != '(') {
      read_once(has_id, server_id, std::optional(lexer.string()));
    } else if (equal_ignoring_case(name, "X-MAILBOX") && lexer.peek() != '(') {
      read_once(has_folder, items.folder, std::optional(lexer.string()));
    } else {
      lexer.skip_value();
    }
  }
  items.server_id = std::move(server_id).value_or("");
  return response;
}

}  // namespace imap
