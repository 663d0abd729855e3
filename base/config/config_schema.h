// The configuration against its JSON Schema.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace base {

// Fails with kConfig at the first place (a JSON pointer) that schema/mailstow.schema.json does not
// allow, in words for somebody who never read it.
void check_against_schema(const nlohmann::json& document);

}  // namespace base
