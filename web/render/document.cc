#include "web/render/document.h"

#include <array>
#include <map>

#include <glib.h>

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/handle.h"
#include "base/utf8.h"

namespace render {

namespace {

constexpr std::size_t kMaxPictures = std::size_t{24} << 20U;  // bytes of data: in a document
constexpr std::size_t kMaxContentId = 512;

constexpr std::string_view kHead =
    "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<base target=\"_blank\">\n"
    "<title>Message</title>\n";
constexpr std::string_view kTextStyle =
    "<style>\n:root { color-scheme: light dark; }\n"
    "pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.5rem; }\n</style>\n";

struct PictureKind {
  std::string_view type;
  std::string_view begin;
  std::size_t then_at = 0;
  std::string_view then = {};
};

constexpr std::array<PictureKind, 5> kPictureKinds = {{{"image/png", "\x89PNG\r\n\x1a\n"},
                                                       {"image/jpeg", "\xff\xd8\xff"},
                                                       {"image/gif", "GIF87a"},
                                                       {"image/gif", "GIF89a"},
                                                       {"image/webp", "RIFF", 8, "WEBP"}}};

// Where a cid: URL ends: at what ends an attribute or url() in CSS.
std::size_t end_of_url(std::string_view html, std::size_t begin) {
  const std::size_t end = html.find_first_of("\"'()<> \t\r\n\f", begin);
  return end == std::string_view::npos ? html.size() : end;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = text[at] == '%' ? base::from_hex(text.substr(at + 1, 2)) : std::nullopt;
    if (byte && byte->size() == 1) {
      decoded += static_cast<char>(byte->front());
      at += 2;
    } else {
      decoded += text[at];
    }
  }
  return decoded;
}

class Pictures {
 public:
  explicit Pictures(const FindPicture& find) : find_(find) {}

  // With the pictures in place of their cid: URLs.
  std::string put_into(std::string_view html) {
    std::string result;
    constexpr std::string_view kScheme = "cid:";
    std::size_t kept = 0;
    for (std::size_t at = 0; at + kScheme.size() < html.size(); ++at) {
      if (!base::equal_ignoring_case(html.substr(at, kScheme.size()), kScheme)) continue;
      const std::size_t begin = at + kScheme.size();
      const std::size_t end = end_of_url(html, begin);
      if (end - begin > kMaxContentId) continue;
      const std::string& url = url_of(percent_decoded(html.substr(begin, end - begin)));
      if (url.empty() || bytes_ + url.size() > kMaxPictures) continue;
      bytes_ += url.size();
      result += html.substr(kept, at - kept);
      result += url;
      kept = end;
      at = end - 1;
    }
    result += html.substr(kept);
    return result;
  }

 private:
  const std::string& url_of(const std::string& content_id) {
    const auto known = urls_.find(content_id);
    if (known != urls_.end()) return known->second;
    return urls_.emplace(content_id, data_url(find_(content_id))).first->second;
  }

  const FindPicture& find_;
  std::map<std::string, std::string> urls_;
  std::size_t bytes_ = 0;
};

// The length of a link at the beginning of `text`; 0 if the text does not begin with one.
std::size_t link_length(std::string_view text) {
  if (!base::starts_with_ignoring_case(text, "https://") &&
      !base::starts_with_ignoring_case(text, "http://")) {
    return 0;
  }
  std::size_t end = text.find("://") + 3;
  const std::size_t shortest = end;
  while (end < text.size() && static_cast<unsigned char>(text[end]) > 0x20 &&
         std::string_view("<>\"'`{}|\\^").find(text[end]) == std::string_view::npos) {
    ++end;
  }
  // Punctuation at its end belongs to the sentence.
  while (end > shortest &&
         std::string_view(".,;:!?)]").find(text[end - 1]) != std::string_view::npos) {
    --end;
  }
  constexpr std::size_t kMaxLink = 2'000;
  return end > shortest && end <= kMaxLink ? end : 0;
}

std::string with_links(std::string_view text) {
  std::string result;
  std::size_t kept = 0;
  for (std::size_t at = text.find("://"); at != std::string_view::npos; at = text.find("://", at)) {
    std::size_t begin = at;
    while (begin > kept && at - begin < 5 && base::to_lower(text[begin - 1]) >= 'a' &&
           base::to_lower(text[begin - 1]) <= 'z') {
      --begin;
    }
    const std::size_t length = link_length(text.substr(begin));
    at += 3;
    if (length == 0) continue;
    const std::string link = escape_html(text.substr(begin, length));
    result += escape_html(text.substr(kept, begin - kept));
    result += "<a rel=\"noopener noreferrer\" href=\"" + link + "\">" + link + "</a>";
    kept = begin + length;
    at = kept;
  }
  result += escape_html(text.substr(kept));
  return result;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string result;
  result.reserve(text.size() + text.size() / 16);
  while (!text.empty()) {
    const auto letter = base::first_code_point(text);
    const std::size_t length = letter ? letter->length : 1;
    if (!letter) {
      result += "\xef\xbf\xbd";
    } else if (letter->value == '&') {
      result += "&amp;";
    } else if (letter->value == '<') {
      result += "&lt;";
    } else if (letter->value == '>') {
      result += "&gt;";
    } else if (letter->value == '"') {
      result += "&quot;";
    } else if (letter->value == '\'') {
      result += "&#39;";
    } else if (letter->value == '\n' || letter->value == '\t' ||
               (letter->value >= 0x20 && letter->value != 0x7f &&
                (letter->value < 0x80 || letter->value > 0x9f))) {
      result += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return result;
}

std::string data_url(std::string_view picture) {
  for (const PictureKind& kind : kPictureKinds) {
    if (!picture.starts_with(kind.begin)) continue;
    if (!kind.then.empty() &&
        picture.substr(std::min(kind.then_at, picture.size())).substr(0, kind.then.size()) !=
            kind.then) {
      continue;
    }
    const base::Handle<char, g_free> encoded(
        g_base64_encode(reinterpret_cast<const unsigned char*>(picture.data()), picture.size()));
    return "data:" + std::string(kind.type) + ";base64," + encoded.get();
  }
  return {};
}

std::string html_document(const std::vector<BodyPiece>& pieces, const FindPicture& find_picture) {
  std::string document(kHead);
  Pictures pictures(find_picture);
  document += "</head>\n<body>\n";
  for (const BodyPiece& piece : pieces) {
    if (piece.is_html) {
      document += pictures.put_into(piece.text);
    } else {
      document += "<pre dir=\"auto\" style=\"white-space: pre-wrap\">" + with_links(piece.text) +
                  "</pre>\n";
    }
  }
  return document;
}

std::string text_document(std::string_view text) {
  std::string document(kHead);
  document += kTextStyle;
  document += "</head>\n<body>\n<pre dir=\"auto\">";
  document += with_links(text);
  document += "</pre>\n</body>\n</html>\n";
  return document;
}

}  // namespace render
