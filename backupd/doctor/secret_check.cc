#include <cstdlib>
#include <utility>

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backupd/doctor/checks.h"
#include "backupd/doctor/file_access.h"
#include "base/error.h"
#include "base/terminal.h"

namespace backupd {

namespace {

constexpr const char* kSecretCheck = "secret";
constexpr mode_t kWritableBeside = S_IWGRP | S_IWOTH;

// A place in the configuration that names a secret.
struct Place {
  std::string name;
  base::SecretSource source;
};

std::vector<Place> places_in(const base::Config& config) {
  std::vector<Place> places;
  const auto add_login = [&](const std::string& name, const auto& login) {
    if (login && login->auth != base::LoginMethod::kExternal) {
      places.push_back({name, login->password});
    }
  };
  for (const auto& [name, server] : config.servers) {
    const std::string at = "servers." + base::escape_for_terminal(name);
    add_login(at + ".admin", server.admin);
    add_login(at + ".quota_admin", server.quota_admin);
    if (server.proxy) add_login(at + ".proxy_login", server.proxy->login);
    if (const auto& certificate = server.client_certificate) {
      if (certificate->password) {
        places.push_back({at + ".client_certificate", *certificate->password});
      }
      const auto& key = certificate->key_file;
      places.push_back(
          {at + ".client_certificate", {key.empty() ? certificate->file : key, {}, {}}});
    }
  }
  const auto add_bucket = [&](const std::string& name,
                              const std::optional<base::S3Config>& bucket) {
    if (!bucket) return;
    const auto* const key = std::get_if<base::S3AccessKey>(&bucket->credentials);
    if (key != nullptr) places.push_back({name, key->secret});
  };
  add_bucket("store.s3", config.store.s3);
  for (const base::CopyConfig& copy : config.copies) {
    add_bucket("copies." + copy.name + ".s3", copy.s3);
  }
  if (const auto& mail = config.reporting.mail) add_login("mail.login", mail->login);
  for (const base::AccountConfig& account : config.accounts) {
    if (!account.password || account.auth == base::LoginMethod::kExternal) continue;
    places.push_back({"accounts." + base::escape_for_terminal(account.name), *account.password});
  }
  return places;
}

// Returns nullopt if all is well.
std::optional<Finding> check_file(const Place& place) {
  const base::Path& path = place.source.password_file;
  const std::string name = shown(path);
  const auto wrong = [&](std::string what, std::string remedy) {
    return failure(kSecretCheck, place.name, std::move(what), std::move(remedy),
                   base::ExitStatus::kUsage);
  };
  const auto access = access_of(path);
  if (!access) return wrong(name + ": no such file", "write the secret into it");
  if (!may_read(path)) {
    return wrong(fmt::format("{}: {} may not read it", name, user_name(::geteuid())),
                 fmt::format("chown {} {} && chmod 0600 {}", user_name(::geteuid()), name, name));
  }
  if ((access->mode & (kWritableBeside | S_IROTH)) != 0) {
    return wrong(
        fmt::format("{}: its permissions are {}: other users can {} it", name, octal(access->mode),
                    (access->mode & S_IROTH) != 0 ? "read" : "change"),
        fmt::format("chmod 0600 {}", name));
  }
  return std::nullopt;
}

std::optional<Finding> check_source(const Place& place) {
  if (!place.source.password_file.empty()) return check_file(place);
  if (place.source.credential.empty())
    return std::nullopt;  // a command, which the login check runs
  if (std::getenv("CREDENTIALS_DIRECTORY") == nullptr) {
    return warning(kSecretCheck, place.name,
                   "it is a credential, which the service manager passes only to the service: "
                   "logins that need it can't be tested here",
                   "run doctor with it: systemd-run --pipe --wait -p User=mailstow -p "
                   "LoadCredential=NAME mailstow-backupd doctor");
  }
  try {
    static_cast<void>(base::load_secret(place.source));
    return std::nullopt;
  } catch (const base::Error& error) {
    return failure(kSecretCheck, place.name, error.what(), "", base::ExitStatus::kUsage);
  }
}

}  // namespace

std::vector<Finding> check_secrets(const base::Config& config, const base::Path& config_file) {
  std::vector<Finding> findings;
  const auto access = access_of(config_file);
  if (access && (access->mode & kWritableBeside) != 0) {
    findings.push_back(
        failure("configuration", shown(config_file),
                fmt::format("its permissions are {}: other users can change what runs "
                            "as {}",
                            octal(access->mode), user_name(::geteuid())),
                fmt::format("chmod go-w {}", shown(config_file)), base::ExitStatus::kUsage));
  }
  const std::vector<Place> places = places_in(config);
  std::size_t troubles = 0;
  for (const Place& place : places) {
    if (auto finding = check_source(place)) {
      findings.push_back(std::move(*finding));
      ++troubles;
    }
  }
  if (troubles < places.size()) {
    findings.push_back(passed(kSecretCheck, "",
                              fmt::format("{} of {} exist and are readable only by mailstow",
                                          places.size() - troubles, places.size())));
  }
  return findings;
}

}  // namespace backupd
