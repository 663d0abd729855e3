#include "restore/audit_view.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/json_text.h"
#include "base/time_text.h"
#include "restore/output.h"

namespace restore {

namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kMaxAuditTail = std::uint64_t{8} << 20U;  // bytes
constexpr std::array<const char*, 7> kShownFields = {"time",   "user",    "person", "role",
                                                     "client", "command", "result"};

struct LogTail {
  std::string text;
  bool is_whole = true;  // it is the whole log
};

LogTail read_tail(const base::Environment& environment) {
  const auto file = environment.files.open(environment.config.store.audit_log);
  if (!file) return {};
  const std::uint64_t size = file->size();
  const std::uint64_t begin = size > kMaxAuditTail ? size - kMaxAuditTail : 0;
  base::Bytes bytes(static_cast<std::size_t>(size - begin));
  bytes.resize(file->read_at(begin, bytes));
  LogTail tail{.text = base::to_text(bytes), .is_whole = begin == 0};
  // The first line is cut.
  if (begin > 0) tail.text.erase(0, std::min(tail.text.find('\n'), tail.text.size()));
  return tail;
}

// An owner has a list of grants, without covert ones. An investigation must not show in the lines.
bool is_hidden_from_owner(const ordered_json& line) {
  const std::string command = line.value("command", "");
  if (command == "ask-grant" || command == "approve") return true;
  const auto request = line.find("request");
  return request != line.end() && request->is_object() && request->value("covert", false);
}

}  // namespace

base::ExitStatus print_audit_view(const base::Environment& environment,
                                  const AuditViewOptions& options) {
  const LogTail tail = read_tail(environment);
  const std::string since = base::format_rfc3339(options.since);
  auto lines = ordered_json::array();
  bool is_complete = false;
  std::string_view rest = tail.text;
  while (!rest.empty() && lines.size() < options.limit) {
    if (rest.ends_with('\n')) rest.remove_suffix(1);
    const std::size_t start = rest.rfind('\n') + 1;  // 0: it is the first line
    const ordered_json line = base::parse_json(rest.substr(start));
    rest.remove_suffix(rest.size() - start);
    if (!line.is_object()) continue;
    if (line.value("time", "") < since) {
      is_complete = true;
      break;
    }
    if (line.value("account", "") != options.account) continue;
    if (options.is_for_owner && is_hidden_from_owner(line)) continue;
    ordered_json shown = ordered_json::object();
    for (const char* field : kShownFields) {
      if (line.contains(field)) shown[field] = line.at(field);
    }
    lines.push_back(std::move(shown));
  }
  is_complete = is_complete || (tail.is_whole && rest.empty());
  print(environment.format,
        {{"account", options.account}, {"lines", std::move(lines)}, {"complete", is_complete}}, "");
  return base::ExitStatus::kDone;
}

}  // namespace restore
