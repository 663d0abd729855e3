// Keeps what the programs hold in memory, keys and passwords and mail, out of core dumps.
#pragma once

namespace base {

// A build with a sanitizer remains dumpable: LeakSanitizer attaches to the process, and a process
// that is not dumpable owns neither its /proc entries nor the right to be attached to.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

// From now on neither this process nor the programs that it starts leave a core dump, and no other
// process of the same user can read the memory of this one or attach to it. The latter no longer
// holds after exec(). To be called at the start of a program; what the system refuses is logged.
void prevent_core_dumps();

}  // namespace base
