// A selection as a JSON document (schema/selection.schema.json), for programs and for more ids than
// a command line takes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "restore/selection.h"

namespace restore {

constexpr std::size_t kMaxSelectionBytes = 16U << 20U;

// Fails with kUsage, and names the field as a JSON pointer, for anything that the schema does not
// allow, a field or an element given twice, a NUL character, invalid UTF-8, or a text that is too
// long.
SelectionOptions parse_selection(std::string_view text);

// The same for a file's text; "-": that of stdin. Fails with kUsage if it can't be read.
SelectionOptions read_selection(const std::string& file);

}  // namespace restore
