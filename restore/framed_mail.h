// Messages on stdout for a program that reads them: before each, a line of JSON says how long it
// is. Nothing but that is printed, so that an error document on stdout is never taken for mail.
#pragma once

#include <string>

#include "base/program/program.h"
#include "restore/selection.h"

namespace restore {

// {"size": N}, and the bytes of one of the account's messages. `id`: whole. Fails with kNotFound if
// the account has no such message within reach, before anything is printed.
base::ExitStatus print_framed_message(const base::Environment& environment,
                                      const std::string& account, const std::string& id);

// What print_framed_selection() would print, as one document without mail: {"account", "snapshot",
// "snapshot_time", "passed_over", "undated", "messages", "bytes", "folders": [{"folder",
// "messages", "bytes"}]}.
base::ExitStatus print_selection_sizes(const base::Environment& environment,
                                       const std::string& account,
                                       const SelectionOptions& selection);

// For each selected message {"folder", "uid", "message", "internal_date", "flags", "size"} and its
// bytes. A message that can't be read has "damaged" instead of "size", and no bytes. At last
// {"end": true, "messages": N, "damaged": N}, without which the export is incomplete.
base::ExitStatus print_framed_selection(const base::Environment& environment,
                                        const std::string& account,
                                        const SelectionOptions& selection);

}  // namespace restore
