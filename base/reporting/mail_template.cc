#include "base/reporting/mail_template.h"

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"

namespace base {

namespace {

constexpr std::uint64_t kMaxTemplate = std::uint64_t{256} * 1024;
constexpr std::string_view kSubject = "Subject: ";

// Removes the next line from `text` and returns it without its line ending.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

MailTemplate load_mail_template(FileSystem& files, const Path& path) {
  const auto bytes = read_file(files, path, kMaxTemplate, Links::kFollow);
  if (!bytes) fail(ErrorCode::kConfig, "read {}: there is no such file", path.string());
  std::string text = to_text(*bytes);
  std::erase(text, '\r');
  if (!is_utf8(text)) fail(ErrorCode::kConfig, "read {}: it is not in UTF-8", path.string());
  std::string_view rest = text;
  const std::string_view first = take_line(rest);
  if (!first.starts_with(kSubject) || first.size() == kSubject.size()) {
    fail(ErrorCode::kConfig,
         "read {}: its first line must be \"Subject: \" followed by the subject", path.string());
  }
  if (!take_line(rest).empty() || rest.empty()) {
    fail(ErrorCode::kConfig, "read {}: the subject must be followed by an empty line and a text",
         path.string());
  }
  return {std::string(first.substr(kSubject.size())), std::string(rest)};
}

std::string fill_in(std::string_view text, const std::map<std::string, std::string>& values) {
  std::string filled;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    filled += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) break;
    const std::size_t close = text.find('}');
    const auto value = close == std::string_view::npos
                           ? values.end()
                           : values.find(std::string(text.substr(1, close - 1)));
    filled += value == values.end() ? "{" : value->second;
    text.remove_prefix(value == values.end() ? 1 : close + 1);
  }
  return filled;
}

}  // namespace base
