#include "web/render/message_parts.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include <gmime/gmime.h>
#include <iconv.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/ascii.h"
#include "base/error.h"
#include "base/handle.h"
#include "base/time_text.h"
#include "base/utf8.h"

namespace render {

namespace {

template <typename T>
using Object = base::Handle<T, g_object_unref>;
using Text = base::Handle<char, g_free>;

constexpr std::size_t kMaxHeadingText = 2'000;  // bytes
// Bytes of which a text is made: of UTF-32, a letter takes four.
constexpr std::size_t kMaxSource = 4 * kMaxBody;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// The ones that mail programs write, and that are not within the C library itself.
constexpr std::array kCharacterSets = {
    "ISO-8859-1",   "ISO-8859-2",   "ISO-8859-3",   "ISO-8859-4",   "ISO-8859-5",   "ISO-8859-6",
    "ISO-8859-7",   "ISO-8859-8",   "ISO-8859-9",   "ISO-8859-10",  "ISO-8859-13",  "ISO-8859-14",
    "ISO-8859-15",  "ISO-8859-16",  "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252", "WINDOWS-1253",
    "WINDOWS-1254", "WINDOWS-1255", "WINDOWS-1256", "WINDOWS-1257", "WINDOWS-1258", "KOI8-R",
    "KOI8-U",       "GB2312",       "GBK",          "GB18030",      "BIG5",         "BIG5-HKSCS",
    "SHIFT_JIS",    "CP932",        "EUC-JP",       "ISO-2022-JP",  "EUC-KR",       "UHC",
    "ISO-2022-KR",  "TIS-620",      "MACINTOSH",    "CP437",        "CP850",        "CP852",
    "CP866",        "UTF-7",        "UTF-16",       "UTF-32",       "US-ASCII"};

// One line of text for people.
std::string heading_text(const char* text) {
  if (text == nullptr) return {};
  std::string clean;
  for (std::string_view rest(text); !rest.empty();) {
    const auto letter = base::first_code_point(rest);
    const std::size_t length = letter ? letter->length : 1;
    if (!letter) {
      clean += kReplacement;
    } else {
      clean += base::is_control(letter->value) ? " " : rest.substr(0, length);
    }
    rest.remove_prefix(length);
    if (clean.size() > kMaxHeadingText) break;
  }
  return base::shortened(clean, kMaxHeadingText);
}

bool is_plain_word(std::string_view text) {
  constexpr std::size_t kMaxName = 40;
  return !text.empty() && text.size() <= kMaxName &&
         text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
             "0123456789-_.:") == std::string_view::npos;
}

iconv_t converter_from(const std::string& character_set) {
  const iconv_t unknown = reinterpret_cast<iconv_t>(std::intptr_t{-1});
  return is_plain_word(character_set) ? ::iconv_open("UTF-8", character_set.c_str()) : unknown;
}

std::string convert(std::string_view bytes, iconv_t converter) {
  std::string result;
  std::array<char, 16'384> piece{};
  char* in = const_cast<char*>(bytes.data());  // which iconv() does not change
  std::size_t left = bytes.size();
  while (left > 0 && result.size() < kMaxBody) {
    char* out = piece.data();
    std::size_t room = piece.size();
    const std::size_t done = ::iconv(converter, &in, &left, &out, &room);
    const int error = errno;
    result.append(piece.data(), piece.size() - room);
    if (done != static_cast<std::size_t>(-1) || error == E2BIG) continue;
    if (error != EILSEQ && error != EINVAL) break;
    result += kReplacement;
    ++in;
    --left;
  }
  return result;
}

std::string type_of(GMimeObject* object) {
  GMimeContentType* const type = g_mime_object_get_content_type(object);
  if (type == nullptr) return "text/plain";
  const Text text(g_mime_content_type_get_mime_type(type));
  return base::lowered(heading_text(text.get()));
}

std::string decoded(GMimePart* part, std::size_t most = std::string::npos) {
  GMimeDataWrapper* const wrapper = g_mime_part_get_content(part);
  if (wrapper == nullptr) return {};
  const Object<GMimeStream> memory(g_mime_stream_mem_new());
  if (g_mime_data_wrapper_write_to_stream(wrapper, memory.get()) < 0) return {};
  const GByteArray* const bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory.get()));
  return {reinterpret_cast<const char*>(bytes->data), std::min<std::size_t>(bytes->len, most)};
}

std::string addresses(InternetAddressList* list) {
  if (list == nullptr) return {};
  const Text text(internet_address_list_to_string(list, nullptr, FALSE));
  return heading_text(text.get());
}

}  // namespace

