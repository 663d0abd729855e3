// The options of the command line that choose what to restore or export.
#pragma once

#include <string>

#include "base/program/options.h"
#include "restore/selection.h"

namespace restore {

// Declares --at.
void declare_at(base::Options& declared, std::string& at);

// Declares all of them, --at too.
void declare_selection(base::Options& declared, SelectionOptions& selection);

}  // namespace restore
