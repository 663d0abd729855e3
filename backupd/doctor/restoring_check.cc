#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/doctor/checks.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/exit_status.h"
#include "base/json_text.h"
#include "base/process.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/format/location.h"
#include "store/reader.h"

namespace backupd {

namespace {

using json = nlohmann::ordered_json;

// If none of this many headers has non-ASCII bytes, few others will.
constexpr std::size_t kMaxRead = 1'000;
constexpr std::uint64_t kMaxProbe = 256'000;  // bytes
constexpr std::size_t kMaxOutput = std::size_t{16} * 1024 * 1024;

struct ProbeMessage {
  store::SnapshotInfo snapshot;
  store::MessageId id;
  bool has_non_ascii = false;  // its header
};

bool is_header_beyond_ascii(base::ByteView message) {
  const std::string_view text = base::as_text(message);
  const std::string_view header = text.substr(0, text.find("\r\n\r\n"));
  return std::ranges::any_of(header, [](char byte) { return (byte & 0x80) != 0; });
}

// A message whose header has non-ASCII bytes if there is one among the first kMaxRead; otherwise
// any message.
std::optional<ProbeMessage> choose_message(const base::Environment& environment,
                                           const std::string& account) {
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  const auto snapshot = reader.newest_snapshot(account);
  if (!snapshot) return std::nullopt;
  std::vector<store::MessageId> ids;
  for (const store::FolderRecord& folder : reader.folders(*snapshot)) {
    if (ids.size() == kMaxRead) break;
    reader.for_each_message(folder, [&](const store::MessageEntry& entry) {
      const bool is_fit = entry.size > 0 && entry.size <= kMaxProbe;
      if (is_fit && ids.size() < kMaxRead) ids.push_back(entry.message);
    });
  }
  std::optional<ProbeMessage> chosen;
  reader.read_messages(
      ids,
      [&](std::size_t position, const store::MessageBytes& message) {
        if (chosen && chosen->has_non_ascii) return;
        const bool is_beyond = is_header_beyond_ascii(message.bytes());
        if (!chosen || is_beyond) chosen = ProbeMessage{*snapshot, ids[position], is_beyond};
      },
      [](std::size_t, const base::Error&) {});  // damage is reported by other commands
  return chosen;
}

base::ProgramOutput run_restore(const base::Environment& environment,
                                const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {base::sibling_program("mailstow-restore"), "--config",
                                      environment.config_file.string(), "--quiet"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return base::run_for_output(command, kMaxOutput, base::Stderr::kCaptured);
}

Finding header_finding(const std::string& subject, const ProbeMessage& message,
                       const json& report) {
  constexpr const char* kHeaders = "headers";
  if (!message.has_non_ascii) {
    return passed(kHeaders, subject,
                  "none of the messages checked has non-ASCII bytes in its header, so a "
                  "server that replaces those changes nothing");
  }
  for (const json& folder : report.value("folders", json::array())) {
    for (const json& altered : folder.value("altered", json::array())) {
      return warning(kHeaders, subject,
                     fmt::format("the server changes restored headers that have non-ASCII "
                                 "bytes: {}",
                                 base::escape_for_terminal(altered.value("how", ""))),
                     "Cyrus: set munge8bit: 0 in imapd.conf; the backup has the original bytes");
    }
  }
  return passed(kHeaders, subject, "headers with non-ASCII bytes are restored unchanged");
}

// The tree has the shortest lifetime that there is.
void wait_until_due(base::Clock& clock, const json& report) {
  constexpr std::chrono::milliseconds kPause{50};
  constexpr int kMaxPauses = 40;
  const json given = report.value("expires", json());
  if (!given.is_string()) return;
  const auto expires = base::parse_time(given.get<std::string>(), "UTC");
  for (int pause = 0; pause < kMaxPauses && clock.now_seconds() < expires; ++pause) {
    clock.sleep_for(kPause);
  }
}

}  // namespace

std::vector<Finding> check_restoring(const base::Environment& environment,
                                     const std::string& account) {
  constexpr const char* kRestoring = "restore";
  const std::string subject = base::escape_for_terminal(account);
  const auto message = choose_message(environment, account);
  if (!message) {
    return {failure(kRestoring, subject, "its backups contain no message to test with",
                    fmt::format("mailstow-backupd once --account {}", subject))};
  }
  const base::ProgramOutput restored =
      run_restore(environment, {"run", account, "--at", message->snapshot.id.hex(), "--message",
                                message->id.object.hex(), "--expire-after", "1s", "--json"});
  const json report = base::parse_json(restored.out);
  if (!report.is_object()) {
    const auto refused = static_cast<int>(base::ExitStatus::kCountsTowardsQuota);
    return {failure(restored.status == refused ? "quota" : kRestoring, subject,
                    base::escape_for_terminal(restored.out.substr(0, restored.out.find('\n'))),
                    "")};
  }
  std::vector<Finding> findings;
  const json quota = report.value("quota", json::object());
  const std::string proof = base::escape_for_terminal(quota.value("proof", ""));
  findings.push_back(
      quota.value("exempt", json()) == true
          ? passed("quota", subject, "restored trees don't count: " + proof)
          : warning("quota", subject, "not verified whether restored trees count: " + proof, ""));
  findings.push_back(header_finding(subject, *message, report));
  wait_until_due(environment.clock, report);
  const base::ProgramOutput swept = run_restore(environment, {"sweep", "--json"});
  if (swept.status != 0) {
    findings.push_back(
        warning(kRestoring, subject,
                fmt::format("the test message is still in {}", report.value("tree", "")),
                "the next `mailstow-restore sweep` removes it, or reports why not"));
  }
  return findings;
}

}  // namespace backupd
