#include "backupd/status_brief.h"

#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/terminal.h"
#include "base/time_text.h"

namespace backupd {

namespace {

// "3 accounts, each backed up since 2026-11-24T02:30:00Z", "3 accounts: 2 backed up since ..., 1
// never".
std::string accounts_text(const Brief& brief) {
  std::string accounts = base::format_count(brief.accounts, "account");
  if (brief.accounts == 0) return accounts;
  if (brief.never == brief.accounts) return accounts + ", never backed up";
  const std::string since =
      brief.oldest ? "backed up since " + base::shown_time(*brief.oldest) : "backed up";
  if (brief.never == 0) {
    return fmt::format("{}, {}{}", accounts, brief.accounts > 1 ? "each " : "", since);
  }
  return fmt::format("{}: {} {}, {} never", accounts,
                     base::format_count(brief.accounts - brief.never), since,
                     base::format_count(brief.never));
}

}  // namespace

std::string to_text(const Brief& brief, const store::Reader::StoreSize& size) {
  std::string text =
      brief.alarms.empty()
          ? std::string("no alarm")
          : fmt::format("ALARM: {}{}{}", base::escape_for_terminal(brief.alarms.front().account),
                        brief.alarms.front().account.empty() ? "" : ": ",
                        brief.alarms.front().text);
  if (brief.alarms.size() > 1) {
    text += fmt::format("; and {}", base::format_count(brief.alarms.size() - 1, "more alarm"));
  }
  text += "; " + accounts_text(brief);
  if (brief.doubted > 0) {
    text += fmt::format(", {} with a later one that a wrong clock dated",
                        base::format_count(brief.doubted));
  }
  return text + fmt::format("; {} stored\n", base::format_size(size.pack_bytes));
}

nlohmann::ordered_json to_json(const Brief& brief, const store::Reader::StoreSize& size) {
  using nlohmann::ordered_json;
  ordered_json alarms = ordered_json::array();
  for (const auto& [account, kind, text] : brief.alarms) {
    alarms.push_back({{"account", account.empty() ? ordered_json() : ordered_json(account)},
                      {"kind", kind},
                      {"text", text}});
  }
  return {{"accounts", brief.accounts},
          {"never_backed_up", brief.never},
          {"doubted_backups", brief.doubted},
          {"oldest_backup",
           brief.oldest ? ordered_json(base::format_rfc3339(*brief.oldest)) : ordered_json()},
          {"pack_bytes", size.pack_bytes},
          {"alarms", std::move(alarms)}};
}

std::string unreadable_brief_text(std::string_view why) {
  return fmt::format("ALARM: there is no store that can be read: {}\n",
                     base::escape_for_terminal(why));
}

}  // namespace backupd
