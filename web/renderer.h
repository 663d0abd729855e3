// `mailstow-web render`, a process for each message: what reads MIME and HTML of strangers has
// neither sockets nor files, and only the one message.
#pragma once

#include <memory>
#include <semaphore>
#include <string>
#include <vector>

#include "base/child.h"
#include "base/handle.h"
#include "web/frames.h"

namespace web {

// One run of the program. Ended at the latest with this object.
class Rendering {
 public:
  // `words`: the arguments after "render"; none of them is from a user.
  Rendering(const std::string& program, const base::Fd& message,
            const std::vector<std::string>& words);
  Rendering(const Rendering&) = delete;
  Rendering& operator=(const Rendering&) = delete;
  ~Rendering();

  // What it prints. Reading fails with a Problem if it prints nothing for too long.
  FrameReader& frames() { return frames_; }

  // Fails with a Problem unless it ended well.
  void expect_success();

 private:
  std::string read_output();

  base::Fd output_;
  base::Child child_;
  FrameReader frames_;
};

// Bounds how many run at a time. Thread-safe.
class Renderer {
 public:
  static constexpr int kMaxAtOnce = 4;

  explicit Renderer(std::string program) : program_(std::move(program)) {}

  // All that it prints for one frame: its head, and the bytes. Fails with a Problem.
  struct Rendered {
    std::string head;  // a JSON object in a line
    std::string bytes;
  };
  Rendered run(const base::Fd& message, const std::vector<std::string>& words,
               std::uint64_t most) const;

 private:
  std::string program_;
  mutable std::counting_semaphore<kMaxAtOnce> free_{kMaxAtOnce};
};

}  // namespace web
