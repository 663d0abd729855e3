#include "store/maintenance/pack_check.h"

#include <algorithm>

#include "base/error.h"
#include "store/index/catch_up.h"
#include "store/index/object_reader.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

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

PackCheck::PackCheck(base::FileSystem& files, base::Path packs, const BlockContext& context,
                     Index& index)
    : files_(files), packs_(std::move(packs)), context_(context), index_(index) {}

PackFindings PackCheck::run(const PackName& name, CheckDepth depth) {
  PackFindings findings;
  try {
    inspect(name, depth, findings);
  } catch (const base::Error& error) {
    note(error, findings);
    findings.has_no_trailer = true;
  }
  return findings;
}

void PackCheck::inspect(const PackName& name, CheckDepth depth, PackFindings& findings) {
  PackFile file = PackFile::open(files_, packs_, name);
  if (depth == CheckDepth::kReadData && file.digest() != name) {
    findings.damage.push_back(file.name() + ": its digest does not match its name");
    findings.is_damaged = true;
  }
  const Pack pack = file.read_trailer(context_, name, decompressor_);
  try {
    findings.commits = read_commits(file, pack, context_, decompressor_);
  } catch (const base::Error& error) {
    note(error, findings);
  }
  for (std::size_t ordinal = 0; ordinal < pack.blocks.size(); ++ordinal) {
    if (pack.blocks[ordinal].stream == Stream::kRecords) findings.record_blocks.push_back(ordinal);
  }
  compare_with_index(pack, file.name(), findings);
  if (depth == CheckDepth::kReadData) read_blocks(file, pack, findings);
}

void PackCheck::compare_with_index(const Pack& pack, const std::string& file,
                                   PackFindings& findings) {
  const auto is_known = [&](std::size_t ordinal) {
    const BlockEntry& entry = pack.blocks[ordinal];
    const std::optional<std::int64_t> row = index_.row_of(pack.name, ordinal);
    if (!row) return false;
    const BlockPlace place = index_.block(*row);
    if (place.pack_id != pack.id || place.stream != entry.stream || place.place != entry.place ||
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

std::uint64_t PackCheck::rebuild(
    const PackName& name, std::size_t record_block,
    const std::function<void(const MessageId&, const std::string&)>& damaged) {
  const Pack pack =
      PackFile::open(files_, packs_, name).read_trailer(context_, name, decompressor_);
  const std::vector<ObjectEntry>& records = pack.blocks.at(record_block).objects;
  const std::optional<std::int64_t> row = index_.row_of(name, record_block);
  ObjectReader objects(files_, packs_, context_, index_);
  for (const ObjectEntry& record : records) {
    try {
      objects.read_message(
          record.id, {.block = row.value_or(0), .start = record.start, .length = record.length});
    } catch (const base::Error& error) {
      damaged({record.id}, error.what());
    }
  }
  return records.size();
}

// An object that is in two packs is known by one place only, which must be as good.
bool PackCheck::is_at(const ObjectEntry& object, const ObjectPlace& place) {
  ObjectReader objects(files_, packs_, context_, index_);
  try {
    if (object.type == ObjectType::kMessage) {
      objects.read_message(object.id, place);
      return true;
    }
    const ObjectView found = objects.read_at(object.type, object.id, place);
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
  const base::Bytes plain =
      open_block(context_, block.header(pack.id, ordinal),
                 file.read_block(block.place, block.sealed_length), decompressor_, name);
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
}

}  // namespace store
