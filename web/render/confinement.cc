#include "web/render/confinement.h"

#include <cerrno>
#include <cstdint>
#include <string_view>

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/core_dumps.h"
#include "base/error.h"
#include "base/handle.h"
#include "base/log.h"

namespace render {

namespace {

// Bytes of address space: a message of 64 MiB, a part of it decoded, and the libraries. Four
// processes and the server stay below MemoryMax= of mailstow-web@.service.
constexpr rlim_t kMaxMemory = rlim_t{384} << 20U;
constexpr rlim_t kMaxCpu = 10;  // seconds

// The calls that allocate memory, read stdin, write stdout and end the process.
constexpr int kAllowed[] = {SCMP_SYS(brk),         SCMP_SYS(clock_gettime),  SCMP_SYS(close),
                            SCMP_SYS(exit),        SCMP_SYS(exit_group),     SCMP_SYS(fstat),
                            SCMP_SYS(futex),       SCMP_SYS(getpid),         SCMP_SYS(getrandom),
                            SCMP_SYS(gettid),      SCMP_SYS(lseek),          SCMP_SYS(madvise),
                            SCMP_SYS(mremap),      SCMP_SYS(munmap),         SCMP_SYS(pread64),
                            SCMP_SYS(read),        SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
                            SCMP_SYS(sched_yield), SCMP_SYS(write),          SCMP_SYS(writev)};
// Libraries try these, and do without: a time zone, the number of processors, a character set that
// was not loaded before.
constexpr int kRefused[] = {SCMP_SYS(access),     SCMP_SYS(faccessat),
                            SCMP_SYS(fcntl),      SCMP_SYS(getcwd),
                            SCMP_SYS(ioctl),      SCMP_SYS(open),
                            SCMP_SYS(openat),     SCMP_SYS(readlink),
                            SCMP_SYS(readlinkat), SCMP_SYS(sched_getaffinity),
                            SCMP_SYS(stat),       SCMP_SYS(statx),
                            SCMP_SYS(sysinfo),    SCMP_SYS(uname)};

void set_limit(__rlimit_resource what, rlim_t most) {
  const rlimit limit{most, most};
  if (::setrlimit(what, &limit) != 0) base::fail_with_errno(errno, "render: set a limit");
}

void check(int result) {
  if (result != 0) base::fail_with_errno(-result, "render: filter system calls");
}

void filter_system_calls() {
  // A sanitizer has calls of its own to make before it can report.
  const std::uint32_t otherwise =
      base::kIsSanitized ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;
  const base::Handle<void, seccomp_release> filter(seccomp_init(otherwise));
  if (!filter) base::fail(base::ErrorCode::kIo, "render: the system calls can't be filtered");
  for (const int call : kAllowed) check(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0));
  for (const int call : kRefused) {
    check(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EACCES), call, 0));
  }
  for (const int call : {SCMP_SYS(rt_sigaction), SCMP_SYS(sigaltstack)}) {
    if (base::kIsSanitized) check(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0));
  }
  // fstat() of the C library is this with an empty path.
  check(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
                         SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH)));
  check(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EACCES), SCMP_SYS(newfstatat), 1,
                         SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, 0)));
  // Memory that is not executable.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    check(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1,
                           SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)));
  }
  check(seccomp_load(filter.get()));
}

// If memory is short, the kernel ends this process and not the server. Best effort: /proc may be
// absent. A process that is not dumpable does not own its files there; nothing secret is in its
// memory yet.
void be_first_to_end() {
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  {
    const base::Fd score(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
    constexpr std::string_view kFirst = "1000";
    if (::write(score.get(), kFirst.data(), kFirst.size()) < 0) {
      base::log_debug("render: /proc/self/oom_score_adj can't be written");
    }
  }
  base::prevent_core_dumps();
}

}  // namespace

void confine() {
  be_first_to_end();
  constexpr unsigned kFirstOwn = 3;
  if (::close_range(kFirstOwn, ~0U, 0) != 0) base::fail_with_errno(errno, "render: close files");
  // A sanitizer's shadow memory needs terabytes of addresses.
  if (!base::kIsSanitized) set_limit(RLIMIT_AS, kMaxMemory);
  set_limit(RLIMIT_CPU, kMaxCpu);
  set_limit(RLIMIT_NPROC, 0);
  set_limit(RLIMIT_FSIZE, 0);
  filter_system_calls();
}

}  // namespace render
