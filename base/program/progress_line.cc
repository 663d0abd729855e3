#include "base/program/progress_line.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/program/program.h"
#include "base/terminal.h"
#include "base/utf8.h"

namespace base {

namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr const char* kEraseLine = "\r\x1b[K";

std::string cut_to_terminal(const std::string& text) {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return text;
  return cut_to_line(text, size.ws_col);
}

}  // namespace

std::string cut_to_line(const std::string& text, std::size_t columns) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = first_code_point(std::string_view(text).substr(at));
    width += character ? display_width(character->value) : 1;
    if (width >= columns) return text.substr(0, at);
    at += character ? character->length : 1;
  }
  return text;
}

ProgressLine::ProgressLine(const Clock& clock)
    : clock_(clock), is_terminal_(::isatty(STDERR_FILENO) == 1 && is_logged(LogLevel::kInfo)) {}

ProgressLine::~ProgressLine() {
  if (is_shown_) print_to_stderr(kEraseLine);
}

bool ProgressLine::is_due() const {
  return is_terminal_ && (!is_shown_ || clock_.steady_now() - last_ >= kInterval);
}

void ProgressLine::show(const std::string& text) {
  if (!is_due()) return;
  last_ = clock_.steady_now();
  is_shown_ = true;
  print_to_stderr(kEraseLine + cut_to_terminal(escape_for_terminal(text)));
}

void StagedProgress::show_bytes(const std::string& activity, std::uint64_t done,
                                std::uint64_t total) {
  if (activity_ != activity) {
    activity_ = activity;
    begin_ = clock_.steady_now();
  }
  if (!line_.is_due()) return;
  line_.show(activity + ": " + describe_progress(done, total, clock_.steady_now() - begin_));
}

void StagedProgress::show_count(const std::string& activity, std::uint64_t done,
                                std::uint64_t total) {
  if (!line_.is_due()) return;
  line_.show(fmt::format("{}: {} of {}", activity, format_count(done), format_count(total)));
}

std::string describe_progress(std::uint64_t done, std::uint64_t total,
                              std::chrono::steady_clock::duration elapsed) {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  std::string text = fmt::format("{} of {}", format_size(done), format_size(total));
  if (seconds < 1 || done == 0) return text;
  const double rate = static_cast<double>(done) / seconds;
  text += fmt::format(", {}/s", format_size(static_cast<std::uint64_t>(rate)));
  if (done >= total) return text;
  const auto left = static_cast<std::uint64_t>(static_cast<double>(total - done) / rate);
  return left < 60 ? text + fmt::format(", {}s left", left)
                   : text + fmt::format(", {}m {}s left", left / 60, left % 60);
}

}  // namespace base
