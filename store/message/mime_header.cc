#include "store/message/mime_header.h"

#include <algorithm>

#include "base/ascii.h"

namespace store {
namespace {

constexpr std::string_view kBlank = " \t\r";

// Longer ones are not boundaries (RFC 2046 allows 70) but an attempt to make comparisons expensive.
constexpr std::size_t kMaxBoundary = 250;

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(),
                    [](char want, char have) { return want == base::to_lower(have); });
}

bool is_word(std::string_view text, std::string_view word) {
  return text.size() == word.size() && starts_with_word(text, word);
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) + 1 - first);
}

// The value up to its parameters or a comment: "text/plain" in "text/plain (old); charset=x".
std::string_view bare_value(std::string_view field) {
  return trim(field.substr(0, field.find_first_of(";(")));
}

// Consumes a quoted string at the start of `rest`; returns it without quotes and backslashes.
std::string take_quoted(std::string_view& rest) {
  std::string value;
  std::size_t i = 1;
  for (; i < rest.size() && rest[i] != '"'; ++i) {
    if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
    value.push_back(rest[i]);
  }
  rest.remove_prefix(std::min(i + 1, rest.size()));
  return value;
}

std::string take_token(std::string_view& rest) {
  std::string value(rest.substr(0, rest.find_first_of("; \t\r")));
  rest.remove_prefix(value.size());
  return value;
}

}  // namespace

void MimeHeader::take_line(std::string_view line) {
  if (kBlank.find(line.front()) != std::string_view::npos) {
    if (open_ != nullptr && open_->size() + line.size() <= kMaxField) open_->append(line);
    return;
  }
  open_ = nullptr;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = trim(line.substr(0, colon));
  std::string* field = is_word(name, "content-type")                ? &type_
                       : is_word(name, "content-transfer-encoding") ? &encoding_
                                                                    : nullptr;
  if (field == nullptr || !field->empty()) return;
  field->assign(line.substr(colon + 1, kMaxField));
  open_ = field;
}

MimeKind MimeHeader::kind() const {
  const std::string_view type = bare_value(type_);
  if (type.empty()) return without_type_;
  if (is_word(type, "message/rfc822") || is_word(type, "message/global")) return MimeKind::kMessage;
  if (is_word(type, "multipart/digest")) return MimeKind::kDigest;
  return starts_with_word(type, "multipart/") ? MimeKind::kMultipart : MimeKind::kLeaf;
}

TransferEncoding MimeHeader::encoding() const {
  return is_word(bare_value(encoding_), "base64") ? TransferEncoding::kBase64
                                                  : TransferEncoding::kText;
}

std::string MimeHeader::boundary() const {
  std::string_view rest = type_;
  while (true) {
    const std::size_t semicolon = rest.find_first_of(";\"");
    if (semicolon == std::string_view::npos) return {};
    rest.remove_prefix(semicolon);
    if (rest.front() == '"') {  // a ";" within quotes does not begin a parameter
      take_quoted(rest);
      continue;
    }
    rest = rest.substr(1);
    const std::size_t equals = rest.find_first_of("=;\"");
    if (equals == std::string_view::npos) return {};
    const std::string_view name = trim(rest.substr(0, equals));
    if (rest[equals] != '=' || !is_word(name, "boundary")) {
      rest.remove_prefix(equals);
      continue;
    }
    rest.remove_prefix(equals + 1);
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
    if (rest.empty()) return {};
    std::string value = rest.front() == '"' ? take_quoted(rest) : take_token(rest);
    // The scanner strips trailing blanks from lines (RFC 2046: a boundary never ends with one).
    value.resize(trim(value).empty() ? 0 : value.find_last_not_of(kBlank) + 1);
    return value.size() <= kMaxBoundary ? value : std::string();
  }
}

}  // namespace store
