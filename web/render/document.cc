#include "web/render/document.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <glib.h>

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/handle.h"
#include "base/utf8.h"

namespace render {

namespace {

constexpr std::size_t kMaxPictures = std::size_t{24} << 20U;  // bytes of data: in a document
constexpr std::size_t kMaxContentId = 512;
constexpr std::size_t kMaxSought = 1'000;  // different pictures
constexpr std::size_t kMaxLink = 2'000;

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

// The length of the URL that `text` begins with, at most `most`: it ends at what ends an attribute
// or url() in CSS.
std::size_t url_length(std::string_view text, std::size_t most) {
  const std::size_t end = text.substr(0, most).find_first_of("\"'()<> \t\r\n\f");
  return end == std::string_view::npos ? std::min(most, text.size()) : end;
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
      const std::size_t length = url_length(html.substr(begin), kMaxContentId + 1);
      // Within a URL no other one begins. So each byte is read once or twice.
      const std::size_t end = begin + length;
      const std::size_t here = std::exchange(at, end - 1);
      if (length > kMaxContentId) continue;
      const std::string& url = url_of(percent_decoded(html.substr(begin, length)));
      if (url.empty() || bytes_ + url.size() > kMaxPictures) continue;
      bytes_ += url.size();
      result += html.substr(kept, here - kept);
      result += url;
      kept = end;
    }
    result += html.substr(kept);
    return result;
  }

 private:
  const std::string& url_of(const std::string& content_id) {
    static const std::string no_picture;
    const auto known = urls_.find(content_id);
    if (known != urls_.end()) return known->second;
    if (urls_.size() == kMaxSought) return no_picture;
    std::string url = data_url(find_(content_id));
    if (bytes_ + url.size() > kMaxPictures) url.clear();
    return urls_.emplace(content_id, std::move(url)).first->second;
  }

  const FindPicture& find_;
  std::map<std::string, std::string> urls_;
  std::size_t bytes_ = 0;
};

bool ends_word(char letter) {
  return static_cast<unsigned char>(letter) <= 0x20 ||
         std::string_view("<>\"'`{}|\\^").find(letter) != std::string_view::npos;
}

// The length of the word that `text` begins with.
std::size_t word_length(std::string_view text) {
  const auto* const end = std::ranges::find_if(text, ends_word);
  return static_cast<std::size_t>(end - text.begin());
}

bool begins_as_link(std::string_view text) {
  return base::starts_with_ignoring_case(text, "https://") ||
         base::starts_with_ignoring_case(text, "http://");
}

// The length of the link that `word` is; 0 if it is only a scheme.
std::size_t link_length(std::string_view word) {
  const std::size_t shortest = word.find("://") + 3;
  // Punctuation at its end belongs to the sentence.
  const std::size_t last = word.find_last_not_of(".,;:!?)]");
  return last == std::string_view::npos || last < shortest ? 0 : last + 1;
}

// Each word is read once, however many links its writer wants to see in it.
std::string with_links(std::string_view text) {
  std::string result;
  std::size_t kept = 0;
  for (std::size_t at = text.find("://"); at != std::string_view::npos; at = text.find("://", at)) {
    std::size_t begin = at;
    while (begin > kept && at - begin < 5 && base::to_lower(text[begin - 1]) >= 'a' &&
           base::to_lower(text[begin - 1]) <= 'z') {
      --begin;
    }
    at += 3;
    if (!begins_as_link(text.substr(begin))) continue;
    const std::string_view word = text.substr(begin, word_length(text.substr(begin)));
    at = begin + word.size();
    const std::size_t length = link_length(word);
    if (length == 0 || length > kMaxLink) continue;
    const std::string link = escape_html(word.substr(0, length));
    result += escape_html(text.substr(kept, begin - kept));
    result += "<a rel=\"noopener noreferrer\" href=\"" + link + "\">" + link + "</a>";
    kept = begin + length;
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
