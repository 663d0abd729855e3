// `status --brief`: the configured accounts and the alarms in one line.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "store/reader.h"

namespace backupd {

struct Brief {
  std::size_t accounts = 0;
  std::size_t never = 0;    // of the accounts, those without any backup
  std::size_t doubted = 0;  // those with a newest backup that a wrong clock dated
  // The oldest of the accounts' last backups, without those whose times are doubted.
  std::optional<std::chrono::sys_seconds> oldest;
  struct BriefAlarm {
    std::string account;  // empty: restored trees, copies, or the clock
    std::string_view kind;
    std::string text;
  };
  std::vector<BriefAlarm> alarms;
};

std::string to_text(const Brief& brief, const store::Reader::StoreSize& size);
nlohmann::ordered_json to_json(const Brief& brief, const store::Reader::StoreSize& size);

// The line if the store can't be read; `why`: an error's what().
std::string unreadable_brief_text(std::string_view why);

}  // namespace backupd
