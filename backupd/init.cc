#include <fmt/core.h>

#include "backupd/commands.h"
#include "base/config/config.h"
#include "base/config/store_privacy.h"
#include "base/error.h"
#include "base/program/audit_log.h"
#include "store/format/location.h"
#include "store/writer.h"

namespace backupd {

namespace {

void check_places(const base::Config& config) {
  const base::StoreConfig& store = config.store;
  const auto misplaced = base::misplaced(store, config.copies, base::private_paths(store));
  if (!misplaced.empty()) {
    const base::Misplaced& first = misplaced.front();
    base::fail(base::ErrorCode::kConfig, "init: {} {} lies in {}: {}: choose another place",
               first.file.what, first.file.path.string(), first.where, first.file.why);
  }
  base::require_apart(config.copies, store);
}

}  // namespace

base::ExitStatus init(const base::Environment& environment) {
  check_places(environment.config);
  const store::Location location = store::location_of(environment.config.store);
  store::init(location, environment.files, environment.clock);
  base::AuditLog(environment.config.store, environment.invoker, environment.clock).reserve();
  base::print_report(fmt::format(
      "The store is in {}, its index in {}.\n"
      "Its key is in {}: copy that file now to a place that does not burn down with\n"
      "this machine. Without it the store can't be read, not even by mailstow.\n",
      store::display_name(location), location.index.string(), location.key_file.string()));
  return base::ExitStatus::kDone;
}

base::Command init_command() {
  return {.name = "init",
          .help = "Create an empty store, and its key file if it is absent",
          .has_document = false,
          .function = init};
}

}  // namespace backupd
