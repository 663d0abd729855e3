#include "restore/target_name.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/bytes.h"
#include "base/utf8.h"
#include "imap/folder_name.h"
#include "store/format/crypto.h"

namespace restore {

namespace {

constexpr std::size_t kCharactersKept = 40;  // of the last level of a name that is too long
constexpr std::size_t kDigits = 8;           // of the digest
constexpr std::string_view kOutside = "%/";  // begins a shown name outside the personal namespace

std::string with_digest(std::string_view name, std::string_view source) {
  return fmt::format("{}~{}", name, store::sha256(base::as_bytes(source)).hex().substr(0, kDigits));
}

void add_reason(std::string& why, const std::string& reason) {
  if (why.find(reason) != std::string::npos) return;
  why += (why.empty() ? "" : "; ") + reason;
}

// The byte of an escape (%XX) at the beginning of a shown name's rest; nullopt: no escape.
std::optional<unsigned> escaped_byte(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return std::nullopt;
  const auto bytes = base::from_hex(text.substr(1, 2));
  if (!bytes) return std::nullopt;
  return std::to_integer<unsigned>(bytes->front());
}

constexpr unsigned kSpace = 0x20;
constexpr unsigned kDel = 0x7F;
constexpr unsigned kFirst8Bit = 0x80;

// One level of a shown name as every server accepts it. In shown names '/' within a level is %2F,
// and a level that is not modified UTF-7 ends in '%'.
std::string possible_level(std::string_view level, char delimiter, std::string& why) {
  const bool is_foreign = level.ends_with('%');
  const bool is_text =
      !is_foreign || base::is_utf8(imap::raw_folder_name(level, 0, ""));  // its bytes
  if (is_foreign) {
    level.remove_suffix(1);
    add_reason(why, "its name was not valid modified UTF-7");
  }
  const std::string reserved = fmt::format("'{}' separates levels on this server", delimiter);
  std::string name;
  for (std::size_t at = 0; at < level.size(); ++at) {
    const auto byte = escaped_byte(level.substr(at));
    if (!byte) {
      const bool is_reserved = level[at] == delimiter && delimiter != '/';
      if (is_reserved) add_reason(why, reserved);
      name += is_reserved ? '_' : level[at];
      continue;
    }
    const std::string_view escape = level.substr(at, 3);
    at += 2;
    if (*byte < kSpace || *byte == kDel) {
      add_reason(why, "servers refuse control characters");
      name += '_';
    } else if (*byte == '/' && delimiter == '/') {
      add_reason(why, reserved);
      name += '_';
    } else if (*byte >= kFirst8Bit && !is_text) {
      name += "%25";  // the escape itself becomes the text
      name += escape.substr(1);
    } else {
      name += escape;
    }
  }
  if (name.empty()) {
    add_reason(why, "servers refuse levels without a name");
    return "_";
  }
  if (name == "." || name == "..") {
    add_reason(why, "servers refuse levels named '.' or '..'");
    std::ranges::replace(name, '.', '_');
  }
  return name;
}

std::string possible_name(std::string_view source, char delimiter, std::string& why) {
  std::string name;
  for (;;) {
    const std::size_t end = source.find('/');
    name += possible_level(source.substr(0, end), delimiter, why);
    if (end == std::string_view::npos) return name;
    name += '/';
    source.remove_prefix(end + 1);
  }
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

std::string TargetNamer::raw(const std::string& name) const {
  return imap::raw_folder_name(below_top(name), delimiter_, personal_prefix_);
}

bool TargetNamer::is_too_long(const std::string& name) const {
  return raw(name).size() > kMaxRawName;
}

TargetNamer::Named TargetNamer::name(std::string_view source) {
  std::string why;
  std::string_view levels = source;
  const bool is_outside = levels.starts_with(kOutside);
  if (is_outside) levels.remove_prefix(kOutside.size());
  std::string name = possible_name(levels, delimiter_, why);
  if (is_outside && top_.empty()) name.insert(0, kOutside);
  if (is_outside && !top_.empty()) add_reason(why, "it was outside the account's own folders");
  if (is_too_long(name)) {
    add_reason(why, "its name would be too long");
    const std::size_t slash = name.rfind('/');
    name = with_digest(
        beginning(slash == std::string::npos ? name : name.substr(slash + 1), kCharactersKept),
        source);
    if (is_too_long(name)) name = with_digest("", source);
  }
  if (!given_.insert(raw(name)).second) {
    add_reason(why, "another folder has this name here");
    name = with_digest(name, source);
    if (is_too_long(name)) name = with_digest("", source);
    given_.insert(raw(name));
  }
  return {below_top(name), why};
}

std::string TargetNamer::last_resort(std::string_view source) {
  return with_digest("folder", source);
}

}  // namespace restore
