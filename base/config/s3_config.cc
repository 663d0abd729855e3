#include "base/config/s3_config.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/time_text.h"

namespace base {

namespace {

using nlohmann::json;

constexpr std::array<const char*, 3> kSecrets = {"secret_key_file", "secret_key_command",
                                                 "credential"};

std::variant<S3AccessKey, S3CredentialsCommand> parse_credentials(const json& at,
                                                                  const std::string& pointer) {
  const auto secrets =
      std::ranges::count_if(kSecrets, [&](const char* key) { return at.contains(key); });
  if (at.contains("credentials_command")) {
    if (at.contains("access_key") || secrets > 0) {
      fail(ErrorCode::kConfig,
           "{}: credentials_command prints the access key and its secret: leave out "
           "access_key, secret_key_file, secret_key_command and credential",
           pointer);
    }
    return S3CredentialsCommand{at.at("credentials_command").get<std::vector<std::string>>()};
  }
  if (!at.contains("access_key")) {
    fail(ErrorCode::kConfig,
         "{}: no credentials: give access_key and one of secret_key_file, secret_key_command and "
         "credential, or credentials_command",
         pointer);
  }
  if (secrets != 1) {
    fail(ErrorCode::kConfig,
         "{}: give exactly one of secret_key_file, secret_key_command and credential", pointer);
  }
  return S3AccessKey{
      .id = at.at("access_key").get<std::string>(),
      .secret = {.password_file = at.value("secret_key_file", std::string()),
                 .password_command = at.value("secret_key_command", std::vector<std::string>()),
                 .credential = at.value("credential", std::string())}};
}

std::chrono::days parse_lock(const std::string& text, const std::string& pointer) {
  const std::chrono::seconds duration = parse_duration(text);
  const auto days = std::chrono::floor<std::chrono::days>(duration);
  if (days.count() < 1 || days != duration) {
    fail(ErrorCode::kConfig, "{}/lock_for: \"{}\": write whole days, such as 35d", pointer, text);
  }
  return days;
}

std::string without_slash(std::string text) {
  if (text.ends_with('/')) text.pop_back();
  return text;
}

// Where the bucket is a part of the host's name, it has to be one.
void check_host_name(const S3Config& config, const std::string& pointer) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  if (config.names != S3Names::kHost || std::ranges::all_of(config.bucket, fits)) return;
  fail(ErrorCode::kConfig, "{}/bucket: \"{}\" can't be a part of a host name: set names to path",
       pointer, config.bucket);
}

}  // namespace

std::string S3Config::display_name() const {
  return prefix.empty() ? "s3://" + bucket : "s3://" + bucket + "/" + prefix;
}

S3Config parse_s3(const json& at, const std::string& pointer) {
  S3Config config;
  config.url = without_slash(at.at("url").get<std::string>());
  config.bucket = at.at("bucket").get<std::string>();
  config.prefix = without_slash(at.value("prefix", std::string()));
  config.region = at.value("region", std::string());
  if (at.value("names", "path") == "host") config.names = S3Names::kHost;
  config.ca_file = at.value("ca_file", std::string());
  config.credentials = parse_credentials(at, pointer);
  config.storage_class = at.value("storage_class", std::string());
  if (at.contains("lock_for")) {
    config.lock_for = parse_lock(at.at("lock_for").get<std::string>(), pointer);
  }
  if (at.value("lock_mode", "compliance") == "governance") {
    config.lock_mode = S3LockMode::kGovernance;
  }
  if (at.contains("lock_mode") && !config.lock_for) {
    fail(ErrorCode::kConfig, "{}/lock_mode: it needs lock_for", pointer);
  }
  config.connections = at.value("connections", config.connections);
  check_host_name(config, pointer);
  return config;
}

}  // namespace base
