#include "store/message/mime_scanner.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "store/message/mime_header.h"

namespace store {
namespace {

constexpr std::string_view kLineBlank = " \t";

// A line without its end.
struct Line {
  std::size_t begin = 0;
  std::size_t next = 0;  // where the next line begins
  std::string_view text;
};

enum class BoundaryKind : std::uint8_t { kNone, kDelimiter, kClose };

// `text` is a line after its "--" and without trailing blanks. The whole line must match the
// boundary: "--ab" does not match boundary "a".
BoundaryKind match_boundary(std::string_view text, std::string_view boundary) {
  if (!text.starts_with(boundary)) return BoundaryKind::kNone;
  const std::string_view rest = text.substr(boundary.size());
  if (rest.empty()) return BoundaryKind::kDelimiter;
  return rest == "--" ? BoundaryKind::kClose : BoundaryKind::kNone;
}

class Scanner {
 public:
  Scanner(std::string_view message, const MimeLimits& limits, const std::function<void()>& rest)
      : message_(message), limits_(limits), rest_(rest) {
    map_.header_end = message.size();
  }

  MimeMap run() {
    std::size_t position = 0;
    while (position < message_.size() && map_.leaves.size() < limits_.max_leaves) {
      const Line line = line_at(position);
      position = line.next;
      if (!multiparts_.empty() && line.text.starts_with("--") && take_boundary(line)) continue;
      if (place_ == Place::kHeader) take_header_line(line);
    }
    end_leaf(message_.size());
    return std::move(map_);
  }

 private:
  static constexpr std::size_t kBetweenRests = std::size_t{8} << 20;

  Line line_at(std::size_t begin) {
    const std::size_t end = end_of_line(begin);
    std::string_view text = message_.substr(begin, end - begin);
    if (end == message_.size()) return {.begin = begin, .next = end, .text = text};
    if (text.ends_with('\r')) text.remove_suffix(1);
    return {.begin = begin, .next = end + 1, .text = text};
  }

  // The place of the next line feed, or the end of the message. A line may be as long as that.
  std::size_t end_of_line(std::size_t from) {
    for (;; from = rested_at_) {
      const std::size_t until = std::min(message_.size(), rested_at_ + kBetweenRests);
      const std::size_t found = message_.substr(0, until).find('\n', from);
      if (found != std::string_view::npos) return found;
      if (until == message_.size()) return until;
      rested_at_ = until;
      if (rest_) rest_();
    }
  }

  enum class Place : std::uint8_t {
    kHeader,
    kLeaf,
    kBetween,  // before the first boundary of a multipart, or after its last
  };

  struct Multipart {
    std::string boundary;
    MimeKind child = MimeKind::kLeaf;  // the kind of a child without Content-Type
  };

  // Inner boundaries take precedence. An outer one ends everything within it, so a missing end is
  // harmless.
  bool take_boundary(const Line& line) {
    std::string_view text = line.text.substr(2);
    text = text.substr(0, text.find_last_not_of(kLineBlank) + 1);
    for (std::size_t level = multiparts_.size(); level-- > 0;) {
      const BoundaryKind kind = match_boundary(text, multiparts_[level].boundary);
      if (kind == BoundaryKind::kNone) continue;
      end_leaf(line.begin);
      multiparts_.resize(level + (kind == BoundaryKind::kDelimiter ? 1 : 0));
      if (kind == BoundaryKind::kDelimiter)
        begin_header(multiparts_.back().child);
      else
        place_ = Place::kBetween;
      return true;
    }
    return false;
  }

  void begin_header(MimeKind without_type) {
    place_ = Place::kHeader;
    header_ = MimeHeader(without_type);
  }

  void take_header_line(const Line& line) {
    if (!line.text.empty()) {
      header_.take_line(line.text);
      return;
    }
    if (!seen_header_end_) map_.header_end = line.next;
    seen_header_end_ = true;
    begin_body(line.next);
  }

  void begin_body(std::size_t position) {
    const MimeKind kind = header_.kind();
    if (kind == MimeKind::kMessage && header_.encoding() == TransferEncoding::kText) {
      begin_header(MimeKind::kLeaf);
      return;
    }
    if (is_multipart(kind) && multiparts_.size() < limits_.max_depth) {
      if (std::string boundary = header_.boundary(); !boundary.empty()) {
        multiparts_.push_back(
            {.boundary = std::move(boundary),
             .child = kind == MimeKind::kDigest ? MimeKind::kMessage : MimeKind::kLeaf});
        place_ = Place::kBetween;
        return;
      }
    }
    place_ = Place::kLeaf;
    leaf_ = {.begin = position, .end = position, .encoding = header_.encoding()};
  }

  void end_leaf(std::size_t end) {
    if (place_ == Place::kLeaf && leaf_.begin < end) {
      leaf_.end = end;
      map_.leaves.push_back(leaf_);
    }
    place_ = Place::kBetween;
  }

  std::string_view message_;
  MimeLimits limits_;
  const std::function<void()>& rest_;
  std::size_t rested_at_ = 0;
  MimeMap map_;
  Place place_ = Place::kHeader;
  MimeHeader header_{MimeKind::kLeaf};
  MimeLeaf leaf_;
  std::vector<Multipart> multiparts_;
  bool seen_header_end_ = false;
};

}  // namespace

MimeMap scan_mime(base::ByteView message, const MimeLimits& limits,
                  const std::function<void()>& rest) {
  return Scanner(base::as_text(message), limits, rest).run();
}

}  // namespace store
