#include "base/reporting/outgoing_mail.h"

#include <random>
#include <string_view>

#include <fmt/core.h>
#include <gmime/gmime.h>

#include "base/error.h"
#include "base/handle.h"
#include "base/mail/mail_address.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "base/utf8.h"

namespace base {

namespace {

constexpr std::size_t kMaxPlainLine = 76;
constexpr std::size_t kMaxWord = 60;

using Message = Handle<GMimeMessage, g_object_unref>;
using TextPart = Handle<GMimeTextPart, g_object_unref>;
using Format = Handle<GMimeFormatOptions, g_mime_format_options_free>;
using Date = Handle<GDateTime, g_date_time_unref>;
using Text = Handle<char, g_free>;

std::string message_id(const std::string& host, std::chrono::sys_seconds time) {
  std::random_device random;
  return fmt::format("<{}.{:08x}{:08x}@{}>", format_timestamp(time, "UTC"), random(), random(),
                     host);
}

const std::string& checked(const std::string& address) {
  if (is_mail_address(address)) return address;
  fail(ErrorCode::kConfig, "write a mail: \"{}\" is not a mail address",
       escape_for_terminal(address));
}

// Valid UTF-8, with a space for each control character but those kept.
std::string clean_text(std::string_view text, std::string_view kept) {
  constexpr char32_t kReplacement = 0xFFFD;
  std::string clean;
  while (!text.empty()) {
    const auto point = first_code_point(text);
    if (!point) {
      append_utf8(clean, kReplacement);
    } else if (is_control(point->value) && kept.find(text.front()) == std::string_view::npos) {
      clean += ' ';
    } else {
      clean += text.substr(0, point->length);
    }
    text.remove_prefix(point ? point->length : 1);
  }
  return clean;
}

// Whether GMime can write the text as it is: printable ASCII that can be folded, and that no mail
// client would decode.
bool is_plain(std::string_view text) {
  std::size_t length = 0;
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) return false;
    length = c == ' ' ? 0 : length + 1;
    if (length > kMaxWord) return false;
  }
  return text.find("=?") == std::string_view::npos;
}

// The text in encoded words (RFC 2047), split between characters, each short enough for a line with
// the field's name. GMime's own encoded words are too long if a word is.
std::string encoded_words(std::string_view text) {
  constexpr std::size_t kMaxChunk = 36;  // bytes
  std::string words;
  while (!text.empty()) {
    std::size_t length = 0;
    while (const auto next = first_code_point(text.substr(length))) {
      if (length + next->length > kMaxChunk) break;
      length += next->length;
    }
    const Text base64(g_base64_encode(reinterpret_cast<const guchar*>(text.data()), length));
    words += fmt::format("{}=?UTF-8?B?{}?=", words.empty() ? "" : " ", base64.get());
    text.remove_prefix(length);
  }
  return words;
}

std::string subject_text(std::string_view subject) {
  const std::string clean = clean_text(subject, "");
  return is_plain(clean) ? clean : encoded_words(clean);
}

// Returns true if the body can be sent unencoded, so that its source is readable.
bool is_seven_bit(std::string_view body) {
  std::size_t width = 0;
  for (const char c : body) {
    width = c == '\n' ? 0 : width + 1;
    const bool is_allowed = c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f);
    if (!is_allowed || width > kMaxPlainLine) return false;
  }
  return true;
}

// GMime writes too long a line if a carriage return is in it.
TextPart text_part(std::string_view text) {
  std::string body = clean_text(text, "\n\t");
  const bool is_plain = is_seven_bit(body);
  if (!body.empty() && body.back() != '\n') body += '\n';
  TextPart part(g_mime_text_part_new_with_subtype("plain"));
  g_mime_text_part_set_charset(part.get(), is_plain ? "us-ascii" : "utf-8");
  GMimeStream* const stream = g_mime_stream_mem_new_with_buffer(body.data(), body.size());
  GMimeDataWrapper* const content =
      g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
  g_mime_part_set_content(GMIME_PART(part.get()), content);
  g_object_unref(content);
  g_object_unref(stream);
  g_mime_part_set_content_encoding(
      GMIME_PART(part.get()),
      is_plain ? GMIME_CONTENT_ENCODING_7BIT : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
  return part;
}

}  // namespace

std::string to_rfc5322(const OutgoingMail& mail, const std::string& from, const std::string& host,
                       std::chrono::sys_seconds date) {
  g_mime_init();
  const Message message(g_mime_message_new(/*pretty_headers=*/1));
  const Date time(g_date_time_new_from_unix_utc(date.time_since_epoch().count()));
  g_mime_message_set_date(message.get(), time.get());
  g_mime_message_add_mailbox(message.get(), GMIME_ADDRESS_TYPE_FROM, "mailstow",
                             checked(from).c_str());
  for (const std::string& address : mail.to) {
    g_mime_message_add_mailbox(message.get(), GMIME_ADDRESS_TYPE_TO, nullptr,
                               checked(address).c_str());
  }
  // In the spelling of RFC 5322, unlike g_mime_message_set_message_id().
  g_mime_object_append_header(GMIME_OBJECT(message.get()), "Message-ID",
                              message_id(host, date).c_str(), nullptr);
  g_mime_message_set_subject(message.get(), subject_text(mail.subject).c_str(), "utf-8");
  g_mime_object_append_header(GMIME_OBJECT(message.get()), "Auto-Submitted", "auto-generated",
                              nullptr);
  const TextPart part = text_part(mail.body);
  g_mime_message_set_mime_part(message.get(), GMIME_OBJECT(part.get()));

  const Format format(g_mime_format_options_new());
  g_mime_format_options_set_newline_format(format.get(), GMIME_NEWLINE_FORMAT_DOS);
  const Text text(g_mime_object_to_string(GMIME_OBJECT(message.get()), format.get()));
  return text.get();
}

}  // namespace base
