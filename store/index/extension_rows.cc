#include "store/index/extension_rows.h"

#include "base/bytes.h"
#include "store/index/row_values.h"

namespace store {

void ExtensionRows::set(const Extension& extension) {
  Statement(*database_, "DELETE FROM extensions WHERE tag = ?1 AND name = ?2")
      .bind(1, as_integer(extension.tag))
      .bind(2, base::as_bytes(extension.name))
      .run();
  if (extension.content.empty()) return;
  Statement(*database_, "INSERT INTO extensions VALUES (?1, ?2, ?3, ?4)")
      .bind(1, as_integer(extension.tag))
      .bind(2, base::as_bytes(extension.name))
      .bind(3, static_cast<std::int64_t>(extension.forbids))
      .bind(4, base::as_bytes(extension.content))
      .run();
}

void ExtensionRows::clear() {
  database_->run("DELETE FROM extensions");
}

std::vector<Extension> ExtensionRows::all() {
  std::vector<Extension> all;
  Statement statement(*database_,
                      "SELECT tag, name, forbids, content FROM extensions ORDER BY tag, name");
  while (statement.step()) {
    all.push_back({.tag = static_cast<std::uint64_t>(statement.integer(0)),
                   .name = base::to_text(statement.blob(1)),
                   .forbids = static_cast<Forbids>(statement.integer(2)),
                   .content = base::to_text(statement.blob(3))});
  }
  return all;
}

}  // namespace store
