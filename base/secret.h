// Passwords and keys: never printed, wiped when destroyed.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

// Whether a log line that contains the text of a live Secret, of four characters or more, shows
// "***" in its place (base/log.h).
enum class LogMask {
  kOn,
  // For what a stranger types: a guess that equals a part of a log line would hide that part.
  kOff,
};

// There is no operator<< and no formatter.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text, LogMask mask = LogMask::kOn);
  Secret(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret other) noexcept;
  ~Secret();

  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
  LogMask mask_ = LogMask::kOn;
};

// Overwrites a text or bytes in a way that the compiler does not leave out.
void wipe(std::string& text);
void wipe(std::vector<std::byte>& bytes);

// Where to load a secret from: exactly one member is set.
struct SecretSource {
  std::filesystem::path password_file;        // its first line
  std::vector<std::string> password_command;  // its first line of output; no shell involved
  std::string credential;                     // a file below $CREDENTIALS_DIRECTORY
};

// Fails with kConfig, naming the source and what to do, if it yields no secret.
Secret load_secret(const SecretSource& source);

}  // namespace base
