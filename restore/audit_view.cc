#include "restore/audit_view.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/error.h"
#include "base/glob.h"
#include "base/json_text.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/output.h"

namespace restore {

namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kMaxAuditTail = std::uint64_t{8} << 20U;  // bytes
constexpr std::size_t kLinesOfPage = 200;                         // unless a limit is given

// Lines of the log from the newest to the oldest: of the last kMaxAuditTail bytes before `end`, or
// before the end of the file.
class OlderLines {
 public:
  explicit OlderLines(const base::Environment& environment,
                      std::optional<std::uint64_t> end = std::nullopt) {
    const auto file = environment.files.open(environment.config.store.audit_log);
    if (!file) return;
    const std::uint64_t size = file->size();
    if (end && *end > size) return;
    const std::uint64_t last = end.value_or(size);
    begin_ = last > kMaxAuditTail ? last - kMaxAuditTail : 0;
    base::Bytes bytes(static_cast<std::size_t>(last - begin_));
    bytes.resize(file->read_at(begin_, bytes));
    text_ = base::to_text(bytes);
    is_at_line_end_ = text_.empty() || text_.ends_with('\n');
    if (begin_ > 0) {  // the first line is cut
      const std::size_t cut = std::min(text_.find('\n'), text_.size() - 1) + 1;
      text_.erase(0, cut);
      begin_ += cut;
    }
    rest_ = text_;
    is_found_ = true;
  }

  // False: there is no log, or it is shorter than `end`.
  bool is_found() const { return is_found_; }
  bool is_at_line_end() const { return is_at_line_end_; }

  // The next older line; a line that is no object is left out. Nullopt: all bytes are used up.
  std::optional<ordered_json> next() {
    while (!rest_.empty()) {
      if (rest_.ends_with('\n')) rest_.remove_suffix(1);
      const std::size_t start = rest_.rfind('\n') + 1;  // 0: it is the first line
      ordered_json line = base::parse_json(rest_.substr(start));
      rest_.remove_suffix(rest_.size() - start);
      if (line.is_object()) return line;
    }
    return std::nullopt;
  }

  // Where the line that next() returned last begins in the file; 0: there are no older ones.
  std::uint64_t place() const { return begin_ + rest_.size(); }

 private:
  std::uint64_t begin_ = 0;
  std::string text_;
  std::string_view rest_;
  bool is_found_ = false;
  bool is_at_line_end_ = true;
};

std::string text_in(const ordered_json& line, const char* field) {
  const auto found = line.find(field);
  return found != line.end() && found->is_string() ? found->get<std::string>() : "";
}

// When, who and what: not what was searched for.
ordered_json shown_line(const ordered_json& line, std::initializer_list<const char*> more = {}) {
  ordered_json shown = ordered_json::object();
  const auto show = [&](const char* field) {
    if (line.contains(field)) shown[field] = line.at(field);
  };
  for (const char* field : {"time", "user", "person", "role", "client", "command", "result"}) {
    show(field);
  }
  for (const char* field : more) show(field);
  return shown;
}

// An owner has a list of grants, without covert ones. An investigation must not show in the lines.
bool is_hidden_from_owner(const ordered_json& line) {
  const std::string command = text_in(line, "command");
  if (command == "ask-grant" || command == "approve") return true;
  const auto request = line.find("request");
  return request != line.end() && request->is_object() && request->value("covert", false);
}

// For a command that was typed on the server, its Unix user.
std::string person_in(const ordered_json& line) {
  std::string person = text_in(line, "person");
  if (person.empty()) person = text_in(line, "sudo_user");
  return person.empty() ? text_in(line, "user") : person;
}

// An owner may have a name that one of the staff has.
bool is_of_caller(const ordered_json& line, const base::Environment& environment) {
  return environment.on_behalf && text_in(line, "person") == environment.on_behalf->person &&
         text_in(line, "role") != "owner";
}

bool is_chosen(const ordered_json& line, const base::Environment& environment,
               const AuditLogOptions& options) {
  const std::string account = text_in(line, "account");
  if (!options.account.empty() && account != options.account) return false;
  if (options.only_own && !is_of_caller(line, environment)) return false;
  if (!options.person.empty() && person_in(line) != options.person) return false;
  if (!options.scope) return true;
  if (account.empty()) return is_of_caller(line, environment);
  return std::ranges::any_of(
      *options.scope, [&](const std::string& glob) { return base::glob_matches(glob, account); });
}

[[noreturn]] void refuse_cursor(const std::string& cursor) {
  base::fail(base::ErrorCode::kNotFound,
             "--after {}: the audit log has no such line, perhaps since it was rotated: begin with "
             "the newest",
             base::escape_for_terminal(cursor));
}

std::optional<std::uint64_t> place_of(const std::string& cursor) {
  if (cursor.empty()) return std::nullopt;
  std::uint64_t place = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), place);
  if (error != std::errc() || end != cursor.data() + cursor.size()) refuse_cursor(cursor);
  return place;
}

}  // namespace

base::ExitStatus print_audit_view(const base::Environment& environment,
                                  const AuditViewOptions& options) {
  OlderLines log(environment);
  const std::string since = base::format_rfc3339(options.since);
  auto lines = ordered_json::array();
  bool is_complete = false;
  while (lines.size() < options.limit) {
    const auto line = log.next();
    if (!line) break;
    if (text_in(*line, "time") < since) {
      is_complete = true;
      break;
    }
    if (text_in(*line, "account") != options.account) continue;
    if (options.is_for_owner && is_hidden_from_owner(*line)) continue;
    lines.push_back(shown_line(*line));
  }
  is_complete = is_complete || log.place() == 0;
  print(environment.format,
        {{"account", options.account}, {"lines", std::move(lines)}, {"complete", is_complete}}, "");
  return base::ExitStatus::kDone;
}

base::ExitStatus print_audit_log(const base::Environment& environment,
                                 const AuditLogOptions& options) {
  const auto end = place_of(options.page.after);
  OlderLines log(environment, end);
  if (end && (!log.is_found() || !log.is_at_line_end())) refuse_cursor(options.page.after);
  const std::size_t limit = options.page.limit > 0 ? options.page.limit : kLinesOfPage;
  auto lines = ordered_json::array();
  while (lines.size() < limit) {
    const auto line = log.next();
    if (!line) break;
    if (is_chosen(*line, environment, options)) {
      lines.push_back(shown_line(*line, {"account", "sudo_user"}));
    }
  }
  // A page that could not move on is the last one: no line is as long as what it read.
  const bool is_last = log.place() == 0 || (end && log.place() == *end);
  ordered_json next;
  if (!is_last) next = std::to_string(log.place());
  print(environment.format, {{"lines", std::move(lines)}, {"next", std::move(next)}}, "");
  return base::ExitStatus::kDone;
}

}  // namespace restore
