// What is otherwise for some accounts than for the others: by an account's own entry, or by its
// name.
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

// The rules that are written; the others stay.
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
  std::vector<std::string> exclude;  // globs over shown folder names, beside Config::exclude
  std::optional<std::chrono::seconds> expire_after;  // of restored trees
  std::optional<std::uint64_t> daily_bytes;

  // What `settings` says goes before what this says.
  void add(const AccountSettings& settings);
};

// For the accounts whose names match one of the globs, listed or found.
struct OverrideConfig {
  std::vector<std::string> match;
  AccountSettings settings;

  bool concerns(std::string_view account) const;
};

// Of an object that the schema has allowed.
AccountSettings parse_account_settings(const nlohmann::json& at);
RetentionChange parse_retention_change(const nlohmann::json& at);
std::vector<OverrideConfig> parse_overrides(const nlohmann::json& document);

}  // namespace base
