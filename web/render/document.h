// Documents for the frame in which a message is shown. They are shown only under the policy that
// forbids scripts and everything from elsewhere (web/answer_headers.h).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace render {

// A part of a message's body, in UTF-8.
struct BodyPiece {
  bool is_html = false;
  std::string text;
};

// The decoded content of the part with this Content-ID; empty: there is no such part.
using FindPicture = std::function<std::string(const std::string& content_id)>;

// HTML stays as it is, but for cid: pictures, which become a part of the document. Links open in
// a new tab.
std::string html_document(const std::vector<BodyPiece>& pieces, const FindPicture& find_picture);

// Text as text, with links that can be clicked.
std::string text_document(std::string_view text);

// "data:image/png;base64,..." for PNG, JPEG, GIF and WebP by their first bytes; empty for anything
// else, above all for SVG, which is a document.
std::string data_url(std::string_view picture);

// Escapes the characters that mean something in HTML, and leaves out control characters.
std::string escape_html(std::string_view text);

}  // namespace render
