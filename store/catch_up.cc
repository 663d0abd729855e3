#include "store/catch_up.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "store/layout.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

struct FoundPack {
  Pack pack;
  std::vector<std::pair<ObjectId, Commit>> commits;

  // Packs without commits first: what a commit says of them must find them.
  std::uint64_t order() const { return commits.empty() ? 0 : commits.back().second.number; }
};

std::optional<PackName> pack_name(const std::string& file_name) {
  const std::optional<ObjectId> digits = ObjectId::from_hex(file_name);
  if (!digits || digits->hex() != file_name) return std::nullopt;
  return PackName{digits->bytes};
}

std::set<PackName> packs_in_store(const Location& location, base::FileSystem& files) {
  std::set<PackName> packs;
  for (const std::string& name : files.list(packs_folder(location))) {
    if (const std::optional<PackName> pack = pack_name(name)) packs.insert(*pack);
  }
  return packs;
}

void check_highest(const CommitMark& known, const CommitMark& found, const Location& location) {
  if (found.number > known.number || found == known) return;
  fail(ErrorCode::kDamaged,
       "open store {}: commit {} was made in it, but the newest that can be found is {}: put back "
       "the files in {} that were taken away, or remove {} to go on from the older state",
       location.store.string(), known.number, found.number, packs_folder(location).string(),
       highest_commit_file(location).string());
}

}  // namespace

std::vector<std::pair<ObjectId, Commit>> read_commits(PackFile& file, const Pack& pack,
                                                      const BlockContext& context,
                                                      Decompressor& decompressor) {
  std::vector<std::pair<ObjectId, Commit>> commits;
  for (std::size_t ordinal = 0; ordinal < pack.blocks.size(); ++ordinal) {
    const BlockEntry& block = pack.blocks[ordinal];
    const bool has_commit = std::ranges::any_of(
        block.objects, [](const auto& object) { return object.type == ObjectType::kCommit; });
    if (!has_commit) continue;
    BlockHeader expected;
    expected.pack = pack.id;
    expected.stream = block.stream;
    expected.ordinal = static_cast<std::uint32_t>(ordinal);
    expected.plain_length = block.plain_length;
    expected.sealed_length = block.sealed_length;
    const base::Bytes plain =
        open_block(context, expected, file.read_block(block.place, block.sealed_length),
                   decompressor, fmt::format("{}: block {}", file.name(), ordinal));
    for (const ObjectEntry& object : block.objects) {
      if (object.type != ObjectType::kCommit) continue;
      if (object.start + std::uint64_t{object.length} > plain.size()) {
        fail(ErrorCode::kDamaged, "{}: its trailer doesn't fit its blocks", file.name());
      }
      const base::ByteView bytes = base::ByteView(plain).subspan(object.start, object.length);
      commits.emplace_back(object.id, Commit::decode(bytes));
    }
  }
  std::ranges::sort(commits, {}, [](const auto& commit) { return commit.second.number; });
  return commits;
}

std::vector<std::string> catch_up(const Location& location, base::FileSystem& files,
                                  const BlockContext& context, Index& index) {
  std::vector<std::string> troubles;
  const std::set<PackName> present = packs_in_store(location, files);
  const std::vector<PackName> indexed = index.packs();
  std::set<PackName> unknown = present;
  bool missing = false;
  for (const PackName& name : indexed) {
    unknown.erase(name);
    if (present.contains(name)) continue;
    missing = true;
    troubles.push_back(
        fmt::format("pack {}: it is missing", (packs_folder(location) / name.hex()).string()));
  }
  // What lay in a missing pack must not count as stored. Another pack may hold it too.
  if (missing) {
    index.clear();
    unknown = present;
  }
  // A crash may have come between the rename of a pack and the folder's sync.
  if (!unknown.empty()) files.sync_folder(packs_folder(location));

  Decompressor decompressor;
  std::vector<FoundPack> found;
  for (const PackName& name : unknown) {
    const base::Path path = packs_folder(location) / name.hex();
    try {
      PackFile file(files.open(path), "pack " + path.string());
      FoundPack pack{.pack = file.read_trailer(context, name, decompressor), .commits = {}};
      pack.commits = read_commits(file, pack.pack, context, decompressor);
      if (pack.commits.empty()) {
        index.add(pack.pack, {}, context.keys);
      } else {
        found.push_back(std::move(pack));
      }
    } catch (const base::Error& error) {
      if (error.code() != ErrorCode::kDamaged) throw;
      troubles.emplace_back(error.what());
    }
  }
  std::ranges::sort(found, {}, &FoundPack::order);
  for (const FoundPack& pack : found) index.add(pack.pack, pack.commits, context.keys);

  const CommitMark known = load_highest_commit(files, location);
  const CommitMark highest = index.highest_commit();
  check_highest(known, highest, location);
  if (highest.number > known.number) save_highest_commit(files, location, highest);
  return troubles;
}

CommitMark load_highest_commit(base::FileSystem& files, const Location& location) {
  constexpr std::uint64_t kLongest = 256;
  const base::Path path = highest_commit_file(location);
  const std::optional<base::Bytes> bytes = base::read_file(files, path, kLongest);
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
         "read {}: it is not what was written: remove it if the store is known to be whole",
         path.string());
  }
  mark.id = *id;
  return mark;
}

void save_highest_commit(base::FileSystem& files, const Location& location,
                         const CommitMark& mark) {
  base::write_file(files, highest_commit_file(location),
                   base::as_bytes(fmt::format("{} {}\n", mark.number, mark.id.hex())),
                   base::OnExisting::kReplace);
}

}  // namespace store
