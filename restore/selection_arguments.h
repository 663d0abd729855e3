// The options of the command line that choose what to restore or export.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/program/options.h"
#include "restore/selection.h"

namespace restore {

// Declares --at.
void declare_at(base::Options& declared, std::string& at);

// Declares all of them, --at and --selection too.
void declare_selection(base::Options& declared, SelectionOptions& selection);

// Declares --progress-fd.
void declare_progress(base::Options& declared, std::optional<std::uint32_t>& descriptor);

// The selection of the options, or of the file that --selection names. Fails with kUsage as
// read_selection().
SelectionOptions given_selection(const SelectionOptions& options);

}  // namespace restore
