#include <utility>

#include <fmt/core.h>
#include <sys/stat.h>

#include "backupd/doctor/doctor_checks.h"
#include "backupd/doctor/file_access.h"
#include "base/error.h"
#include "store/format/location.h"
#include "store/keys/key_file.h"
#include "store/keys/key_ring.h"
#include "store/reader.h"

namespace backupd {

namespace {

constexpr const char* kKeyCheck = "key";

}  // namespace

std::vector<Finding> look_at_key(const base::StoreConfig& config, base::FileSystem& files) {
  const store::Location location = store::location_of(config);
  const std::string name = shown(config.key_file);
  std::vector<Finding> findings;
  const auto wrong = [&](std::string what, std::string remedy) {
    findings.push_back(
        failure(kKeyCheck, name, std::move(what), std::move(remedy), base::ExitStatus::kUsage));
  };
  if (const auto access = access_of(config.key_file)) {
    if ((access->mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0) {
      wrong(
          fmt::format("its permissions are {}: others may read or change it", octal(access->mode)),
          fmt::format("chmod 0600 {}", name));
    } else if ((access->mode & S_IRGRP) != 0) {
      findings.push_back(
          warning(kKeyCheck, name,
                  fmt::format("its permissions are {}: a group may read it", octal(access->mode)),
                  fmt::format("chmod 0600 {}, and chown it to who runs mailstow", name)));
    }
  }
  try {
    static_cast<void>(store::load_key_file(files, config.key_file));
    static_cast<void>(store::Reader::open(location, files));
    const std::size_t keys = store::list_keys(location, files).size();
    findings.push_back(
        all_right(kKeyCheck, name,
                  keys == 1 ? "it opens the store, and it alone: keep a copy where the store is not"
                            : fmt::format("it opens the store, as {} others do", keys - 1)));
  } catch (const base::Error& error) {
    if (error.code() == base::ErrorCode::kKey) {
      wrong(error.what(),
            "bring its copy back, or make it anew: mailstow-backupd key add --from-passphrase, or "
            "--from-export");
    } else if (error.code() != base::ErrorCode::kNotFound) {  // no store: another check's affair
      throw;
    }
  }
  return findings;
}

}  // namespace backupd
