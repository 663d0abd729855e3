#include "backupd/named_snapshot.h"

#include "base/error.h"
#include "base/id_text.h"
#include "base/terminal.h"
#include "store/account_suggestion.h"
#include "store/find_snapshot.h"
#include "store/format/location.h"

namespace backupd {

store::SnapshotInfo named_snapshot(const base::Environment& environment, const std::string& account,
                                   const std::string& digits, std::string_view command) {
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  const std::string name = base::escape_for_terminal(account);
  if (reader.snapshots(account).empty()) {
    base::fail(base::ErrorCode::kNotFound, "{} {}: the store has no snapshots of it{}", command,
               name, store::account_suggestion(environment.config, &reader, account));
  }
  if (!base::begins_an_id(digits)) {
    base::fail(base::ErrorCode::kUsage,
               "{} {}: \"{}\" is no snapshot's id: give its first {} or more digits, from "
               "`mailstow-restore snapshots`",
               command, name, base::escape_for_terminal(digits), base::kMinIdDigits);
  }
  if (const auto snapshot = store::find_snapshot(reader, account, digits)) return *snapshot;
  base::fail(base::ErrorCode::kNotFound,
             "{} {}: it has no snapshot {}: `mailstow-restore snapshots` lists its snapshots",
             command, name, digits);
}

}  // namespace backupd