std::string to_utf8(const std::string& bytes, const std::string& character_set) {
  const iconv_t converter = converter_from(character_set);
  const bool is_known = converter != reinterpret_cast<iconv_t>(std::intptr_t{-1});
  if (is_known && !base::equal_ignoring_case(character_set, "us-ascii")) {
    std::string text = convert(bytes, converter);
    ::iconv_close(converter);
    return text;
  }
  if (is_known) ::iconv_close(converter);
  if (base::is_utf8(bytes)) return bytes.substr(0, kMaxBody);
  const iconv_t western = converter_from("WINDOWS-1252");
  if (western == reinterpret_cast<iconv_t>(std::intptr_t{-1})) return {};
  std::string text = convert(bytes, western);
  ::iconv_close(western);
  return text;
}

struct MessageParts::Parsed {
  std::shared_ptr<void> mapping;  // which the message reads to its end
  Object<GMimeMessage> message;
  std::vector<Part> parts;
  std::vector<GMimeObject*> objects;  // of the parts, owned by the message
  bool is_complete = true;

  void walk(GMimeObject* object, std::size_t depth) {
    if (depth > kMaxNesting) {
      is_complete = false;
      return;
    }
    if (GMIME_IS_MULTIPART(object)) {
      auto* const multipart = GMIME_MULTIPART(object);
      const int count = g_mime_multipart_get_count(multipart);
      for (int at = 0; at < count && is_complete_so_far(); ++at) {
        walk(g_mime_multipart_get_part(multipart, at), depth + 1);
      }
      return;
    }
    if (!is_complete_so_far()) return;
    add(object);
  }

  bool is_complete_so_far() {
    if (parts.size() < kMaxParts) return true;
    is_complete = false;
    return false;
  }

  void add(GMimeObject* object) {
    Part part;
    part.number = static_cast<unsigned>(parts.size() + 1);
    part.type = type_of(object);
    if (GMIME_IS_PART(object)) {
      part.name = heading_text(g_mime_part_get_filename(GMIME_PART(object)));
    } else if (GMIME_IS_MESSAGE_PART(object)) {
      GMimeMessage* const inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
      const std::string subject =
          inner == nullptr ? "" : heading_text(g_mime_message_get_subject(inner));
      part.name = (subject.empty() ? "message" : subject) + ".eml";
    }
    part.content_id = heading_text(g_mime_object_get_content_id(object));
    const char* const disposition = g_mime_object_get_disposition(object);
    const bool is_text = part.type == "text/plain" || part.type == "text/html";
    part.is_attachment = !is_text || !GMIME_IS_TEXT_PART(object) ||
                         (disposition != nullptr &&
                          base::equal_ignoring_case(disposition, GMIME_DISPOSITION_ATTACHMENT));
    parts.push_back(std::move(part));
    objects.push_back(object);
  }

  // The text of an object of the body.
  BodyPiece text_of(GMimeObject* object) const {
    GMimeContentType* const type = g_mime_object_get_content_type(object);
    const char* const set = g_mime_content_type_get_parameter(type, "charset");
    return {.is_html = type_of(object) == "text/html",
            .text = to_utf8(decoded(GMIME_PART(object), kMaxSource), set == nullptr ? "" : set)};
  }

  const Part* part_of(GMimeObject* object) const {
    const auto found = std::ranges::find(objects, object);
    return found == objects.end() ? nullptr
                                  : &parts[static_cast<std::size_t>(found - objects.begin())];
  }

  bool has(GMimeObject* object, bool html, std::size_t depth) const {
    if (depth > kMaxNesting) return false;
    if (GMIME_IS_MULTIPART(object)) {
      const int count = std::min(g_mime_multipart_get_count(GMIME_MULTIPART(object)),
                                 static_cast<int>(kMaxParts));
      for (int at = 0; at < count; ++at) {
        if (has(g_mime_multipart_get_part(GMIME_MULTIPART(object), at), html, depth + 1))
          return true;
      }
      return false;
    }
    const Part* const part = part_of(object);
    return part != nullptr && !part->is_attachment && (type_of(object) == "text/html") == html;
  }

