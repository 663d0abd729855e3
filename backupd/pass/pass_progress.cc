#include "backupd/pass/pass_progress.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "base/terminal.h"

namespace backupd {

namespace {

std::string of_total(const std::string& done, const std::string& total, bool has_total) {
  return has_total ? done + " of " + total : done;
}

std::string time_left(std::uint64_t left) {
  return left < 60 ? fmt::format("{}s left", left)
                   : fmt::format("{}m {}s left", left / 60, left % 60);
}

// An earlier rate would be meaningless.
constexpr double kSecondsBeforeRates = 1;

// Bytes of a name in a document; a longer name is cut.
constexpr std::size_t kMaxName = 1'000;

struct Pace {
  std::optional<std::uint64_t> bytes_per_second;
  std::optional<std::uint64_t> seconds_left;
};

bool knows_bytes(const PassProgress& progress) {
  return progress.bytes_to_come >= progress.bytes && progress.bytes_to_come > 0;
}

bool knows_messages(const PassProgress& progress) {
  return progress.messages_to_come >= progress.messages && progress.messages_to_come > 0;
}

Pace pace_of(const PassProgress& progress, std::chrono::steady_clock::duration elapsed) {
  Pace pace;
  const double passed = std::chrono::duration<double>(elapsed).count();
  if (passed < kSecondsBeforeRates || progress.bytes == 0) return pace;
  const double rate = static_cast<double>(progress.bytes) / passed;
  pace.bytes_per_second = static_cast<std::uint64_t>(rate);
  double left = 0;
  if (knows_bytes(progress)) {
    left = static_cast<double>(progress.bytes_to_come - progress.bytes) / rate;
  } else if (knows_messages(progress) && progress.messages > 0) {
    left = static_cast<double>(progress.messages_to_come - progress.messages) * passed /
           static_cast<double>(progress.messages);
  }
  if (left > 0) pace.seconds_left = static_cast<std::uint64_t>(left);
  return pace;
}

}  // namespace

std::string describe(const PassProgress& progress, std::chrono::steady_clock::duration elapsed) {
  std::string text = of_total(base::format_size(progress.bytes),
                              base::format_size(progress.bytes_to_come), knows_bytes(progress));
  const Pace pace = pace_of(progress, elapsed);
  if (pace.bytes_per_second) {
    text += fmt::format(", {}/s", base::format_size(*pace.bytes_per_second));
  }
  if (pace.seconds_left) text += ", " + time_left(*pace.seconds_left);
  text += ", " + of_total(base::format_count(progress.messages),
                          base::format_count(progress.messages_to_come), knows_messages(progress));
  text += " messages";
  if (progress.accounts > 1) {
    text += fmt::format(", {} of {} accounts", base::format_count(progress.accounts_done),
                        base::format_count(progress.accounts));
  }
  // Last, because the terminal may cut it. Until the first folder is open, both are empty.
  if (!progress.account.empty()) text += ": " + progress.account;
  return progress.folder.empty() ? text : text + ": " + progress.folder;
}

nlohmann::ordered_json to_json(const TimedProgress& timed) {
  const PassProgress& progress = timed.progress;
  const Pace pace = pace_of(progress, timed.elapsed);
  const auto or_null = [](std::optional<std::uint64_t> number) {
    return number ? nlohmann::ordered_json(*number) : nlohmann::ordered_json();
  };
  return {{"account", progress.account.substr(0, kMaxName)},
          {"folder", progress.folder.substr(0, kMaxName)},
          {"accounts", progress.accounts},
          {"accounts_done", progress.accounts_done},
          {"messages", progress.messages},
          {"messages_to_come", progress.messages_to_come},
          {"bytes", progress.bytes},
          {"bytes_to_come", progress.bytes_to_come},
          {"seconds", std::chrono::duration<double>(timed.elapsed).count()},
          {"bytes_per_second", or_null(pace.bytes_per_second)},
          {"seconds_left", or_null(pace.seconds_left)}};
}

std::optional<TimedProgress> progress_in(std::string_view document) {
  const auto json = base::parse_json(document);
  if (!json.is_object()) return std::nullopt;
  TimedProgress timed;
  PassProgress& progress = timed.progress;
  try {
    json.at("account").get_to(progress.account);
    json.at("folder").get_to(progress.folder);
    json.at("accounts").get_to(progress.accounts);
    json.at("accounts_done").get_to(progress.accounts_done);
    json.at("messages").get_to(progress.messages);
    json.at("messages_to_come").get_to(progress.messages_to_come);
    json.at("bytes").get_to(progress.bytes);
    json.at("bytes_to_come").get_to(progress.bytes_to_come);
    timed.elapsed = std::chrono::duration_cast<std::chrono::steady_clock::duration>(
        std::chrono::duration<double>(json.at("seconds").get<double>()));
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
  return timed;
}

ProgressBoard::ProgressBoard(std::uint64_t accounts, const base::Clock& clock, Listener listener)
    : clock_(clock),
      started_(clock.steady_now()),
      line_(std::in_place, clock),
      listener_(std::move(listener)) {
  progress_.accounts = accounts;
}

void ProgressBoard::expect(std::uint64_t messages, std::optional<std::uint64_t> bytes) {
  are_bytes_known_ = are_bytes_known_ && bytes;
  progress_.messages_to_come += messages;
  progress_.bytes_to_come = are_bytes_known_ ? progress_.bytes_to_come + *bytes : 0;
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
  show();
}

void ProgressBoard::show() {
  const auto elapsed = clock_.steady_now() - started_;
  if (line_ && line_->is_due()) line_->show(describe(progress_, elapsed));
  if (listener_) listener_(progress_, elapsed);
}

}  // namespace backupd
