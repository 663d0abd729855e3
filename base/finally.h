// A scope guard.
#pragma once

#include <utility>

namespace base {

// Calls `action`, which must not throw, when the scope ends:
//   const Finally close([&] { ::close(fd); });
template <typename Action>
class [[nodiscard]] Finally {
 public:
  explicit Finally(Action action) : action_(std::move(action)) {}
  Finally(const Finally&) = delete;
  Finally& operator=(const Finally&) = delete;
  ~Finally() { action_(); }

 private:
  Action action_;
};

}  // namespace base
