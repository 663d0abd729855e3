// Any bytes as a message: taken apart within its bounds, and shown as UTF-8.
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/memory_file.h"
#include "base/utf8.h"
#include "tests/fuzz/fuzzer.h"
#include "web/render/document.h"
#include "web/render/message_parts.h"

namespace {

using fuzz::require;

void show(const render::MessageParts& message) {
  const render::Heading heading = message.heading();
  for (const std::string& text : {heading.from, heading.to, heading.cc, heading.subject}) {
    require(base::is_utf8(text) && text.find('\n') == std::string::npos);
  }
  require(message.parts().size() <= render::kMaxParts);
  for (const render::Part& part : message.parts()) {
    require(base::is_utf8(part.name) && base::is_utf8(part.content_id));
    static_cast<void>(message.content(part));
  }
  for (const auto body : {render::Body::kHtml, render::Body::kText}) {
    std::string text;
    for (const render::BodyPiece& piece : message.body(body)) {
      require(piece.text.size() <= render::kMaxBody + 16);
      text += piece.text;
    }
    const std::string document = render::text_document(text);
    require(document.find("<script") == std::string::npos);
  }
  static_cast<void>(
      render::html_document(message.body(render::Body::kHtml), [&](const std::string& content_id) {
        for (const render::Part& part : message.parts()) {
          if (part.content_id == content_id) return message.content(part);
        }
        return std::string();
      }));
}

}  // namespace

MAILSTOW_FUZZER(web_render_fuzz) {
  render::MessageParts::prepare();
  const base::Fd file = base::memory_file("a message", std::as_bytes(std::span(data, size)));
  try {
    show(render::MessageParts(file.get()));
  } catch (const base::Error& error) {
    require(error.code() == base::ErrorCode::kDamaged);
  }
  return 0;
}
