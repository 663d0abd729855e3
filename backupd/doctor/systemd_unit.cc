#include "backupd/doctor/systemd_unit.h"

#include "base/error.h"
#include "base/process.h"

namespace backupd {

bool is_unit_enabled(const char* unit) {
  try {
    constexpr std::size_t kFewWords = 65'536;
    return base::run_for_output({"systemctl", "--quiet", "is-enabled", unit}, kFewWords,
                                base::Stderr::kCaptured)
               .status == 0;
  } catch (const base::Error&) {
    return false;  // no systemd
  }
}

}  // namespace backupd
