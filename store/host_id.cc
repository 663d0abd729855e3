#include "store/host_id.h"

#include <optional>

#include "base/error.h"
#include "base/log.h"
#include "store/format/crypto.h"

namespace store {

namespace {

constexpr std::size_t kMachineIdDigits = 32;
constexpr std::size_t kHostIdDigits = 32;

// Returns "" if there is no valid one: it may say "uninitialized".
std::string read_machine_id(base::FileSystem& files, const base::Path& path) {
  try {
    const auto bytes = base::read_file(files, path, 1'024, base::Links::kFollow);
    if (!bytes) return "";
    std::string text(base::as_text(*bytes));
    while (text.ends_with('\n')) text.pop_back();
    const bool is_valid = text.size() == kMachineIdDigits &&
                          text.find_first_not_of("0123456789abcdef") == std::string::npos;
    return is_valid ? text : "";
  } catch (const base::Error& error) {
    base::log_debug("{}", error.what());
    return "";
  }
}

}  // namespace

std::string host_id(base::FileSystem& files, const base::Path& machine_id) {
  const std::string id = read_machine_id(files, machine_id);
  if (id.empty()) return "";
  return sha256(base::as_bytes("mailstow host " + id)).hex().substr(0, kHostIdDigits);
}

}  // namespace store
