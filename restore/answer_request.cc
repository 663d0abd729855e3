#include "restore/answer_request.h"

#include <array>
#include <cerrno>
#include <utility>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/error.h"
#include "base/finally.h"
#include "base/json_text.h"
#include "restore/selection_audit.h"
#include "restore/selection_file.h"

namespace restore {

namespace {

using nlohmann::ordered_json;

constexpr const char* kPassword = "password";
constexpr std::size_t kMaxAuditedField = 1'024;  // bytes

[[noreturn]] void refuse_answer_request(std::string_view why) {
  base::fail(base::ErrorCode::kUsage, "answer: {}: only the restore desk starts this command", why);
}

}  // namespace

AnswerRequest::AnswerRequest() : document_(std::make_unique<ordered_json>()) {}
AnswerRequest::AnswerRequest(AnswerRequest&&) noexcept = default;
AnswerRequest& AnswerRequest::operator=(AnswerRequest&&) noexcept = default;
AnswerRequest::~AnswerRequest() = default;

AnswerRequest AnswerRequest::parse(std::string_view text) {
  AnswerRequest request;
  ordered_json& document = *request.document_;
  document = base::parse_json(text);
  if (!document.is_object()) refuse_answer_request("the request is not a JSON object");
  if (document.contains(kPassword)) {
    auto& password = document[kPassword].get_ref<std::string&>();
    request.password_ = base::Secret(password, base::LogMask::kOff);
    base::wipe(password);
    document.erase(kPassword);
  }
  request.command_ = request.text("command");
  request.account_ = request.text_or_empty("account");
  if (request.has("reach")) {
    const ordered_json& reach = document["reach"];
    if (!reach.is_object() || !reach.contains("since") || !reach.contains("sequence")) {
      refuse_answer_request("reach: it must have since and sequence");
    }
    const auto to_time = [](std::int64_t seconds) {
      return std::chrono::sys_seconds(std::chrono::seconds(seconds));
    };
    request.reach_ = Bound{.since = to_time(reach["since"].get<std::int64_t>()),
                           .sequence = reach["sequence"].get<std::uint64_t>(),
                           .holder = to_time(reach.value("holder", std::int64_t{0}))};
  }
  return request;
}

bool AnswerRequest::has(const char* field) const {
  return document_->contains(field);
}

std::string AnswerRequest::text(const char* field) const {
  const auto found = document_->find(field);
  if (found == document_->end() || !found->is_string()) {
    refuse_answer_request(std::string(field) + ": it must be a string");
  }
  return found->get<std::string>();
}

std::string AnswerRequest::text_or_empty(const char* field) const {
  return has(field) ? text(field) : "";
}

std::uint64_t AnswerRequest::number(const char* field) const {
  const auto found = document_->find(field);
  if (found == document_->end() || !found->is_number_unsigned()) {
    refuse_answer_request(std::string(field) + ": it must be a count");
  }
  return found->get<std::uint64_t>();
}

std::uint64_t AnswerRequest::number_or(const char* field, std::uint64_t otherwise) const {
  return has(field) ? number(field) : otherwise;
}

base::Page AnswerRequest::page() const {
  return {.limit = number_or("limit", 0), .after = text_or_empty("after")};
}

std::optional<std::vector<std::string>> AnswerRequest::scope() const {
  const auto found = document_->find("scope");
  if (found == document_->end()) return std::nullopt;
  std::vector<std::string> globs;
  for (const ordered_json& glob : *found) {
    if (!glob.is_string()) refuse_answer_request("scope: it must be a list of strings");
    globs.push_back(glob.get<std::string>());
  }
  return globs;
}

SelectionOptions AnswerRequest::selection() const {
  if (!has("selection")) refuse_answer_request("selection: it must be there");
  return parse_selection(base::json_line(document_->at("selection")));
}

ordered_json AnswerRequest::audited() const {
  ordered_json fields = ordered_json::object();
  for (const auto& [field, value] : document_->items()) {
    if (field == "command" || field == "account" || field == "reach" || field == "scope") continue;
    if (field == "selection") {
      fields.update(audit_details(selection()));
    } else if (!value.is_string() ||
               value.get_ref<const std::string&>().size() < kMaxAuditedField) {
      fields[field] = value;
    }
  }
  return {{"request", std::move(fields)}};
}

AnswerRequest read_answer_request() {
  std::string text;
  const base::Finally wipe_text([&] { base::wipe(text); });
  // Enough for a login from the beginning, so that no part of it stays in a smaller buffer.
  text.reserve(std::size_t{16} << 10U);
  std::array<char, 4'096> piece{};
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse_answer_request("stdin can't be read");
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > kMaxAnswerRequest) refuse_answer_request("the request is too long");
  }
  return AnswerRequest::parse(text);
}

}  // namespace restore
