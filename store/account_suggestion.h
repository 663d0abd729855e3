// "Did you mean ...?" for accounts.
#pragma once

#include <string>
#include <string_view>

#include "base/config/config.h"
#include "store/reader.h"

namespace store {

// The end of a message about an account that has no snapshot: `: did you mean "alice"?`, for the
// nearest of the accounts in the store and in the configuration; of those within reach only, if
// config.store.reach is set. Empty if `account` is one of them, or none is close enough. `reader`:
// nullptr if the store can't be read.
std::string account_suggestion(const base::Config& config, Reader* reader,
                               std::string_view account);

}  // namespace store
