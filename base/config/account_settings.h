// Per-account overrides of the settings: from an account's own entry, or by its name.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/config/store_config.h"

namespace base {

// The rules that are set; the others stay unchanged.
struct RetentionChange {
  std::optional<std::chrono::seconds> keep_within;
  std::optional<unsigned> last;
  std::optional<unsigned> hourly;
  std::optional<unsigned> daily;
  std::optional<unsigned> weekly;
  std::optional<unsigned> monthly;
  std::optional<unsigned> yearly;
};

RetentionConfig changed(RetentionConfig retention, const RetentionChange& change);

struct AccountSettings {
  RetentionChange retention;
  std::vector<std::string>
      exclude;  // globs over shown folder names, in addition to Config::exclude
  std::optional<std::chrono::seconds> expire_after;  // of restored trees
  std::optional<std::uint64_t> daily_bytes;
  std::optional<std::vector<std::string>> namespaces;  // instead of the server's

  // Values in `settings` take precedence over these.
  void add(const AccountSettings& settings);
};

// Settings for the accounts, listed or found, whose names match one of the globs.
struct OverrideConfig {
  std::vector<std::string> match;
  AccountSettings settings;

  bool applies_to(std::string_view account) const;
};

// Each takes JSON that the schema has accepted.
AccountSettings parse_account_settings(const nlohmann::json& at);
RetentionChange parse_retention_change(const nlohmann::json& at);
std::vector<OverrideConfig> parse_overrides(const nlohmann::json& document);

}  // namespace base
