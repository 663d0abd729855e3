// Frames: a line of JSON, and as many bytes as its "size" says. The desk streams mail in them, and
// the renderer prints its results.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace web {

class FrameReader {
 public:
  // The next bytes, empty at the end.
  using Source = std::function<std::string()>;

  static constexpr std::size_t kMaxHead = std::size_t{1} << 20U;  // bytes

  explicit FrameReader(Source source, std::size_t max_head = kMaxHead);

  // The head of the next frame, after the rest of the present one; nullopt at the end. Fails with a
  // Problem if it is not one.
  std::optional<nlohmann::ordered_json> next();

  std::uint64_t left() const { return left_; }  // bytes of the frame that are not yet read

  // The next bytes of the frame, empty at its end. Fails with a Problem if the source ends before.
  std::string read();

 private:
  Source source_;
  std::size_t max_head_;
  std::string received_;
  std::uint64_t left_ = 0;
};

}  // namespace web
