// Validation of the configuration against its JSON Schema.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace base {

// Fails with kConfig at the first place (a JSON pointer) that schema/mailstow.schema.json does not
// allow, with a message that makes sense without knowing the schema.
void check_against_schema(const nlohmann::json& document);

}  // namespace base
