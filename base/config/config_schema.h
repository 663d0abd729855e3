// Validation of the configuration, and of other documents, against a JSON Schema.
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace base {

// Fails with kConfig at the first place (a JSON pointer) that schema/mailstow.schema.json does not
// allow, with a message that makes sense without knowing the schema.
void check_against_schema(const nlohmann::json& document);

// The same for another document and its schema, a text of schema/embedded.h.
void check_against_schema(const nlohmann::json& document, std::string_view schema_text);

}  // namespace base
