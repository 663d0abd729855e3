// The files of schema/ as of the build of mailstow.
#pragma once

#include <string_view>

namespace schema {

// The JSON Schema (draft 7) of the configuration file: schema/mailstow.schema.json without its
// descriptions.
extern const std::string_view kConfigSchema;

// The JSON Schema (draft 7) of a selection: schema/selection.schema.json, without them too.
extern const std::string_view kSelectionSchema;

// The JSON Schema (draft 7) of a web server's configuration: schema/web.schema.json, likewise.
extern const std::string_view kWebSchema;

// The statements that create an empty database of the restore desk: schema/desk.sql.
extern const std::string_view kDeskSql;

// The statements that create an empty index: schema/index.sql.
extern const std::string_view kIndexSql;

// The statements that create an empty search index: schema/search.sql.
extern const std::string_view kSearchSql;

}  // namespace schema
