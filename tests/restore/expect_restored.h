// Whether a tree is what was restored, as an independent client sees it.
#pragma once

#include "tests/programs/installation.h"
#include "tests/servers/account_state.h"

namespace restore {

// Every message of the folders that run's report names is in the tree as it was in `before`, with
// its bytes, flags and date, except those that the report lists as altered or skipped; and nothing
// else is there.
void expect_restored(const servers::AccountState& before, const servers::AccountState& now,
                     const programs::json& report);

// The same for one folder. `told`: its part of the report.
void expect_restored(const servers::FolderState& before, const servers::FolderState& now,
                     const programs::json& told);

// The folder of this shown name; null if it does not exist.
const servers::FolderState* find_folder(const servers::AccountState& state,
                                        const std::string& name);

}  // namespace restore
