// Loaded before the C library into a program under test (LD_PRELOAD), it shifts the program's time
// from the real one by the number of seconds in the file $MAILSTOW_TEST_CLOCK, which may change at
// any time; the second number in it shifts the clocks that count from the start of the machine.
// File times are not shifted.
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

// Two threads that get here first at the same time map it twice, which is harmless.
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
  if (result == 0 && (clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME)) {
    time->tv_sec += shifts().steady;
  }
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
