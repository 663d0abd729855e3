#include "web/mail_answers.h"

#include <cerrno>
#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/json_text.h"
#include "base/memory_file.h"
#include "web/answer_headers.h"
#include "web/file_name.h"
#include "web/frames.h"
#include "web/problem.h"
#include "web/shelf.h"

namespace web {

namespace {

using nlohmann::ordered_json;
using Message = std::shared_ptr<const ShelvedMessage>;

constexpr std::uint64_t kMaxShown = std::uint64_t{64} << 20U;     // bytes of a message
constexpr std::uint64_t kMaxDocument = std::uint64_t{48} << 20U;  // bytes of what is made of it
constexpr std::uint64_t kMaxPartList = std::uint64_t{4} << 20U;
constexpr unsigned kMaxPart = 10'000;

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
  message->file = base::memory_file("a message", {});
  while (frames.left() > 0) {
    const std::string bytes = frames.read();
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const ssize_t written = ::write(message->file.get(), rest.data(), rest.size());
      if (written < 0) throw Problem(ProblemKind::kBusy);
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  // The renderer reads from where the file stands.
  if (::lseek(message->file.get(), 0, SEEK_SET) != 0) throw Problem(ProblemKind::kInternal);
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

Renderer::Rendered render(const Visit& visit, const Message& message,
                          std::vector<std::string> words, std::uint64_t most) {
  return visit.services.renderer.run(message->file, {.words = std::move(words),
                                                     .most = most,
                                                     .sharer = visit.sharer(),
                                                     .take_memory = [&](std::uint64_t bytes) {
                                                       return take_memory(visit, bytes);
                                                     }});
}

// The renderer has read what strangers wrote: what it says is checked like that.
ordered_json head_of(const Renderer::Rendered& rendered) {
  ordered_json head = base::parse_json(rendered.head);
  if (!head.is_object()) throw Problem(ProblemKind::kUnshowable);
  return head;
}

std::string text_at(const ordered_json& head, const char* member) {
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
  const auto rendered = render(visit, message, {"parts"}, kMaxPartList);
  const ordered_json document = base::parse_json(rendered.bytes);
  if (!document.is_object()) throw Problem(ProblemKind::kUnshowable);
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
  auto rendered = render(visit, message, {"part", std::to_string(number)}, kMaxShown);
  const ordered_json head = head_of(rendered);
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
  auto rendered = render(visit, message, {as}, kMaxDocument);
  HttpAnswer answer{.headers = {{"Content-Type", "text/html; charset=utf-8"}},
                    .body = std::move(rendered.bytes),
                    .held = {std::move(rendered.memory)}};
  protect(answer, pictures.empty() ? AnswerKind::kMail : AnswerKind::kMailWithPictures);
  return answer;
}

}  // namespace web
