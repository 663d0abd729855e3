#include "tests/programs/owned_clock.h"

#include <cstdlib>
#include <fstream>

#include "base/time_text.h"

namespace programs {

namespace {

std::chrono::sys_seconds true_time() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace

OwnedClock::OwnedClock(const char* rfc3339) : OwnedClock(base::parse_time(rfc3339, "UTC")) {}

OwnedClock::OwnedClock(std::chrono::sys_seconds time) {
  set(time);
  for (const std::string& setting : environment()) {
    const std::size_t end = setting.find('=');
    ::setenv(setting.substr(0, end).c_str(), setting.c_str() + end + 1, 1);
  }
}

OwnedClock::~OwnedClock() {
  for (const std::string& setting : environment()) {
    ::unsetenv(setting.substr(0, setting.find('=')).c_str());
  }
}

std::chrono::sys_seconds OwnedClock::now() const {
  return true_time() + std::chrono::seconds(shift_);
}

void OwnedClock::set(std::chrono::sys_seconds time) {
  shift_ = (time - true_time()).count();
  write();
}

void OwnedClock::let_pass(std::chrono::seconds time) {
  shift_ += time.count();
  passed_ += time.count();
  write();
}

void OwnedClock::write() const {
  // In place: programs have it mapped.
  const auto file = directory_.path() / "shift";
  std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
  if (!stream) stream.open(file, std::ios::binary | std::ios::out);
  const std::int64_t shift = shift_;
  stream.write(reinterpret_cast<const char*>(&shift), sizeof shift);
  stream.write(reinterpret_cast<const char*>(&passed_), sizeof passed_);
}

std::vector<std::string> OwnedClock::environment() const {
  // AddressSanitizer would rather come first.
  const char* const options = std::getenv("ASAN_OPTIONS");
  return {std::string("LD_PRELOAD=") + MAILSTOW_CLOCK_PRELOAD,
          "MAILSTOW_TEST_CLOCK=" + (directory_.path() / "shift").string(),
          std::string("ASAN_OPTIONS=") + (options != nullptr ? std::string(options) + ":" : "") +
              "verify_asan_link_order=0"};
}

std::chrono::sys_seconds noon_in_four_months() {
  using std::chrono::days;
  return std::chrono::floor<days>(true_time()) + days(120) + std::chrono::hours(12);
}

}  // namespace programs
