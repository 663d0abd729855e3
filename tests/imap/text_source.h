// A Source that delivers the given bytes in pieces of a given size; then the connection is lost.
#pragma once

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "base/error.h"
#include "imap/lexer.h"

namespace imap {

class TextSource : public Source {
 public:
  explicit TextSource(std::string_view text,
                      std::size_t piece = std::numeric_limits<std::size_t>::max())
      : text_(text), piece_(piece) {}

  std::size_t read(std::span<std::byte> buffer) override {
    if (text_.empty()) base::fail(base::ErrorCode::kNetwork, "the connection is lost");
    const std::size_t length = std::min({buffer.size(), piece_, text_.size()});
    std::copy_n(base::as_bytes(text_).begin(), length, buffer.begin());
    text_.remove_prefix(length);
    return length;
  }

 private:
  std::string_view text_;
  std::size_t piece_;
};

}  // namespace imap
