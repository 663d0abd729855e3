#include "store/maintenance/pack_check.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "store/index/read_commits.h"
#include "store/message/recipe.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

// The open block of every stream, and a little more: messages are rebuilt in the order in which
// their parts were stored.
constexpr std::uint64_t kCachedBlocks = std::uint64_t{24} << 20;

// Unreadable data in a pack is a finding; an error that prevents reading any pack is not.
void note(const base::Error& error, PackFindings& findings) {
  const bool is_newer = error.code() == ErrorCode::kConfig;
  const bool is_damaged = error.code() == ErrorCode::kDamaged || error.code() == ErrorCode::kIo;
  if (!is_newer && !is_damaged) throw error;
  findings.damage.emplace_back(error.what());
  findings.is_newer = findings.is_newer || is_newer;
  findings.is_damaged = findings.is_damaged || is_damaged;
}

}  // namespace

PackCheck::PackCheck(Storage& storage, const BlockContext& context, Index& index,
                     ReadingAllowance& allowance, KeptBlocks& manifests)
    : storage_(storage),
      context_(context),
      index_(index),
      allowance_(allowance),
      manifests_(manifests),
      objects_(storage, context, index, kCachedBlocks) {}

PackFindings PackCheck::run(const PackName& name, CheckDepth depth) {
  PackFindings findings;
  std::optional<PackFile> file;
  try {
    file = PackFile::open(storage_, name, index_.size_of(name));
    objects_.lend(name, *file);
    inspect(*file, name, depth, findings);
  } catch (const base::Error& error) {
    note(error, findings);
    findings.has_no_trailer = true;
  }
  objects_.take_back();
  return findings;
}

void PackCheck::inspect(PackFile& file, const PackName& name, CheckDepth depth,
                        PackFindings& findings) {
  if (depth == CheckDepth::kReadData && file.hold(kMaxHeldPack) != name) {
    findings.damage.push_back(file.name() + ": its digest does not match its name");
    findings.is_damaged = true;
  }
  const Pack pack = file.read_trailer(context_, name, decompressor_);
  try {
    findings.commits = read_commits(file, pack, context_, decompressor_);
  } catch (const base::Error& error) {
    note(error, findings);
  }
  compare_with_index(pack, file.name(), findings);
  if (depth != CheckDepth::kReadData) return;
  allowance_.add_read(pack.size);
  read_blocks(file, pack, findings);
  rebuild_messages(pack, findings);
}

void PackCheck::compare_with_index(const Pack& pack, const std::string& file,
                                   PackFindings& findings) {
  const auto is_known = [&](std::size_t ordinal) {
    const BlockEntry& entry = pack.blocks[ordinal];
    const std::optional<std::int64_t> row = index_.row_of(pack.name, ordinal);
    if (!row) return false;
    const BlockPlace place = index_.block(*row);
    if (place.pack_id != pack.id || place.stream != entry.stream || place.offset != entry.place ||
        place.plain_length != entry.plain_length || place.sealed_length != entry.sealed_length) {
      return false;
    }
    return std::ranges::all_of(entry.objects, [&](const ObjectEntry& object) {
      const std::optional<ObjectPlace> found = index_.find(object.type, object.id);
      const bool is_here = found && found->block == *row && found->start == object.start &&
                           found->length == object.length;
      return is_here || (found && is_at(object, *found));
    });
  };
  for (std::size_t ordinal = 0; ordinal < pack.blocks.size(); ++ordinal) {
    if (is_known(ordinal)) continue;
    findings.damage.push_back(file +
                              ": the index describes it differently: run mailstow-backupd reindex");
    return;
  }
}

void PackCheck::rebuild_messages(const Pack& pack, PackFindings& findings) {
  std::unordered_set<ObjectId> parts_here;
  for (const BlockEntry& block : pack.blocks) {
    if (block.stream != Stream::kTexts && block.stream != Stream::kBinaries) continue;
    for (const ObjectEntry& object : block.objects) parts_here.insert(object.id);
  }
  for (std::size_t ordinal = 0; ordinal < pack.blocks.size(); ++ordinal) {
    const BlockEntry& block = pack.blocks[ordinal];
    if (block.stream != Stream::kRecords) continue;
    const std::int64_t row = index_.row_of(pack.name, ordinal).value_or(0);
    for (const ObjectEntry& record : block.objects) {
      const ObjectPlace place{.block = row, .start = record.start, .length = record.length};
      ++findings.messages;
      try {
        if (auto elsewhere = find_elsewhere(pack, record, place, parts_here)) {
          findings.elsewhere.push_back(*std::move(elsewhere));
        } else {
          objects_.check_message(record.id, place);
        }
      } catch (const base::Error& error) {
        findings.damaged_messages.emplace(MessageId{record.id}, error.what());
      }
    }
  }
}

