#include "store/search_index/envelope.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <gmime/gmime.h>

#include "base/ascii.h"
#include "base/handle.h"
#include "base/utf8.h"
#include "store/search_index/plain_addresses.h"

namespace store {

namespace {

// The limit for a field before it is decoded.
constexpr std::size_t kMaxRaw = 16'384;
constexpr std::size_t kMaxDate = 256;
constexpr std::size_t kMaxLine = 1'024;                // a subject, a message id
constexpr std::int64_t kLastSecond = 253'402'300'799;  // of the year 9999

using GText = base::Handle<char, g_free>;
using GTime = base::Handle<GDateTime, g_date_time_unref>;
using Addresses = base::Handle<InternetAddressList, g_object_unref>;

GMimeParserOptions* options() {
  static GMimeParserOptions* const made = [] {
    g_mime_init();
    // 8-bit text that is not UTF-8 (RFC 6532) is usually in this charset.
    std::array<const char*, 3> charsets = {"utf-8", "windows-1252", nullptr};
    GMimeParserOptions* fresh = g_mime_parser_options_new();
    g_mime_parser_options_set_fallback_charsets(fresh, charsets.data());
    return fresh;
  }();
  return made;
}

constexpr bool is_printed(char c) {
  return c > ' ' && c < '\x7F';
}

// Replaces control characters, line separators and runs of blanks by spaces, and invalid UTF-8 by
// U+FFFD; drops the marks that change the writing direction.
std::string clean(std::string_view text, std::size_t longest) {
  constexpr char32_t kReplacement = 0xFFFD;
  constexpr char32_t kEndOfControls = 0xA0;
  std::string result;
  bool blank = false;
  while (!text.empty()) {
    const auto run =
        static_cast<std::size_t>(std::ranges::find_if_not(text, is_printed) - text.begin());
    if (run > 0) {
      const std::size_t taken =
          std::min(run, longest - std::min(longest, result.size() + (blank ? 1 : 0)));
      if (taken > 0 && std::exchange(blank, false)) result += ' ';
      result += text.substr(0, taken);
      if (taken < run) break;
      text.remove_prefix(run);
      continue;
    }
    const std::optional<base::CodePoint> point = base::first_code_point(text);
    const char32_t value = point ? point->value : kReplacement;
    text.remove_prefix(point ? point->length : 1);
    if (value == ' ' || base::is_control(value)) {
      const bool is_mark = value >= kEndOfControls && value != 0x2028 && value != 0x2029;
      if (!is_mark) blank = !result.empty();
      continue;
    }
    std::string character = blank ? " " : "";
    base::append_utf8(character, value);
    if (result.size() + character.size() > longest) break;
    result += character;
    blank = false;
  }
  return result;
}

bool is_plain(std::string_view text) {
  const bool ascii =
      std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return ascii && text.find("=?") == std::string_view::npos;
}

std::string decode_text(const std::string& raw) {
  if (is_plain(raw)) return clean(raw, kMaxLine);
  const GText decoded(g_mime_utils_header_decode_text(options(), raw.c_str()));
  return clean(decoded ? decoded.get() : raw, kMaxLine);
}

void add_address(std::string& text, InternetAddress* address) {
  if (INTERNET_ADDRESS_IS_GROUP(address)) {
    InternetAddressList* members =
        internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address));
    const int count = members != nullptr ? internet_address_list_length(members) : 0;
    for (int i = 0; i < count; ++i) {
      // A group within a group (which RFC 5322 does not allow) is ignored.
      InternetAddress* member = internet_address_list_get_address(members, i);
      if (INTERNET_ADDRESS_IS_MAILBOX(member)) add_address(text, member);
    }
    return;
  }
  const char* name = internet_address_get_name(address);
  const char* mailbox = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
  const std::string shown_name = clean(name != nullptr ? name : "", kMaxLine);
  std::string one = clean(mailbox != nullptr ? mailbox : "", kMaxLine);
  if (!shown_name.empty()) one = one.empty() ? shown_name : shown_name + " <" + one + ">";
  if (one.empty() || text.size() + 2 + one.size() > kMaxEnvelopeField) return;
  if (!text.empty()) text += ", ";
  text += one;
}

