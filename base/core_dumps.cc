#include "base/core_dumps.h"

#include <cerrno>
#include <system_error>

#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/log.h"

namespace base {

void prevent_core_dumps() {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) {
    log_debug("limit core dumps: {}", std::generic_category().message(errno));
  }
  if (!kIsSanitized && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    log_debug("forbid core dumps: {}", std::generic_category().message(errno));
  }
}

}  // namespace base
