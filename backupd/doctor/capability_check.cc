#include <array>

#include <fmt/core.h>

#include "backupd/doctor/checks.h"

namespace backupd {

namespace {

// A capability without which mailstow works, but more slowly.
struct Comfort {
  std::string_view capability;
  std::string_view instead;  // an equivalent; may be empty
  std::string_view cost;
};
constexpr std::array kComforts = {
    Comfort{"QRESYNC", "",
            "messages that vanished from a changed folder are found by listing its UIDs"},
    Comfort{"CONDSTORE", "QRESYNC", "all flags of a changed folder are read"},
    Comfort{"LIST-STATUS", "", "the status of each folder is requested one by one"},
    Comfort{"OBJECTID", "X-GM-EXT-1", "moved messages are fetched again"},
    Comfort{"LITERAL+", "LITERAL-", "restores wait for a continuation before each message"},
    Comfort{"MULTIAPPEND", "", "restores send messages one by one, a third as fast"},
};

}  // namespace

std::vector<Finding> check_capabilities(const std::string& subject,
                                        const base::ServerConfig& server,
                                        const imap::Capabilities& capabilities) {
  constexpr const char* kCheck = "capabilities";
  std::vector<Finding> findings;
  if (!capabilities.has("UIDPLUS")) {
    findings.push_back(warning(kCheck, subject,
                               "no UIDPLUS: single messages can't be removed, so restored trees "
                               "remain after they expire",
                               "remove expired trees by hand: mailstow-restore trees lists them"));
  }
  if (!capabilities.has("QUOTA") && server.quota != base::QuotaKind::kNone) {
    findings.push_back(
        warning(kCheck, subject,
                "no QUOTA: whether restored mail counts can't be verified, so restores "
                "are refused",
                "if it has no quotas, give it \"quota\": \"none\""));
  }
  if (server.compress == base::Compression::kDeflate && !capabilities.has("COMPRESS=DEFLATE")) {
    findings.push_back(warning(kCheck, subject, "no COMPRESS=DEFLATE, so nothing is compressed",
                               "leave \"compress\" out"));
  }
  std::string missed;
  for (const Comfort& comfort : kComforts) {
    const bool is_there = capabilities.has(comfort.capability) ||
                          (!comfort.instead.empty() && capabilities.has(comfort.instead));
    if (is_there) continue;
    missed += fmt::format("{}without {} {}", missed.empty() ? "" : "; ", comfort.capability,
                          comfort.cost);
  }
  findings.push_back(
      passed(kCheck, subject, missed.empty() ? "everything mailstow uses is supported" : missed));
  return findings;
}

}  // namespace backupd
