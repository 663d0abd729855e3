#include <utility>

#include <fmt/core.h>
#include <sys/stat.h>

#include "backupd/doctor/checks.h"
#include "backupd/doctor/file_access.h"
#include "base/error.h"
#include "base/terminal.h"
#include "store/format/location.h"
#include "store/keys/key_file.h"
#include "store/keys/key_ring.h"
#include "store/reader.h"

namespace backupd {

namespace {

constexpr const char* kKeyCheck = "key";

}  // namespace

std::vector<Finding> check_key(const base::StoreConfig& config, base::FileSystem& files) {
  const store::Location location = store::location_of(config);
  const std::string name = shown(config.key_file);
  std::vector<Finding> findings;
  const auto wrong = [&](std::string what, std::string remedy) {
    findings.push_back(
        failure(kKeyCheck, name, std::move(what), std::move(remedy), base::ExitStatus::kUsage));
  };
  if (const auto access = access_of(config.key_file)) {
    if ((access->mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0) {
      wrong(fmt::format("its permissions are {}: other users can read or change it",
                        octal(access->mode)),
            fmt::format("chmod 0600 {}", name));
    } else if ((access->mode & S_IRGRP) != 0) {
      findings.push_back(
          warning(kKeyCheck, name,
                  fmt::format("its permissions are {}: its group can read it", octal(access->mode)),
                  fmt::format("chmod 0600 {}, and chown it to the user that runs mailstow", name)));
    }
  }
  try {
    static_cast<void>(store::load_key_file(files, config.key_file));
    static_cast<void>(store::Reader::open(location, files));
    const std::size_t keys = store::list_keys(location, files).size();
    findings.push_back(passed(
        kKeyCheck, name,
        fmt::format("{}; try the copy now and then: mailstow-backupd key verify FILE",
                    keys == 1
                        ? "it is the only key that opens the store: keep a copy away from the store"
                        : "other keys that open the store: " + base::format_count(keys - 1))));
  } catch (const base::Error& error) {
    if (error.code() == base::ErrorCode::kKey) {
      wrong(error.what(),
            "restore the key file from its copy, or recreate it: mailstow-backupd key add "
            "--from-passphrase, or "
            "--from-export");
    } else if (error.code() !=
               base::ErrorCode::kNotFound) {  // no store: another check reports that
      throw;
    }
  }
  return findings;
}

}  // namespace backupd
