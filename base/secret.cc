#include "base/secret.h"

#include <cstdlib>
#include <utility>

#include <string.h>

#include "base/error.h"
#include "base/file_system.h"
#include "base/finally.h"
#include "base/log.h"
#include "base/process.h"

namespace base {

namespace {

constexpr std::size_t kMaxSecret = std::size_t{64} * 1024;

Secret first_line(std::string& text, const std::string& source) {
  const Finally wiped([&] { wipe(text); });
  Secret secret(text.substr(0, text.find_first_of("\r\n")));
  if (secret.empty()) fail(ErrorCode::kConfig, "read the secret from {}: it is empty", source);
  return secret;
}

Secret load_from_file(const Path& path) {
  std::optional<Bytes> bytes;
  try {
    bytes = read_file(real_file_system(), path, kMaxSecret, Links::kFollow);
  } catch (const Error& error) {
    fail(ErrorCode::kConfig, "read the secret from {}: {}", path.string(), error.what());
  }
  if (!bytes) {
    fail(ErrorCode::kConfig,
         "read the secret from {}: there is no such file: create it, readable only by this user",
         path.string());
  }
  const Finally wiped([&] { wipe(*bytes); });
  std::string text = to_text(*bytes);
  return first_line(text, path.string());
}

Secret load_credential(const std::string& name) {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr) {
    fail(ErrorCode::kConfig,
         "read the credential {}: CREDENTIALS_DIRECTORY is not set: only a systemd "
         "service with LoadCredential= has it",
         name);
  }
  if (name.find('/') != std::string::npos || name == "..") {
    fail(ErrorCode::kConfig, "read the credential {}: it must be a plain name", name);
  }
  return load_from_file(Path(directory) / name);
}

}  // namespace

// Moving a std::string may leave a short text behind; after a swap there is only one copy to wipe.
Secret::Secret(std::string text, LogMask mask) : mask_(mask) {
  text_.swap(text);
  if (mask_ == LogMask::kOn) mask_in_log(text_);
}

Secret::Secret(const Secret& other) : text_(other.text_), mask_(other.mask_) {
  if (mask_ == LogMask::kOn) mask_in_log(text_);
}

Secret::Secret(Secret&& other) noexcept : mask_(other.mask_) {
  text_.swap(other.text_);
}

Secret& Secret::operator=(Secret other) noexcept {
  text_.swap(other.text_);
  std::swap(mask_, other.mask_);
  return *this;
}

Secret::~Secret() {
  if (mask_ == LogMask::kOn) unmask_in_log(text_);
  wipe(text_);
}

// All of the text's memory: it may have been longer before.
void wipe(std::string& text) {
  text.resize(text.capacity());
  ::explicit_bzero(text.data(), text.size());
  text.clear();
}

void wipe(std::vector<std::byte>& bytes) {
  if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
  bytes.clear();
}

Secret load_secret(const SecretSource& source) {
  if (!source.password_file.empty()) return load_from_file(source.password_file);
  if (!source.credential.empty()) return load_credential(source.credential);
  std::string text = output_of(source.password_command, kMaxSecret);
  return first_line(text, "the command " + source.password_command.front());
}

}  // namespace base
