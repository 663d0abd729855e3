#include "base/config/config_schema.h"

#include <string_view>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "base/file_system.h"
#include "schema/embedded.h"
#include "tests/text_of.h"

namespace base {
namespace {

using nlohmann::json;

// A key called "description" has an object for its schema, not a text.
json without_descriptions(json schema) {
  if (schema.is_object() && schema.contains("description") &&
      schema.at("description").is_string()) {
    schema.erase("description");
  }
  if (schema.is_structured()) {
    for (json& below : schema) below = without_descriptions(below);
  }
  return schema;
}

TEST(EmbeddedSchemaTest, IsTheFilesSchemaWithoutItsDescriptions) {
  const Path directory = Path(MAILSTOW_SOURCE_DIRECTORY) / "schema";
  EXPECT_EQ(json::parse(schema::kConfigSchema),
            without_descriptions(json::parse(tests::text_of(directory / "mailstow.schema.json"))));
  EXPECT_EQ(json::parse(schema::kSelectionSchema),
            without_descriptions(json::parse(tests::text_of(directory / "selection.schema.json"))));
}

}  // namespace
}  // namespace base
