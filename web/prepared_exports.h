// Selections that wait for the request that downloads them, and what became of them: a browser
// saves an answer to a file only for a GET, which has no body, and shows a script nothing of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "web/mail_archive.h"

namespace web {

// How far a download is. Thread-safe.
class ExportProgress {
 public:
  enum class State {
    kReady,    // it was not requested yet
    kSending,  // the rest is on its way
    kDone,     // all was sent
    kBroken,   // the client, or what sends it, ended before
    kRefused,  // it did not begin: `code` says why
  };

  struct Sight {
    State state = State::kReady;
    std::uint64_t messages = 0;  // begun
    std::uint64_t damaged = 0;   // that can't be read, besides these
    std::uint64_t bytes = 0;     // of mail
    std::string code = {};       // of a problem
  };

  Sight look() const;
  void advance(const MailArchive& archive);      // so far it is
  void begin();                                  // once more after it was refused
  void end(State state, std::string code = {});  // the first end of one that has begun counts

 private:
  mutable std::mutex mutex_;
  Sight sight_;
};

std::string_view word_of(ExportProgress::State state);  // "ready", "sending", ...

struct PreparedExport {
  std::string token;    // of the session that may download it
  std::string account;  // as in the path
  std::string selection;
  ArchiveFormat format = ArchiveFormat::kEml;
  std::shared_ptr<ExportProgress> progress = std::make_shared<ExportProgress>();
  bool is_taken = false;
  std::chrono::steady_clock::time_point until{};
};

// Thread-safe.
class PreparedExports {
 public:
  static constexpr std::chrono::minutes kLasts{10};
  static constexpr std::chrono::minutes kShown{90};  // the progress, from the download on
  static constexpr std::size_t kMaxOfSession = 4;    // that are not over
  static constexpr std::size_t kMaxBytes = std::size_t{32} << 20U;  // of all selections

  // Returns its id; nullopt if there are too many.
  std::optional<std::string> add(PreparedExport prepared);

  // Once, unless it is put back. Nullopt if there is no such export of this session and account.
  std::optional<PreparedExport> take(const std::string& id, const std::string& token,
                                     const std::string& account);
  // For a download that did not begin.
  void put_back(const std::string& id, PreparedExport prepared);

  void forget_old(std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());
  void remove(const std::string& token);

  // The progress, also of one that was taken; the same.
  std::shared_ptr<const ExportProgress> find(const std::string& id, const std::string& token,
                                             const std::string& account);

 private:
  void forget_old_locked(std::chrono::steady_clock::time_point now);
  PreparedExport* find_own(const std::string& id, const std::string& token,
                           const std::string& account);  // with the mutex held

  std::mutex mutex_;
  std::map<std::string, PreparedExport> exports_;
};

}  // namespace web
