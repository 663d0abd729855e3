// Finds the tree that a command line names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/config/config.h"
#include "base/program/program.h"
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

// For use before the record is changed. Fails with kBusy if another host made the tree and is
// alive: locks only keep apart what runs on one host. Otherwise the tree is this host's from now
// on. `command` begins the message.
void take_over(const base::Environment& environment, const store::TreeRecords& records,
               std::string_view command, store::TreeRecord& record);

}  // namespace restore
