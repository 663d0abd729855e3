#include "web/mail_answers.h"

#include <array>
#include <charconv>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/memory_file.h"
#include "base/program/strict_json.h"
#include "base/terminal.h"
#include "web/answer_headers.h"
#include "web/file_name.h"
#include "web/frames.h"
#include "web/problem.h"
#include "web/shelf.h"

namespace web {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using Message = std::shared_ptr<const ShelvedMessage>;

constexpr std::uint64_t kMaxShown = std::uint64_t{64} << 20U;     // bytes of a message
constexpr std::uint64_t kMaxDocument = std::uint64_t{48} << 20U;  // bytes of what is made of it
constexpr std::uint64_t kMaxPartList = std::uint64_t{4} << 20U;
constexpr unsigned kMaxPart = 10'000;
constexpr std::size_t kMaxOutputDepth = 6;

// A member of what the renderer prints.
struct OutputMember {
  const char* name;
  json::value_t kind;
};

[[noreturn]] void refuse_output(std::string_view why) {
  base::log_warning("render: its output is not what it should be: {}",
                    base::escape_for_terminal(why));
  throw Problem(ProblemKind::kUnshowable);
}

// The frame of one message, with its size.
FrameReader open_message(const Visit& visit, const ordered_json& asked) {
  auto stream = std::make_shared<DeskStream>(visit.services.desk.open_stream(asked));
  FrameReader frames([stream] { return stream->read(); });
  const auto head = frames.next();
  if (!head || !head->contains("size")) throw Problem(ProblemKind::kInternal);
  return frames;
}

Message fetch_message(const Visit& visit, const ordered_json& asked) {
  FrameReader frames = open_message(visit, asked);
  if (frames.left() > kMaxShown) {
    throw Problem(ProblemKind::kUnshowable, "this message is too large to be shown: download it");
  }
  auto message = std::make_shared<ShelvedMessage>();
  message->size = frames.left();
  message->memory = take_memory(visit, message->size);
  base::MemoryFileWriter file("a message");
  try {
    while (frames.left() > 0) file.append(base::as_bytes(frames.read()));
    message->file = file.finish();
  } catch (const base::Error& error) {
    base::log_error("{}", error.what());
    throw Problem(ProblemKind::kBusy);
  }
  // The desk says at the end whether it is complete.
  if (frames.next()) throw Problem(ProblemKind::kInternal);
  return message;
}

// For owners, a message that was just opened. For staff, the desk decides each time: their grant
// may have ended.
Message find_message(const Visit& visit, const ordered_json& asked) {
  if (!visit.services.settings.has_owners()) return fetch_message(visit, asked);
  const Shelf::Place place{.token = visit.token,
                           .account = visit.holder.account,
                           .message = std::string(visit.value("message"))};
  if (Message known = visit.services.shelf.find(place)) {
    visit.services.desk.ask(
        {{"request", "me"}, {"client", visit.client}, {"session", visit.token}});
    return known;
  }
  Message message = fetch_message(visit, asked);
  visit.services.shelf.add(place, message);
  return message;
}

Renderer::Rendered render_message(const Visit& visit, const Message& message,
                                  std::vector<std::string> words, std::uint64_t most) {
  return visit.services.renderer.run(message->file, {.words = std::move(words),
                                                     .most = most,
                                                     .sharer = visit.sharer(),
                                                     .take_memory = [&](std::uint64_t bytes) {
                                                       return take_memory(visit, bytes);
                                                     }});
}

// The renderer has read what strangers wrote: its output is checked like that.
json parse_output(std::string_view text) {
  json output;
  const std::string why = base::parse_strictly(text, kMaxOutputDepth, output);
  if (!why.empty()) refuse_output(why);
  if (!output.is_object()) refuse_output("it is no object");
  return output;
}

// The members, all of their kind, and no others.
ordered_json checked(const json& output, std::span<const OutputMember> members) {
  ordered_json document = ordered_json::object();
  for (const OutputMember& member : members) {
    const auto found = output.find(member.name);
    if (found == output.end() || found->type() != member.kind) refuse_output(member.name);
    document[member.name] = *found;
  }
  return document;
}

ordered_json checked_parts(const json& output) {
  using Kind = json::value_t;
  constexpr std::array kHeading = {
      OutputMember{"from", Kind::string},     OutputMember{"to", Kind::string},
      OutputMember{"cc", Kind::string},       OutputMember{"subject", Kind::string},
      OutputMember{"date", Kind::string},     OutputMember{"has_html", Kind::boolean},
      OutputMember{"complete", Kind::boolean}};
  constexpr std::array kPart = {
      OutputMember{"part", Kind::number_unsigned}, OutputMember{"type", Kind::string},
      OutputMember{"name", Kind::string}, OutputMember{"attachment", Kind::boolean},
      OutputMember{"size", Kind::number_unsigned}};
  ordered_json document = checked(output, kHeading);
  const auto parts = output.find("parts");
  if (parts == output.end() || !parts->is_array() || parts->size() > kMaxPart) {
    refuse_output("parts");
  }
  document["parts"] = ordered_json::array();
  for (const json& part : *parts) document["parts"].push_back(checked(part, kPart));
  return document;
}

std::string text_at(const json& head, const char* member) {
  const auto found = head.find(member);
  return found != head.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

HttpAnswer raw_message(const Visit& visit, const ordered_json& asked) {
  const auto frames = std::make_shared<FrameReader>(open_message(visit, asked));
  HttpAnswer answer;
  answer.size = frames->left();
  answer.headers = {
      {"Content-Type", "application/octet-stream"},
      {"Content-Disposition", attachment_disposition(fmt::format(
                                  "message-{}.eml", visit.value("message").substr(0, 12)))}};
  answer.more = [frames]() -> std::string {
    std::string bytes = frames->read();
    // No further piece is asked for: now the desk says whether the message is complete.
    if (frames->left() == 0) frames->next();
    return bytes;
  };
  protect(answer, AnswerKind::kFile);
  return answer;
}

HttpAnswer message_parts(const Visit& visit, const ordered_json& asked) {
  const Message message = find_message(visit, asked);
  const auto rendered = render_message(visit, message, {"parts"}, kMaxPartList);
  const ordered_json document = checked_parts(parse_output(rendered.bytes));
  HttpAnswer answer{.headers = {{"Content-Type", "application/json"}},
                    .body = base::json_line(document) + "\n",
                    .held = {rendered.memory}};
  protect(answer, AnswerKind::kData);
  return answer;
}

HttpAnswer message_part(const Visit& visit, const ordered_json& asked) {
  const std::string_view text = visit.value("part");
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > kMaxPart) {
    throw Problem(ProblemKind::kNotFound);
  }
  const Message message = find_message(visit, asked);
  auto rendered = render_message(visit, message, {"part", std::to_string(number)}, kMaxShown);
  const json head = parse_output(rendered.head);
  if (head.contains("missing")) throw Problem(ProblemKind::kNotFound);
  std::string name = text_at(head, "name");
  if (name.empty()) name = fmt::format("part-{}", number);
  HttpAnswer answer{.headers = {{"Content-Type", "application/octet-stream"},
                                {"Content-Disposition", attachment_disposition(name)}},
                    .body = std::move(rendered.bytes),
                    .held = {std::move(rendered.memory)}};
  protect(answer, AnswerKind::kFile);
  return answer;
}

HttpAnswer message_view(const Visit& visit, const ordered_json& asked) {
  const std::string as(visit.value("as").empty() ? "html" : visit.value("as"));
  if (as != "html" && as != "text" && as != "source") {
    throw Problem(ProblemKind::kUsage, "/as: it must be html, text or source");
  }
  const std::string_view pictures = visit.value("pictures");
  // They would show the sender that the message was opened.
  if (!pictures.empty() && (pictures != "https" || visit.holder.role != "owner")) {
    throw Problem(ProblemKind::kUsage, "/pictures: it must be https, and is for owners only");
  }
  const Message message = find_message(visit, asked);
  auto rendered = render_message(visit, message, {as}, kMaxDocument);
  HttpAnswer answer{.headers = {{"Content-Type", "text/html; charset=utf-8"}},
                    .body = std::move(rendered.bytes),
                    .held = {std::move(rendered.memory)}};
  protect(answer, pictures.empty() ? AnswerKind::kMail : AnswerKind::kMailWithPictures);
  return answer;
}

}  // namespace web
