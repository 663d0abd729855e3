// Selections that wait for the request that downloads them: a browser saves an answer to a file
// only for a GET, which has no body.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace web {

struct PreparedExport {
  std::string token;    // of the session that may download it
  std::string account;  // as in the path
  std::string selection;
  std::chrono::steady_clock::time_point until{};
};

// Thread-safe.
class PreparedExports {
 public:
  static constexpr std::chrono::minutes kLasts{10};
  static constexpr std::size_t kMaxOfSession = 4;
  static constexpr std::size_t kMaxBytes = std::size_t{32} << 20U;  // of all selections

  // Returns its id; nullopt if there are too many.
  std::optional<std::string> add(PreparedExport prepared);

  // Once. Nullopt if there is no such export of this session and account.
  std::optional<PreparedExport> take(const std::string& id, const std::string& token,
                                     const std::string& account);

 private:
  void forget_old();  // with the mutex held

  std::mutex mutex_;
  std::map<std::string, PreparedExport> exports_;
};

}  // namespace web
