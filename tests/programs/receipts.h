// The completeness receipts of `once --json`, compared with those of an independent client.
#pragma once

#include "tests/programs/installation.h"
#include "tests/servers/account_state.h"

namespace programs {

// Fails the test unless `account`, an element of once's report, has a receipt for each folder that
// can be opened, and that alone, and each is what `state` has.
void expect_receipts(const json& account, const servers::AccountState& state);

}  // namespace programs
