// The fields of an entity's header that the scanner needs: Content-Type and
// Content-Transfer-Encoding.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/message/mime_scanner.h"

namespace store {

enum class MimeKind : std::uint8_t {
  kLeaf,
  kMessage,  // message/rfc822 (RFC 2046, section 5.2.1) or message/global (RFC 6532)
  kMultipart,
  kDigest,  // multipart/digest, whose children are messages unless they say otherwise
};

inline bool is_multipart(MimeKind kind) {
  return kind == MimeKind::kMultipart || kind == MimeKind::kDigest;
}

// Fed line by line. If a field occurs twice, the first counts.
class MimeHeader {
 public:
  explicit MimeHeader(MimeKind without_type) : without_type_(without_type) {}

  // A line without its line end, folded lines one by one; not empty.
  void take_line(std::string_view line);

  MimeKind kind() const;
  TransferEncoding encoding() const;

  // Empty if there is no boundary, or none that a scanner should trust.
  std::string boundary() const;

 private:
  // A field's text is kept up to this many bytes: boundaries have 70 at most.
  static constexpr std::size_t kMaxField = 4'096;

  MimeKind without_type_;
  std::string type_;
  std::string encoding_;
  std::string* open_ = nullptr;  // the field that a folded line belongs to
};

}  // namespace store
