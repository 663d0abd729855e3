// Finds the tree that a command line names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/config/config.h"
#include "store/tree_record.h"

namespace restore {

// Whether `text` names the tree: its whole name, or the last level of it, the timestamp.
bool is_named(const store::TreeRecord& record, std::string_view text);

// Fails with kNotFound; `command` begins the message. `records`: to guess what was meant; if
// config.store.reach is set, no other account is named.
[[noreturn]] void fail_without_tree(const base::Config& config, std::string_view command,
                                    std::string_view account, std::string_view tree,
                                    const std::vector<store::TreeRecord>& records);

// Fails with kNotFound, or with kUsage if several trees of the account have this last level.
store::TreeRecord find_tree(const base::Config& config, const store::TreeRecords& records,
                            std::string_view command, std::string_view account,
                            std::string_view tree);

}  // namespace restore
