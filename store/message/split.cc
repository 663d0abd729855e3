#include "store/message/split.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "store/message/base64.h"
#include "store/message/mime_scanner.h"
#include "store/message/recipe.h"

namespace store {
namespace {

// Whether decoded bytes compress better with text: no control characters except those used in text
// (ESC for ISO 2022). It depends on the bytes alone, so equal bytes always go to the same stream.
PartKind kind_of(base::ByteView decoded) {
  constexpr std::size_t kEnough = 4'096;
  constexpr std::string_view kTextControls = "\t\n\f\r\x1b";
  const std::string_view sample = base::as_text(decoded.first(std::min(decoded.size(), kEnough)));
  const bool text = std::ranges::all_of(sample, [&](char c) {
    return static_cast<unsigned char>(c) >= 0x20 || kTextControls.find(c) != std::string_view::npos;
  });
  return text ? PartKind::kText : PartKind::kBinary;
}

// Prevents a hostile message from having a huge record. No real message has this many.
constexpr std::size_t kMaxDecodedLeaves = 4'096;

class Splitter {
 public:
  Splitter(base::ByteView message, std::size_t header, PartSink& sink, const SplitLimits& limits)
      : message_(message),
        sink_(sink),
        limits_(limits),
        recipe_(message.size(), message.first(header)),
        text_begin_(header) {}

  // Called in the order of the message.
  void take_leaf(const MimeLeaf& leaf) {
    if (leaf.encoding == TransferEncoding::kBase64)
      take_base64(leaf);
    else if (leaf.end - leaf.begin >= limits_.smallest_text_leaf)
      take_text(leaf);
  }

  base::Bytes finish() {
    end_text(message_.size());
    return recipe_.take();
  }

 private:
  // Takes each run that can be decoded, so that one odd line costs no more than itself. A failed
  // attempt ends it, which keeps the time linear.
  void take_base64(const MimeLeaf& leaf) {
    std::size_t begin = leaf.begin;
    while (take_run(after_line_ends(begin, leaf.end), leaf.end))
      begin = after_line(text_begin_, leaf.end);
  }

  bool take_run(std::size_t begin, std::size_t end) {
    if (decoded_leaves_ == kMaxDecodedLeaves) return false;
    Base64Decoder decoder(message_.subspan(begin, end - begin));
    decoded_.resize(std::min(largest_piece(), (end - begin) / 4 * 3 + 3));
    base::ByteView piece(decoded_.data(), decoder.read(decoded_));
    if (piece.size() < std::max<std::size_t>(limits_.smallest_leaf, 1)) return false;
    end_text(begin);
    Base64Body encoded{.kind = kind_of(piece), .lines = decoder.lines(), .parts = {}};
    for (; !piece.empty(); piece = piece.first(decoder.read(decoded_)))
      encoded.parts.push_back(put(encoded.kind, piece));
    recipe_.add(encoded);
    ++decoded_leaves_;
    text_begin_ = begin + decoder.consumed();
    return true;
  }

  std::size_t after_line_ends(std::size_t begin, std::size_t end) const {
    return std::min(base::as_text(message_).find_first_not_of("\r\n", begin), end);
  }

  std::size_t after_line(std::size_t begin, std::size_t end) const {
    const std::size_t line_end = base::as_text(message_.first(end)).find('\n', begin);
    return line_end == std::string_view::npos ? end : line_end + 1;
  }

  void take_text(const MimeLeaf& leaf) {
    end_text(leaf.begin);
    end_text(leaf.end);
  }

  // Base64 can be divided only at a multiple of 3.
  std::size_t largest_piece() const {
    return std::max<std::size_t>(limits_.largest_part / 3 * 3, 3);
  }

  PartRef put(PartKind kind, base::ByteView bytes) {
    return {.id = sink_.put(kind, bytes), .length = bytes.size()};
  }

  void end_text(std::size_t end) {
    base::ByteView text = message_.subspan(text_begin_, end - text_begin_);
    text_begin_ = end;
    if (!text.empty() && text.size() <= limits_.largest_inline) {
      recipe_.add(InlineText{text});
      return;
    }
    while (!text.empty()) {
      const std::size_t length =
          std::min(text.size(), std::max<std::size_t>(limits_.largest_part, 1));
      recipe_.add(TextPart{put(PartKind::kText, text.first(length))});
      text = text.subspan(length);
    }
  }

  base::ByteView message_;
  PartSink& sink_;
  SplitLimits limits_;
  RecipeWriter recipe_;
  std::size_t text_begin_;  // text before it is in the recipe
  base::Bytes decoded_;
  std::size_t decoded_leaves_ = 0;
};

class Rebuilder {
 public:
  Rebuilder(PartSource& source, const std::function<void(base::ByteView)>& out)
      : source_(source), out_(out) {}

  void operator()(const InlineText& text) { out_(text.bytes); }
  void operator()(const TextPart& text) { out_(get(PartKind::kText, text.part)); }

  void operator()(const Base64Body& body) {
    Base64Encoder encoder(body.lines, out_);
    for (const PartRef& part : body.parts) encoder.write(get(body.kind, part));
    encoder.finish();
  }

 private:
  base::ByteView get(PartKind kind, const PartRef& part) {
    const base::ByteView bytes = source_.get(kind, part.id);
    if (bytes.size() != part.length) {
      base::fail(base::ErrorCode::kDamaged,
                 "rebuild message: part {}: it has {} bytes, its record says {}", part.id.hex(),
                 bytes.size(), part.length);
    }
    return bytes;
  }

  PartSource& source_;
  const std::function<void(base::ByteView)>& out_;
};

}  // namespace

base::Bytes split(base::ByteView message, PartSink& sink, const SplitLimits& limits) {
  const MimeMap map = scan_mime(message, {}, [&sink] { sink.rest(); });
  Splitter splitter(message, std::min(map.header_end, limits.largest_header), sink, limits);
  for (const MimeLeaf& leaf : map.leaves) splitter.take_leaf(leaf);
  return splitter.finish();
}

void rebuild(base::ByteView record, PartSource& source,
             const std::function<void(base::ByteView)>& out) {
  RecipeReader recipe(record);
  if (!recipe.header().empty()) out(recipe.header());
  Rebuilder rebuilder(source, out);
  while (!recipe.ended()) std::visit(rebuilder, recipe.next());
}

std::vector<std::pair<PartKind, ObjectId>> parts_of(base::ByteView record) {
  std::vector<std::pair<PartKind, ObjectId>> parts;
  for_each_part(record,
                [&](PartKind kind, const PartRef& part) { parts.emplace_back(kind, part.id); });
  return parts;
}

base::ByteView header_of(base::ByteView record) {
  return RecipeReader(record).header();
}

std::uint64_t message_size(base::ByteView record) {
  return RecipeReader(record).message_size();
}

}  // namespace store