  // `left`: the bytes of text that may still be converted.
  void collect(GMimeObject* object, bool html, std::size_t depth, std::size_t& left,
               std::vector<BodyPiece>& pieces) const {
    if (depth > kMaxNesting || left == 0) return;
    if (!GMIME_IS_MULTIPART(object)) {
      const Part* const part = part_of(object);
      if (part == nullptr || part->is_attachment) return;
      BodyPiece piece = text_of(object);
      if (piece.text.size() > left) piece.text = piece.text.substr(0, left);
      left -= piece.text.size();
      pieces.push_back(std::move(piece));
      return;
    }
    auto* const multipart = GMIME_MULTIPART(object);
    const int count = std::min(g_mime_multipart_get_count(multipart), static_cast<int>(kMaxParts));
    Text subtype(g_mime_content_type_get_mime_type(g_mime_object_get_content_type(object)));
    if (base::equal_ignoring_case(subtype.get(), "multipart/alternative")) {
      // The last form of the wanted kind is the richest; without one, the last form at all.
      GMimeObject* chosen = nullptr;
      for (int at = 0; at < count; ++at) {
        GMimeObject* const child = g_mime_multipart_get_part(multipart, at);
        const bool is_wanted = has(child, html, depth + 1);
        if (is_wanted || (chosen == nullptr && has(child, !html, depth + 1))) chosen = child;
      }
      if (chosen != nullptr) collect(chosen, html, depth + 1, left, pieces);
      return;
    }
    for (int at = 0; at < count; ++at) {
      collect(g_mime_multipart_get_part(multipart, at), html, depth + 1, left, pieces);
    }
  }
};

void MessageParts::prepare() {
  g_mime_init();
  // They stay loaded while a converter is open, which is for good.
  static std::array<iconv_t, 2 * kCharacterSets.size()> open{};
  if (open.front() != nullptr) return;
  auto next = open.begin();
  for (const char* name : kCharacterSets) {
    *next++ = ::iconv_open("UTF-8", name);
    *next++ = ::iconv_open(name, "UTF-8");
  }
}

MessageParts::MessageParts(int message) : parsed_(std::make_unique<Parsed>()) {
  const Object<GMimeStream> stream(g_mime_stream_mmap_new(message, PROT_READ, MAP_PRIVATE));
  if (!stream) {
    base::fail(base::ErrorCode::kDamaged, "render: stdin is not a file with a message");
  }
  // The descriptor stays the caller's. GMime would also keep the mapping.
  GMimeStreamMmap* const mapped = GMIME_STREAM_MMAP(stream.get());
  g_mime_stream_mmap_set_owner(mapped, FALSE);
  parsed_->mapping = {mapped->map,
                      [length = mapped->maplen](void* address) { ::munmap(address, length); }};
  const Object<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  g_mime_parser_set_persist_stream(parser.get(), TRUE);
  const base::Handle<GMimeParserOptions, g_mime_parser_options_free> options(
      g_mime_parser_options_new());
  std::array<const char*, 3> fallbacks = {"utf-8", "windows-1252", nullptr};
  g_mime_parser_options_set_fallback_charsets(options.get(), fallbacks.data());
  parsed_->message.reset(g_mime_parser_construct_message(parser.get(), options.get()));
  // Bytes without any header or text are an empty message.
  if (!parsed_->message) parsed_->message.reset(g_mime_message_new(FALSE));
  GMimeObject* const top = g_mime_message_get_mime_part(parsed_->message.get());
  if (top != nullptr) parsed_->walk(top, 0);
}

MessageParts::~MessageParts() = default;

Heading MessageParts::heading() const {
  GMimeMessage* const message = parsed_->message.get();
  Heading heading{.from = addresses(g_mime_message_get_from(message)),
                  .to = addresses(g_mime_message_get_to(message)),
                  .cc = addresses(g_mime_message_get_cc(message)),
                  .subject = heading_text(g_mime_message_get_subject(message)),
                  .date = {}};
  if (GDateTime* const date = g_mime_message_get_date(message)) {
    heading.date = base::format_rfc3339(
        std::chrono::sys_seconds(std::chrono::seconds(g_date_time_to_unix(date))));
  }
  return heading;
}

const std::vector<Part>& MessageParts::parts() const {
  return parsed_->parts;
}

bool MessageParts::is_complete() const {
  return parsed_->is_complete;
}

std::vector<BodyPiece> MessageParts::body(Body wanted) const {
  std::vector<BodyPiece> pieces;
  GMimeObject* const top = g_mime_message_get_mime_part(parsed_->message.get());
  std::size_t left = kMaxBody;
  if (top != nullptr) parsed_->collect(top, wanted == Body::kHtml, 0, left, pieces);
  return pieces;
}

std::string MessageParts::content(const Part& part) const {
  GMimeObject* const object = parsed_->objects.at(part.number - 1);
  if (GMIME_IS_PART(object)) return decoded(GMIME_PART(object));
  if (!GMIME_IS_MESSAGE_PART(object)) return {};
  GMimeMessage* const inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
  if (inner == nullptr) return {};
  const Object<GMimeStream> memory(g_mime_stream_mem_new());
  g_mime_object_write_to_stream(GMIME_OBJECT(inner), nullptr, memory.get());
  const GByteArray* const bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory.get()));
  return {reinterpret_cast<const char*>(bytes->data), bytes->len};
}

}  // namespace render
