// Goes before the C library in a program under test (LD_PRELOAD), and lets it live in another time:
// so many seconds from the true one as the file $MAILSTOW_TEST_CLOCK says, whoever changes it when;
// its second number is for the clocks that count from when the machine started. Files are as old
// there as they truly are.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

struct Shifts {
  std::atomic<std::int64_t> real;
  std::atomic<std::int64_t> steady;
};

// Two threads that come here first at once map it twice: no harm.
const Shifts* open_shifts() {
  static const Shifts none = {};
  const char* const path = std::getenv("MAILSTOW_TEST_CLOCK");
  const int file = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return &none;
  void* const mapped = ::mmap(nullptr, sizeof(Shifts), PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  return mapped == MAP_FAILED ? &none : static_cast<const Shifts*>(mapped);
}

const Shifts& shifts() {
  static std::atomic<const Shifts*> place = nullptr;
  const Shifts* found = place;
  if (found == nullptr) place = found = open_shifts();
  return *found;
}

std::int64_t shift() {
  return shifts().real;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = ::syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    time->tv_sec += shift();
  }
  if (result == 0 && clock == CLOCK_MONOTONIC) time->tv_sec += shifts().steady;
  return static_cast<int>(result);
}

time_t time(time_t* place) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (place != nullptr) *place = now.tv_sec;
  return now.tv_sec;
}

int gettimeofday(timeval* place, void* /*zone*/) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  *place = {now.tv_sec, now.tv_nsec / 1000};
  return 0;
}

int stat(const char* path, struct stat* place) noexcept {
  const long result = ::syscall(SYS_newfstatat, AT_FDCWD, path, place, 0);
  if (result == 0) place->st_mtim.tv_sec += shift();
  return static_cast<int>(result);
}
}
