#include "restore/export_path.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/utf8.h"
#include "store/format/crypto.h"

namespace restore {

namespace {

constexpr std::size_t kMaxName = 200;   // of 255; the rest is for suffixes that programs append
constexpr std::size_t kMaxPath = 1500;  // of 4096; the rest is for the target directory

// Names that an export gives to files of its own: no level of a folder's path may have them.
constexpr std::array<std::string_view, 6> kReserved = {
    "manifest.jsonl", "manifest-incomplete.jsonl", "cur", "new", "tmp", "dovecot-keywords"};
// Windows refuses these as names, also with an extension, because they are devices.
constexpr std::array<std::string_view, 4> kDevices = {"con", "prn", "aux", "nul"};
constexpr std::array<std::string_view, 2> kReservedEndings = {".mbox", ".eml"};

bool is_plain(char32_t character) {
  const bool is_letter = (character >= 'a' && character <= 'z') ||
                         (character >= 'A' && character <= 'Z') ||
                         (character >= '0' && character <= '9');
  const bool is_sign =
      character < 0x80 && std::string_view(" -_.,+=()[]&@%").find(static_cast<char>(character)) !=
                              std::string_view::npos;
  return is_letter || is_sign || (character >= 0x80 && !base::is_control(character));
}

std::string encoded(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("%{:02X}", static_cast<unsigned char>(byte));
  return text;
}

// "com1" to "lpt9", where the digit may be superscript too.
bool is_port(std::string_view stem) {
  if (!stem.starts_with("com") && !stem.starts_with("lpt")) return false;
  const std::string_view digit = stem.substr(3);
  return (digit.size() == 1 && digit[0] >= '0' && digit[0] <= '9') || digit == "\u00b9" ||
         digit == "\u00b2" || digit == "\u00b3";
}

bool is_device(std::string_view lower) {
  std::string_view stem = lower.substr(0, lower.find('.'));
  while (stem.ends_with(' ')) stem.remove_suffix(1);
  return std::find(kDevices.begin(), kDevices.end(), stem) != kDevices.end() || is_port(stem);
}

bool is_reserved(const std::string& name) {
  const std::string folded = base::fold_case(name);
  return std::find(kReserved.begin(), kReserved.end(), folded) != kReserved.end() ||
         std::any_of(kReservedEndings.begin(), kReservedEndings.end(),
                     [&](std::string_view ending) { return folded.ends_with(ending); });
}

// Where the last character of a text in UTF-8 begins; the text is not empty.
std::size_t last_character_of(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80) --at;
  return at;
}

}  // namespace

std::string file_name_of(std::string_view level) {
  std::string name;
  for (std::size_t at = 0; at < level.size();) {
    const auto next = base::first_code_point(level.substr(at));
    const std::size_t length = next ? next->length : 1;
    const std::string_view bytes = level.substr(at, length);
    // A leading dot hides a file or leaves the directory; trailing spaces and dots get lost.
    const bool is_edge = (at == 0 && (bytes == "." || bytes == " " || bytes == "-")) ||
                         (at + length == level.size() && (bytes == "." || bytes == " "));
    name += next && is_plain(next->value) && !is_edge ? std::string(bytes) : encoded(bytes);
    at += length;
  }
  if (name.empty()) return "%";
  if (is_device(base::lowered(name))) name = encoded(name.substr(0, 1)) + name.substr(1);
  if (is_reserved(name)) {
    const std::size_t last = last_character_of(name);
    name = name.substr(0, last) + encoded(name.substr(last));
  }
  if (name.size() <= kMaxName) return name;
  const std::string hash = store::sha256(base::as_bytes(level)).hex().substr(0, 16);
  std::size_t end = kMaxName - hash.size() - 1;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80) --end;
  return name.substr(0, end) + "~" + hash;
}

base::Path ExportPaths::path_of(std::string_view shown_name) {
  base::Path path;
  for (std::size_t at = 0; at <= shown_name.size();) {
    const std::size_t end = std::min(shown_name.find('/', at), shown_name.size());
    path /= file_name_of(shown_name.substr(at, end - at));
    at = end + 1;
  }
  if (path.native().size() > kMaxPath) path = file_name_of(shown_name);
  const std::string name = path.filename().string();
  for (int number = 2; !taken_.insert(base::fold_case(path.string())).second; ++number) {
    path.replace_filename(fmt::format("{}~{}", name, number));
  }
  return path;
}

}  // namespace restore
