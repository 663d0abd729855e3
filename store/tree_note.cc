#include "store/tree_note.h"

#include <optional>
#include <sstream>

#include <fmt/core.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "store/format/layout.h"

namespace store {

namespace {

constexpr std::uint64_t kMaxNote = 256;  // bytes

TreeNote parse_note(std::string_view text) {
  std::istringstream in{std::string(text)};
  TreeNote note;
  std::int64_t expires = 0;
  if (!(in >> note.counter >> expires >> note.state)) {
    base::fail(base::ErrorCode::kDamaged, "it is not what was written");
  }
  note.expires = std::chrono::sys_seconds(std::chrono::seconds(expires));
  return note;
}

}  // namespace

TreeNote load_tree_note(base::FileSystem& files, const Location& location, const std::string& id) {
  const base::Path path = tree_note_file(location, id);
  try {
    const std::optional<base::Bytes> bytes = base::read_file(files, path, kMaxNote);
    return bytes ? parse_note(base::as_text(*bytes)) : TreeNote();
  } catch (const base::Error& error) {
    base::log_warning("read {}: {}: an older record of this tree would not be noticed",
                      path.string(), error.what());
    return {};
  }
}

void save_tree_note(base::FileSystem& files, const Location& location, const std::string& id,
                    const TreeNote& note) {
  const std::string text =
      fmt::format("{} {} {}\n", note.counter, note.expires.time_since_epoch().count(), note.state);
  base::write_file(files, tree_note_file(location, id), base::as_bytes(text),
                   base::OnExisting::kReplace);
}

void remove_tree_note(base::FileSystem& files, const Location& location, const std::string& id) {
  files.remove(tree_note_file(location, id));
}

}  // namespace store
