#include "store/index/commit_mark.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "store/format/layout.h"
#include "store/index/index.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr std::uint64_t kMaxMarkText = 256;  // of a mark, in bytes

// One key file may open several stores.
base::Path mark_beside_key(const Location& location, const StoreId& store) {
  return location.key_file.string() + "." + base::to_hex(store) + ".commit";
}

CommitMark load(base::FileSystem& files, const base::Path& path) {
  const std::optional<base::Bytes> bytes = base::read_file(files, path, kMaxMarkText);
  if (!bytes) return {};
  const std::string_view text = base::as_text(*bytes);
  CommitMark mark;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mark.number);
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  const std::optional<ObjectId> id = rest.size() == 2 + 2 * ObjectId::kSize
                                         ? ObjectId::from_hex(rest.substr(1, rest.size() - 2))
                                         : std::nullopt;
  if (error != std::errc() || !id) {
    fail(ErrorCode::kDamaged,
         "read {}: it is not what was written: remove it if you know that the store is complete",
         path.string());
  }
  mark.id = *id;
  return mark;
}

// Writing needs two syncs, reading hardly any time.
void save(base::FileSystem& files, const base::Path& path, const CommitMark& mark) {
  const std::string text = fmt::format("{} {}\n", mark.number, mark.id.hex());
  const std::optional<base::Bytes> noted = base::read_file(files, path, kMaxMarkText);
  if (noted && base::as_text(*noted) == text) return;
  base::write_file(files, path, base::as_bytes(text), base::OnExisting::kReplace);
}

}  // namespace

CommitMark load_highest_commit(base::FileSystem& files, const Location& location,
                               const StoreId& store) {
  const CommitMark beside_index = load(files, highest_commit_file(location));
  const CommitMark beside_key = load(files, mark_beside_key(location, store));
  return beside_index.number >= beside_key.number ? beside_index : beside_key;
}

CommitMark noted_highest_commit(base::FileSystem& files, const Location& location) {
  return load(files, highest_commit_file(location));
}

std::string describe_highest_commit(base::FileSystem& files, const Location& location) {
  const CommitMark mark = noted_highest_commit(files, location);
  return mark.number == 0 ? "The store has no commit yet.\n"
                          : fmt::format("The store's highest commit is number {}, {}.\n",
                                        mark.number, mark.id.hex());
}

void save_highest_commit(base::FileSystem& files, const Location& location, const StoreId& store,
                         const CommitMark& mark) {
  save(files, highest_commit_file(location), mark);
  try {
    save(files, mark_beside_key(location, store), mark);
  } catch (const base::Error& error) {
    base::log_debug("the highest commit could be recorded only beside the index: {}", error.what());
  }
}

namespace {

// Returns how the commits in the index contradict the mark, or "".
std::string contradiction(const CommitMark& known, Index& index) {
  const CommitMark found = index.highest_commit();
  const std::optional<ObjectId> same_number = index.commit_id(known.number);
  const bool is_another = same_number && known.number > 0 && *same_number != known.id;
  if (found.number >= known.number && !is_another) return "";
  return fmt::format("commit {} was made in it, but {}", known.number,
                     is_another ? "there is a different one with this number"
                                : fmt::format("the newest that can be found is {}", found.number));
}

}  // namespace

void check_highest_commit(base::FileSystem& files, const Location& location, const StoreId& store,
                          Index& index, const CommitMark& recorded,
                          const std::vector<CommitMark>& forked) {
  const auto contradicts = [&](const CommitMark& known) {
    const bool is_there = std::ranges::find(forked, known) != forked.end();
    return is_there ? std::string() : contradiction(known, index);
  };
  std::string why = contradicts(load_highest_commit(files, location, store));
  if (why.empty()) why = contradicts(recorded);
  if (why.empty()) return;
  fail(ErrorCode::kDamaged,
       "open store {}: {}: restore the files in {} that were removed, or run mailstow-backupd "
       "check --repair to continue from this state",
       display_name(location), why, fmt::format("{}/{}", display_name(location), kPacksArea));
}

std::string doubt_about_state(base::FileSystem& files, const Location& location,
                              const StoreId& store, Index& index) {
  try {
    // A writer notes its commit after the index has it, so the mark is read first.
    const CommitMark known = load_highest_commit(files, location, store);
    const std::string why = contradiction(known, index);
    if (why.empty()) return "";
    return fmt::format(
        "store {} is in an older state than before: {}: newer snapshots are missing from what "
        "follows, see \"An older state\" in docs/recovery.md",
        display_name(location), why);
  } catch (const base::Error& error) {
    return fmt::format("store {}: it is unknown whether an older state was put back: {}",
                       display_name(location), error.what());
  }
}

}  // namespace store