// Returns nullopt if the message can be rebuilt without reading more of other packs than is
// allowed, or if rebuilding it will name the damage.
std::optional<MessageElsewhere> PackCheck::find_elsewhere(
    const Pack& pack, const ObjectEntry& record, const ObjectPlace& place,
    const std::unordered_set<ObjectId>& parts_here) {
  MessageElsewhere message{.id = {record.id}, .place = place, .packs = {}};
  std::set<std::int64_t> blocks;
  std::uint64_t bytes = 0;
  try {
    const ObjectView view = objects_.read_at(ObjectType::kMessage, record.id, place);
    if (message_size(view.bytes) != record.message_size) return std::nullopt;
    bool is_known = true;
    for_each_part(view.bytes, [&](PartKind kind, const PartRef& part) {
      if (parts_here.contains(part.id)) return;
      const ObjectType type = kind == PartKind::kText ? ObjectType::kText : ObjectType::kBinary;
      const std::optional<ObjectPlace> found = index_.find(type, part.id);
      is_known = is_known && found && found->length == part.length;
      if (!is_known || !blocks.insert(found->block).second) return;
      const BlockPlace block = index_.block(found->block);
      if (block.pack == pack.name) return;
      message.packs.insert(block.pack);
      if (!objects_.has_cached(found->block)) bytes += BlockHeader::kSize + block.sealed_length;
    });
    if (!is_known) return std::nullopt;
  } catch (const base::Error&) {
    return std::nullopt;
  }
  if (bytes == 0 || allowance_.take(bytes)) return std::nullopt;
  return message;
}

// An object that is in two packs is known by one place only, which must be as good.
bool PackCheck::is_at(const ObjectEntry& object, const ObjectPlace& place) {
  try {
    if (object.type == ObjectType::kMessage) {
      objects_.check_message(object.id, place);
      return true;
    }
    const ObjectView found = objects_.read_at(object.type, object.id, place);
    return object_id(context_.keys, object.type, found.bytes) == object.id;
  } catch (const base::Error&) {
    return false;
  }
}

void PackCheck::read_blocks(PackFile& file, const Pack& pack, PackFindings& findings) {
  for (std::size_t ordinal = 0; ordinal < pack.blocks.size(); ++ordinal) {
    try {
      read_block(file, pack, ordinal);
    } catch (const base::Error& error) {
      note(error, findings);
    }
  }
}

void PackCheck::read_block(PackFile& file, const Pack& pack, std::size_t ordinal) {
  const BlockEntry& block = pack.blocks[ordinal];
  const std::string name = fmt::format("{}: block {}", file.name(), ordinal);
  const base::Bytes sealed = file.read_block(block.place, block.sealed_length);
  const base::Bytes plain =
      open_block(context_, block.header(pack.id, ordinal), sealed, decompressor_, name);
  const std::vector<ObjectSpan> spans = read_directory(block.stream, plain);
  if (spans.size() != block.objects.size()) {
    fail(ErrorCode::kDamaged, "{}: its directory does not match the trailer", name);
  }
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const ObjectEntry& object = block.objects[i];
    if (spans[i].type != object.type || spans[i].start != object.start ||
        spans[i].length != object.length) {
      fail(ErrorCode::kDamaged, "{}: its directory does not match the trailer", name);
    }
    // A message's id is verified by rebuilding the message.
    if (object.type == ObjectType::kMessage) continue;
    const base::ByteView bytes = base::ByteView(plain).subspan(object.start, object.length);
    if (object_id(context_.keys, object.type, bytes) != object.id) {
      fail(ErrorCode::kDamaged, "{}: object {} does not match its id", name, object.id.hex());
    }
  }
  if (block.stream != Stream::kManifests) return;
  if (const auto row = index_.row_of(pack.name, ordinal)) manifests_.add(*row, sealed);
}

}  // namespace store
