#include "base/config/account_settings.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/glob.h"
#include "base/time_text.h"

namespace base {

namespace {

using nlohmann::json;

template <typename Value>
void replace_if_set(std::optional<Value>& into, const std::optional<Value>& value) {
  if (value) into = value;
}

template <typename Value>
void read(const json& at, const char* key, std::optional<Value>& into) {
  if (at.contains(key)) into = at.at(key).get<Value>();
}

void read(const json& at, const char* key, std::optional<std::chrono::seconds>& into) {
  if (at.contains(key)) into = parse_duration(at.at(key).get<std::string>());
}

struct RetentionCount {
  const char* key;
  std::optional<unsigned> RetentionChange::*change;
  unsigned RetentionConfig::*value;
};

constexpr std::array<RetentionCount, 6> kRetentionCounts = {{
    {"last", &RetentionChange::last, &RetentionConfig::last},
    {"hourly", &RetentionChange::hourly, &RetentionConfig::hourly},
    {"daily", &RetentionChange::daily, &RetentionConfig::daily},
    {"weekly", &RetentionChange::weekly, &RetentionConfig::weekly},
    {"monthly", &RetentionChange::monthly, &RetentionConfig::monthly},
    {"yearly", &RetentionChange::yearly, &RetentionConfig::yearly},
}};

}  // namespace

RetentionConfig changed(RetentionConfig retention, const RetentionChange& change) {
  retention.keep_within = change.keep_within.value_or(retention.keep_within);
  for (const RetentionCount& count : kRetentionCounts) {
    retention.*count.value = (change.*count.change).value_or(retention.*count.value);
  }
  return retention;
}

void AccountSettings::add(const AccountSettings& settings) {
  replace_if_set(retention.keep_within, settings.retention.keep_within);
  for (const RetentionCount& count : kRetentionCounts) {
    replace_if_set(retention.*count.change, settings.retention.*count.change);
  }
  exclude.insert(exclude.end(), settings.exclude.begin(), settings.exclude.end());
  replace_if_set(expire_after, settings.expire_after);
  replace_if_set(daily_bytes, settings.daily_bytes);
  replace_if_set(namespaces, settings.namespaces);
}

bool OverrideConfig::applies_to(std::string_view account) const {
  return std::any_of(match.begin(), match.end(),
                     [&](const std::string& glob) { return glob_matches(glob, account); });
}

RetentionChange parse_retention_change(const json& at) {
  RetentionChange change;
  read(at, "keep_within", change.keep_within);
  for (const RetentionCount& count : kRetentionCounts) read(at, count.key, change.*count.change);
  return change;
}

AccountSettings parse_account_settings(const json& at) {
  AccountSettings settings;
  if (at.contains("retention")) settings.retention = parse_retention_change(at.at("retention"));
  settings.exclude = at.value("exclude", settings.exclude);
  read(at, "expire_after", settings.expire_after);
  if (settings.expire_after == std::chrono::seconds(0)) {
    fail(ErrorCode::kConfig, "expire_after: 0 means nothing: write 1s or more");
  }
  read(at, "daily_bytes", settings.daily_bytes);
  if (at.contains("namespaces")) {
    settings.namespaces = at.at("namespaces").get<std::vector<std::string>>();
  }
  return settings;
}

std::vector<OverrideConfig> parse_overrides(const json& document) {
  std::vector<OverrideConfig> overrides;
  for (const json& at : document.value("overrides", json::array())) {
    overrides.push_back(
        {at.at("match").get<std::vector<std::string>>(), parse_account_settings(at)});
  }
  return overrides;
}

}  // namespace base