std::string decode_addresses(const std::string& raw) {
  if (auto text = plain_addresses(raw)) return std::move(*text);
  const Addresses list(internet_address_list_parse(options(), raw.c_str()));
  std::string text;
  const int count = list ? internet_address_list_length(list.get()) : 0;
  for (int i = 0; i < count; ++i) {
    add_address(text, internet_address_list_get_address(list.get(), i));
  }
  // Text that is not an address can still be found by its words.
  return text.empty() ? decode_text(raw) : text;
}

std::optional<std::chrono::sys_seconds> decode_date(const std::string& raw) {
  const GTime time(g_mime_utils_header_decode_date(raw.substr(0, kMaxDate).c_str()));
  if (!time) return std::nullopt;
  const std::int64_t seconds = g_date_time_to_unix(time.get());
  if (seconds < 0 || seconds > kLastSecond) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

std::string decode_message_id(std::string_view raw) {
  const std::size_t begin = raw.find('<');
  if (begin != std::string_view::npos) raw.remove_prefix(begin + 1);
  return clean(raw.substr(0, raw.find('>')), kMaxLine);
}

enum HeaderField : std::uint8_t { kDate, kFrom, kTo, kCc, kSubject, kMessageId, kFieldCount };

constexpr std::array<std::string_view, kFieldCount> kNames = {"date", "from",    "to",
                                                              "cc",   "subject", "message-id"};

HeaderField field_named(std::string_view name) {
  while (name.ends_with(' ') || name.ends_with('\t')) name.remove_suffix(1);
  const auto found = std::ranges::find_if(
      kNames, [&](std::string_view known) { return base::equal_ignoring_case(known, name); });
  return static_cast<HeaderField>(found - kNames.begin());
}

// The raw bodies of the fields, unfolded.
class RawFields {
 public:
  explicit RawFields(std::string_view header) {
    while (!header.empty()) {
      const std::size_t end = header.find('\n');
      if (end == 0 || header.starts_with("\r\n")) return;
      take_line(header.substr(0, end));
      header.remove_prefix(end == std::string_view::npos ? header.size() : end + 1);
    }
  }

  const std::string& operator[](HeaderField field) const { return bodies_.at(field); }

 private:
  void take_line(std::string_view line) {
    if (!line.starts_with(' ') && !line.starts_with('\t')) {
      const std::size_t colon = line.find(':');
      field_ = colon == std::string_view::npos ? kFieldCount : field_named(line.substr(0, colon));
      start_field();
      if (field_ != kFieldCount) line.remove_prefix(colon + 1);
    }
    if (field_ == kFieldCount) return;
    std::string& body = bodies_.at(field_);
    for (const char c : line.substr(0, kMaxRaw - std::min(kMaxRaw, body.size()))) {
      if (c != '\r' && c != '\0') body += c;
    }
  }

  void start_field() {
    if (field_ == kFieldCount || bodies_.at(field_).empty()) return;
    if (field_ == kTo || field_ == kCc) {
      bodies_.at(field_) += ", ";
    } else {
      field_ = kFieldCount;
    }
  }

  std::array<std::string, kFieldCount> bodies_;
  HeaderField field_ = kFieldCount;  // kFieldCount: not one of the fields above
};

}  // namespace

Envelope read_envelope(base::ByteView header) {
  const RawFields fields(base::as_text(header));
  return {.date = decode_date(fields[kDate]),
          .from = decode_addresses(fields[kFrom]),
          .to = decode_addresses(fields[kTo]),
          .cc = decode_addresses(fields[kCc]),
          .subject = decode_text(fields[kSubject]),
          .message_id = decode_message_id(fields[kMessageId])};
}

}  // namespace store
