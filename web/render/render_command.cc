#include "web/render/render_command.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/error.h"
#include "base/json_text.h"
#include "base/program/program.h"
#include "web/render/confinement.h"
#include "web/render/document.h"
#include "web/render/message_parts.h"

namespace render {

namespace {

using nlohmann::ordered_json;

void print_frame(ordered_json head, std::string_view bytes) {
  head["size"] = bytes.size();
  base::print_result(base::json_line(head) + "\n");
  if (!bytes.empty()) base::print_result(bytes);
}

void print_parts(const MessageParts& message) {
  const Heading heading = message.heading();
  auto parts = ordered_json::array();
  bool has_html = false;
  for (const Part& part : message.parts()) {
    parts.push_back({{"part", part.number},
                     {"type", part.type},
                     {"name", part.name},
                     {"attachment", part.is_attachment},
                     {"size", message.content(part).size()}});
    if (!part.is_attachment && part.type == "text/html") has_html = true;
  }
  // As the content, since a head is bounded, and this is not.
  const ordered_json document = {{"from", heading.from},
                                 {"to", heading.to},
                                 {"cc", heading.cc},
                                 {"subject", heading.subject},
                                 {"date", heading.date},
                                 {"has_html", has_html},
                                 {"complete", message.is_complete()},
                                 {"parts", std::move(parts)}};
  print_frame(ordered_json::object(), base::json_line(document));
}

void print_part(const MessageParts& message, unsigned number) {
  const auto found = std::ranges::find(message.parts(), number, &Part::number);
  if (found == message.parts().end()) {
    print_frame({{"missing", true}}, {});
    return;
  }
  print_frame({{"name", found->name}, {"type", found->type}}, message.content(*found));
}

std::string joined_text(const std::vector<BodyPiece>& pieces) {
  std::string text;
  for (const BodyPiece& piece : pieces) {
    if (!text.empty()) text += "\n";
    text += piece.text;
  }
  return text;
}

void print_html(const MessageParts& message) {
  const std::vector<BodyPiece> pieces = message.body(Body::kHtml);
  if (std::ranges::none_of(pieces, &BodyPiece::is_html)) {
    print_frame(ordered_json::object(), text_document(joined_text(pieces)));
    return;
  }
  const auto find_picture = [&](const std::string& content_id) {
    const auto found = std::ranges::find_if(message.parts(), [&](const Part& part) {
      return !part.content_id.empty() && part.content_id == content_id;
    });
    return found == message.parts().end() ? std::string() : message.content(*found);
  };
  print_frame(ordered_json::object(), html_document(pieces, find_picture));
}

std::string source() {
  std::string bytes(kMaxBody, '\0');
  const ssize_t got = ::pread(STDIN_FILENO, bytes.data(), bytes.size(), 0);
  bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return to_utf8(bytes, "");
}

void render(const std::string& what, unsigned number) {
  if (what == "source") {
    print_frame(ordered_json::object(), text_document(source()));
    return;
  }
  const MessageParts message(STDIN_FILENO);
  if (what == "parts") {
    print_parts(message);
  } else if (what == "part") {
    print_part(message, number);
  } else if (what == "html") {
    print_html(message);
  } else {
    print_frame(ordered_json::object(), text_document(joined_text(message.body(Body::kText))));
  }
}

}  // namespace

base::Command render_command() {
  struct Words {
    std::string what;
    std::optional<std::uint32_t> part;
  };
  const auto words = std::make_shared<Words>();
  return {
      .name = "render",
      .help = "Take the message on stdin apart, for serve",
      .declare =
          [words](base::Options& options) {
            options.argument("what", words->what, "html, text, source, parts or part").required();
            options.argument("number", words->part, "Of the part");
          },
      .has_document = false,
      .without_environment =
          [words](const base::Path&, base::OutputFormat) {
            if (words->what != "html" && words->what != "text" && words->what != "source" &&
                words->what != "parts" && words->what != "part") {
              base::fail(base::ErrorCode::kUsage,
                         "render: what must be html, text, source, parts or part");
            }
            MessageParts::prepare();
            confine();
            const base::ExitStatus status =
                base::run_guarded("mailstow-web", base::OutputFormat::kText, [&] {
                  render(words->what, words->part.value_or(0));
                  return base::ExitStatus::kDone;
                });
            // Nothing is left to do, and little is left that may be done.
            ::_exit(static_cast<int>(status));
            return status;
          }};
}

}  // namespace render
