#include "restore/target_name.h"

#include <utility>

#include <fmt/core.h>

#include "base/utf8.h"
#include "imap/folder_name.h"
#include "store/format/crypto.h"

namespace restore {

namespace {

constexpr std::size_t kCharactersKept = 40;  // of the last level of a name that is too long
constexpr std::size_t kDigits = 8;           // of the digest

std::string with_digest(std::string_view name, std::string_view source) {
  return fmt::format("{}~{}", name, store::sha256(base::as_bytes(source)).hex().substr(0, kDigits));
}

// In shown names '/' within a level is %2F.
std::string without_delimiter(std::string_view source, char delimiter) {
  static constexpr std::string_view kSlash = "%2F";
  std::string name;
  for (std::size_t at = 0; at < source.size(); ++at) {
    if (delimiter == '/' && source.substr(at).starts_with(kSlash)) {
      name += '_';
      at += kSlash.size() - 1;
    } else {
      name += source[at] == delimiter && delimiter != '/' ? '_' : source[at];
    }
  }
  return name;
}

std::string beginning(std::string_view text, std::size_t characters) {
  std::size_t end = 0;
  for (; end < text.size() && characters > 0; --characters) {
    const auto next = base::first_code_point(text.substr(end));
    end += next ? next->length : 1;
  }
  return std::string(text.substr(0, end));
}

}  // namespace

TargetNamer::TargetNamer(std::string top, char delimiter, std::string personal_prefix)
    : top_(std::move(top)), delimiter_(delimiter), personal_prefix_(std::move(personal_prefix)) {}

std::string TargetNamer::below_top(const std::string& name) const {
  return top_.empty() ? name : top_ + "/" + name;
}

bool TargetNamer::is_too_long(const std::string& shown) const {
  return imap::raw_folder_name(shown, delimiter_, personal_prefix_).size() > kMaxRawName;
}

TargetNamer::Named TargetNamer::name(std::string_view source) {
  std::string name = without_delimiter(source, delimiter_);
  std::string why;
  if (name != source) why = fmt::format("'{}' separates levels on this server", delimiter_);
  if (is_too_long(below_top(name))) {
    why = "its name would be too long";
    const std::size_t slash = name.rfind('/');
    name = with_digest(
        beginning(slash == std::string::npos ? name : name.substr(slash + 1), kCharactersKept),
        source);
    if (is_too_long(below_top(name))) name = with_digest("", source);
  }
  if (!given_.insert(name).second) {
    why = "another folder has this name here";
    name = with_digest(name, source);
    given_.insert(name);
  }
  return {below_top(name), why};
}

}  // namespace restore
