#include "web/file_name.h"

#include "base/utf8.h"
#include "web/target.h"

namespace web {

namespace {

constexpr std::size_t kMaxFileName = 120;  // bytes

bool is_awkward(char32_t letter) {
  return base::is_control(letter) ||
         (letter < 0x80 && std::string_view("/\\:*?\"<>|%").find(static_cast<char>(letter)) !=
                               std::string_view::npos);
}

}  // namespace

std::string clean_file_name(std::string_view name) {
  std::string clean;
  while (!name.empty()) {
    const auto letter = base::first_code_point(name);
    const std::size_t length = letter ? letter->length : 1;
    if (clean.size() + length > kMaxFileName) {
      // The end of a long name says what kind of file it is.
      const std::size_t dot = name.rfind('.');
      const std::string_view ending = dot == std::string_view::npos ? "" : name.substr(dot, 12);
      if (ending.find_first_not_of(".ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789") == std::string_view::npos) {
        clean += ending;
      }
      break;
    }
    if (letter && !is_awkward(letter->value)) {
      clean += name.substr(0, length);
    } else {
      clean += '_';
    }
    name.remove_prefix(length);
  }
  // Names that begin with a dot are hidden; some systems drop dots and blanks at the end.
  while (clean.starts_with('.') || clean.starts_with(' ')) clean.erase(0, 1);
  while (clean.ends_with('.') || clean.ends_with(' ')) clean.pop_back();
  return clean.empty() ? "file" : clean;
}

std::string attachment_disposition(std::string_view name) {
  const std::string clean = clean_file_name(name);
  std::string plain;
  for (const char letter : clean) {
    plain += static_cast<unsigned char>(letter) < 0x80 ? letter : '_';
  }
  std::string disposition = "attachment; filename=\"" + plain + "\"";
  if (plain != clean) disposition += "; filename*=UTF-8''" + percent_encoded(clean);
  return disposition;
}

}  // namespace web
