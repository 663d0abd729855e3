// Frames: a line of JSON, and as many bytes as its "size" says. The desk streams mail in them, and
// the renderer prints its results.
#pragma once

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

  explicit FrameReader(Source source);

  // The head of the next frame, after the rest of the present one; nullopt at the end. Fails with a
  // Problem if it is not one.
  std::optional<nlohmann::ordered_json> next();

  std::uint64_t left() const { return left_; }  // bytes of the frame that are not yet read

  // The next bytes of the frame, empty at its end. Fails with a Problem if the source ends before.
  std::string read();

 private:
  Source source_;
  std::string received_;
  std::uint64_t left_ = 0;
};

}  // namespace web
