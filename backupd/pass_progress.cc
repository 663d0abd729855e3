#include "backupd/pass_progress.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/terminal.h"

namespace backupd {

namespace {

std::string of_total(const std::string& done, const std::string& total, bool has_total) {
  return has_total ? done + " of " + total : done;
}

std::string time_left(std::uint64_t seconds) {
  return seconds < 60 ? fmt::format("{}s left", seconds)
                      : fmt::format("{}m {}s left", seconds / 60, seconds % 60);
}

// Nothing sensible can be said before that.
constexpr double kSecondsBeforeRates = 1;

}  // namespace

std::string describe(const PassProgress& progress, std::chrono::steady_clock::duration elapsed) {
  const bool knows_bytes = progress.bytes_to_come >= progress.bytes && progress.bytes_to_come > 0;
  const bool knows_messages =
      progress.messages_to_come >= progress.messages && progress.messages_to_come > 0;
  std::string text = of_total(base::format_size(progress.bytes),
                              base::format_size(progress.bytes_to_come), knows_bytes);
  const double seconds = std::chrono::duration<double>(elapsed).count();
  if (seconds >= kSecondsBeforeRates && progress.bytes > 0) {
    const double rate = static_cast<double>(progress.bytes) / seconds;
    text += fmt::format(", {}/s", base::format_size(static_cast<std::uint64_t>(rate)));
    double left = 0;
    if (knows_bytes) {
      left = static_cast<double>(progress.bytes_to_come - progress.bytes) / rate;
    } else if (knows_messages && progress.messages > 0) {
      left = static_cast<double>(progress.messages_to_come - progress.messages) * seconds /
             static_cast<double>(progress.messages);
    }
    if (left > 0) text += ", " + time_left(static_cast<std::uint64_t>(left));
  }
  text += ", " + of_total(base::format_count(progress.messages),
                          base::format_count(progress.messages_to_come), knows_messages);
  text += " messages";
  if (progress.accounts > 1) {
    text += fmt::format(", {} of {} accounts", base::format_count(progress.accounts_done),
                        base::format_count(progress.accounts));
  }
  // Last, as what may be cut where the terminal ends.
  return text + ": " + progress.account + ": " + progress.folder;
}

ProgressBoard::ProgressBoard(std::uint64_t accounts, const base::Clock& clock)
    : clock_(clock), begun_(clock.steady_now()), line_(std::in_place, clock) {
  progress_.accounts = accounts;
}

void ProgressBoard::expect(std::uint64_t messages, std::uint64_t bytes) {
  progress_.messages_to_come += messages;
  progress_.bytes_to_come += bytes;
}

void ProgressBoard::begin_folder(const std::string& account, const std::string& folder) {
  progress_.account = account;
  progress_.folder = folder;
  show();
}

void ProgressBoard::message(std::uint64_t bytes) {
  ++progress_.messages;
  progress_.bytes += bytes;
  show();
}

void ProgressBoard::finish_account() {
  ++progress_.accounts_done;
}

void ProgressBoard::show() {
  if (line_ && line_->is_due()) line_->show(describe(progress_, clock_.steady_now() - begun_));
}

}  // namespace backupd
