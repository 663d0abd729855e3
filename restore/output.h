// How the commands print: a text for people, or one document.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/program/program.h"
#include "store/format/snapshot.h"

namespace restore {

void print(base::OutputFormat format, const nlohmann::ordered_json& document,
           std::string_view text);

// For commands whose work is done: a text that can't be printed is no failure (base::after_work()).
void print_report(base::OutputFormat format, const nlohmann::ordered_json& document,
                  std::string_view text);

// The line that says which snapshot the output is of; `zone`: in which its time is shown.
std::string origin_text(const store::SnapshotInfo& snapshot, std::string_view zone);

// The same as the fields "snapshot", an id, and "snapshot_time".
void add_origin(nlohmann::ordered_json& document, const store::SnapshotInfo& snapshot);

}  // namespace restore
