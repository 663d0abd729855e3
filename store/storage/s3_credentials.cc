#include "store/storage/s3_credentials.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/finally.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/process.h"
#include "base/time_text.h"
#include "store/storage/storage_error.h"

namespace store {

namespace {

using base::ErrorCode;

constexpr std::size_t kMaxCredentials = std::size_t{64} << 10U;

// New ones are loaded so long before the end of the old ones: an upload that has begun with them
// may take a while.
constexpr std::chrono::minutes kBeforeTheEnd{5};

// The command is not run for every request if it fails, or prints such that end soon.
constexpr std::chrono::seconds kBetweenLoads{30};

// Everything waits for the command meanwhile, mostly with the store locked.
constexpr std::chrono::seconds kCommandTimeout{30};

std::string json_member(const nlohmann::ordered_json& document, const char* name) {
  const auto found = document.find(name);
  return found != document.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

bool S3Credentials::are_the_same(const S3Credentials& other) const {
  return access_key == other.access_key && secret.reveal() == other.secret.reveal() &&
         session_token.reveal() == other.session_token.reveal();
}

S3Credentials parse_s3_credentials(const std::string& text, const std::string& source) {
  const nlohmann::ordered_json document = base::parse_json(text);
  S3Credentials credentials;
  if (document.is_object()) {
    credentials.access_key = json_member(document, "AccessKeyId");
    credentials.secret = base::Secret(json_member(document, "SecretAccessKey"));
    credentials.session_token = base::Secret(json_member(document, "SessionToken"));
  }
  if (credentials.access_key.empty() || credentials.secret.empty()) {
    base::fail(ErrorCode::kConfig,
               "read credentials from {}: it must print a JSON object with AccessKeyId and "
               "SecretAccessKey (the format of AWS's credential_process)",
               source);
  }
  const std::string expiration = json_member(document, "Expiration");
  if (expiration.empty()) return credentials;
  try {
    credentials.expires = base::parse_time(expiration, "UTC");
  } catch (const base::Error& error) {
    base::fail(ErrorCode::kConfig, "read credentials from {}: Expiration: {}", source,
               error.what());
  }
  return credentials;
}

S3CredentialSource::S3CredentialSource(base::S3Config config, base::Clock& clock)
    : config_(std::move(config)), clock_(clock) {}

S3Credentials S3CredentialSource::get() {
  const std::lock_guard lock(mutex_);
  if (!current_ || has_ended(*current_)) {
    current_ = load_or_refuse();
    next_load_ = clock_.now() + kBetweenLoads;
  } else if (is_near_end(*current_) && clock_.now() >= next_load_) {
    try {
      current_ = load();
    } catch (const base::Error& error) {
      base::log_debug("the credentials still hold, but can't be renewed: {}", error.what());
    }
    next_load_ = clock_.now() + kBetweenLoads;
  }
  return *current_;
}

bool S3CredentialSource::renew(const S3Credentials& refused) {
  const std::lock_guard lock(mutex_);
  if (current_ && !current_->are_the_same(refused)) return true;
  current_ = load_or_refuse();
  return !current_->are_the_same(refused);
}

S3Credentials S3CredentialSource::load() const {
  if (const auto* key = std::get_if<base::S3AccessKey>(&config_.credentials)) {
    return {.access_key = key->id,
            .secret = base::load_secret(key->secret),
            .session_token = {},
            .expires = {}};
  }
  const auto& command = std::get<base::S3CredentialsCommand>(config_.credentials).command;
  std::string text = base::output_of(command, kMaxCredentials, kCommandTimeout);
  const base::Finally wiped([&] { base::wipe(text); });
  return parse_s3_credentials(text, "the command " + command.front());
}

S3Credentials S3CredentialSource::load_or_refuse() const {
  try {
    return load();
  } catch (const base::Error& error) {
    throw StorageError(Trouble::kRefused, fmt::format("open s3://{}: no credentials: {}",
                                                      config_.bucket, error.what()));
  }
}

bool S3CredentialSource::is_near_end(const S3Credentials& credentials) const {
  return credentials.expires && clock_.now() + kBeforeTheEnd >= *credentials.expires;
}

bool S3CredentialSource::has_ended(const S3Credentials& credentials) const {
  return credentials.expires && clock_.now() >= *credentials.expires;
}

}  // namespace store
