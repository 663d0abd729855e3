#include "base/config/config_schema.h"

#include <string_view>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "base/file_system.h"
#include "schema/embedded.h"
#include "tests/expect_error.h"
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

TEST(ConfigSchemaTest, AKeyIsCheckedWhereverItIsUsed) {
  constexpr std::string_view kThings = R"({
    "additionalProperties": { "$ref": "#/definitions/thing" },
    "definitions": { "thing": { "properties": { "name": { "type": "string" },
                                                "size": { "type": "integer" },
                                                "unused": { "type": "integer" } } } } })";
  check_against_schema(json::parse(R"({"a": {"name": "x"}, "b": {"size": 3}})"), kThings);
  EXPECT_ERROR(
      kConfig, "/b/size: ",
      check_against_schema(json::parse(R"({"a": {"name": "x"}, "b": {"size": "3"}})"), kThings));
}

}  // namespace
}  // namespace base
