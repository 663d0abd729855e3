// `mailstow-web render`, a process for each message: what reads MIME and HTML of strangers has
// neither sockets nor files, and only the one message.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/child.h"
#include "base/handle.h"
#include "web/allowance.h"
#include "web/frames.h"

namespace web {

// One run of the program. Ended at the latest with this object.
class Rendering {
 public:
  // `words`: the arguments after "render"; none of them is from a user. `deadline`: for all of it.
  Rendering(const std::string& program, const base::Fd& message,
            const std::vector<std::string>& words, std::chrono::steady_clock::time_point deadline);
  Rendering(const Rendering&) = delete;
  Rendering& operator=(const Rendering&) = delete;
  ~Rendering();

  // What it prints. Reading fails with a Problem after the deadline.
  FrameReader& frames() { return frames_; }

  // Fails with a Problem unless it has ended well before the deadline.
  void expect_success();

 private:
  std::string read_output();

  std::chrono::steady_clock::time_point deadline_;
  base::Fd output_;
  base::Child child_;
  FrameReader frames_;
};

struct RenderPatience {
  std::chrono::milliseconds queue = std::chrono::seconds(15);  // until it can begin
  std::chrono::milliseconds run = std::chrono::seconds(30);    // from its beginning to its end
};

struct RenderOrder {
  std::vector<std::string> words;  // as for Rendering
  std::uint64_t most = 0;          // bytes that it may print
  std::string sharer = {};         // whose it is
  // Takes memory for so many bytes, or fails with a Problem.
  std::function<std::shared_ptr<void>(std::uint64_t)> take_memory = {};
};

// Bounds how many run at a time. Thread-safe.
class Renderer {
 public:
  static constexpr unsigned kMaxAtOnce = 4;
  static constexpr unsigned kMaxOfSharer = 2;

  explicit Renderer(std::string program, RenderPatience patience = {})
      : program_(std::move(program)), patience_(patience) {}

  // All that it prints for one frame: its head, and the bytes. Fails with a Problem.
  struct Rendered {
    std::string head;  // a JSON object in a line
    std::string bytes;
    std::shared_ptr<void> memory;  // for the bytes
  };
  Rendered run(const base::Fd& message, const RenderOrder& order) const;

 private:
  std::string program_;
  RenderPatience patience_;
  mutable Allowance places_{kMaxAtOnce, kMaxOfSharer};
};

}  // namespace web
