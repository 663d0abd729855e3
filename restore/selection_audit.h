// The audit log's record of a selection that is not on the command line.
#pragma once

#include <cstddef>

#include <nlohmann/json_fwd.hpp>

#include "restore/selection.h"

namespace restore {

// The bound of the text in one line of the audit log. The SHA-256 proves the rest to those who have
// the document.
constexpr std::size_t kMaxAuditedText = 8U << 10U;  // bytes

// {"selection": {...}} for a selection that was read from a file or stdin: the SHA-256 of its
// document, and its fields by the names that they have there. What exceeds the bound is left out
// and counted in "left_out", by field. An empty object if the selection stands in the arguments.
nlohmann::ordered_json audit_details(const SelectionOptions& selection);

}  // namespace restore
