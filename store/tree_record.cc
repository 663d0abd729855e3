#include "store/tree_record.h"

#include <algorithm>

#include "base/atomic_file.h"
#include "base/error.h"
#include "store/format/compression.h"
#include "store/format/encoding.h"
#include "store/format/layout.h"
#include "store/format/verified.h"
#include "store/keys/key_slot.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr std::string_view kTreeMark = "MSTWTREE";
constexpr std::uint32_t kRecordVersion = 1;
constexpr std::size_t kIdDigits = 32;
constexpr std::uint64_t kMaxTreeRecord = std::uint64_t{256} << 20;
constexpr int kLevel = 3;

bool is_id(std::string_view text) {
  return text.size() == kIdDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void encode_level(Encoder& encoder, const TreeLevel& level) {
  encoder.text(level.raw_name);
  encoder.u8(static_cast<std::uint8_t>(level.state));
  encoder.u8(level.identity ? 1 : 0);
  if (level.identity) {
    encoder.varint(level.identity->uid_validity);
    encoder.text(level.identity->mailbox_id);
  }
  encoder.varint(level.messages.size());
  for (const TreeMessage& message : level.messages) {
    encoder.varint(message.uid.value);
    encoder.varint(message.size);
    encoder.time(message.internal_date);
    encoder.id(message.message.object);
  }
}

TreeLevel decode_level(Decoder& decoder) {
  TreeLevel level;
  level.raw_name = decoder.text();
  level.state =
      static_cast<LevelState>(decoder.varint(static_cast<std::uint64_t>(LevelState::kNotOurs)));
  if (decoder.varint(1) != 0) {
    level.identity.emplace();
    level.identity->uid_validity = static_cast<std::uint32_t>(decoder.varint(UINT32_MAX));
    level.identity->mailbox_id = decoder.text();
  }
  level.messages.resize(decoder.count(ObjectId::kSize + 3));
  for (TreeMessage& message : level.messages) {
    message.uid = {static_cast<std::uint32_t>(decoder.varint(UINT32_MAX))};
    message.size = decoder.varint();
    message.internal_date = decoder.time();
    message.message = {decoder.id()};
  }
  return level;
}

}  // namespace

TreeLevel* TreeRecord::level(std::string_view level_name) {
  const auto found = std::ranges::find(levels, level_name, &TreeLevel::raw_name);
  return found == levels.end() ? nullptr : &*found;
}

base::Bytes encode_tree_record(const TreeRecord& record) {
  Encoder encoder;
  encoder.text(record.id);
  encoder.text(record.account);
  encoder.text(record.server);
  encoder.text(record.name);
  encoder.text(record.raw_name);
  encoder.u8(static_cast<std::uint8_t>(record.delimiter));
  encoder.u8(static_cast<std::uint8_t>(record.state));
  encoder.time(record.created);
  encoder.time(record.expires);
  encoder.id(record.snapshot);
  encoder.text(record.request);
  encoder.varint(record.levels.size());
  for (const TreeLevel& level : record.levels) encode_level(encoder, level);
  return verified(
      "a tree record", encoder.take(),
      [&record](base::ByteView bytes) { return decode_tree_record(bytes) == record; },
      kMaxTreeRecord);
}

TreeRecord decode_tree_record(base::ByteView bytes) {
  constexpr std::size_t kSmallestLevel = 4;
  Decoder decoder(bytes, "a tree record");
  TreeRecord record;
  record.id = decoder.text();
  record.account = decoder.text();
  record.server = decoder.text();
  record.name = decoder.text();
  record.raw_name = decoder.text();
  record.delimiter = static_cast<char>(decoder.u8());
  record.state =
      static_cast<TreeState>(decoder.varint(static_cast<std::uint64_t>(TreeState::kIncomplete)));
  record.created = decoder.time();
  record.expires = decoder.time();
  record.snapshot = decoder.id();
  record.request = decoder.text();
  record.levels.resize(decoder.count(kSmallestLevel));
  for (TreeLevel& level : record.levels) level = decode_level(decoder);
  decoder.end();
  return record;
}

class TreeRecords::Impl {
 public:
  Impl(base::FileSystem& file_system, base::Path trees, BlockContext opened)
      : files(file_system), directory(std::move(trees)), context(std::move(opened)) {}

  // The header of a record's file: everything before the nonce.
  static base::Bytes head(std::uint64_t plain_length) {
    Encoder encoder;
    encoder.raw(base::as_bytes(kTreeMark));
    encoder.u32(kRecordVersion);
    encoder.u32(static_cast<std::uint32_t>(plain_length));
    return encoder.take();
  }

  // A record stored under another record's name does not authenticate.
  base::Bytes associated(base::ByteView header, const std::string& id) const {
    Encoder encoder;
    encoder.raw(context.store);
    encoder.raw(header);
    encoder.text(id);
    return encoder.take();
  }

  base::Bytes seal_record(const TreeRecord& record) const {
    const base::Bytes plain = encode_tree_record(record);
    Compressor compressor(kLevel);
    const base::ByteView frame = compressor.compress(plain);
    const base::Bytes header = head(plain.size());
    const Nonce nonce = random_nonce();
    base::Bytes file = header;
    file.insert(file.end(), nonce.begin(), nonce.end());
    const std::size_t begin = file.size();
    file.resize(begin + frame.size() + kTagSize);
    seal_box(context.keys.trees, nonce, associated(header, record.id), frame,
             std::span(file).subspan(begin));
    return file;
  }

  TreeRecord open_record(const std::string& id, base::ByteView file) const {
    Decoder decoder(file, "a tree record");
    const std::size_t head_size = head(0).size();
    const base::ByteView header = decoder.raw(head_size);
    Decoder fields(header, "a tree record");
    if (!std::ranges::equal(fields.raw(kTreeMark.size()), base::as_bytes(kTreeMark)) ||
        fields.u32() != kRecordVersion) {
      decoder.malformed("it is not a tree record, or was written by a newer mailstow");
    }
    const std::uint32_t plain_length = fields.u32();
    if (plain_length > kMaxTreeRecord) decoder.malformed("it is too large");
    Nonce nonce;
    std::ranges::copy(decoder.raw(nonce.size()), nonce.begin());
    const std::optional<base::Bytes> frame = open_box(
        context.keys.trees, nonce, associated(header, id), decoder.raw(decoder.remaining()));
    if (!frame) decoder.malformed("it is not what was written");
    TreeRecord record = decode_tree_record(Decompressor().decompress(*frame, plain_length));
    if (record.id != id) decoder.malformed("it belongs to another tree");
    return record;
  }

  base::FileSystem& files;
  base::Path directory;
  BlockContext context;
};

TreeRecords TreeRecords::open(const Location& location, base::FileSystem& files) {
  return TreeRecords(std::make_unique<Impl>(files, trees_directory(location),
                                            open_keys(files, location.store, location.key_file)));
}

TreeRecords::TreeRecords(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TreeRecords::TreeRecords(TreeRecords&&) noexcept = default;
TreeRecords& TreeRecords::operator=(TreeRecords&&) noexcept = default;
TreeRecords::~TreeRecords() = default;

std::string TreeRecords::new_id() {
  std::array<std::byte, kIdDigits / 2> bytes{};
  fill_random(bytes);
  return base::to_hex(bytes);
}

TreeRecords::Listing TreeRecords::list() const {
  Listing listing;
  for (const std::string& name : impl_->files.list(impl_->directory)) {
    if (base::AtomicFile::is_temporary(name)) continue;
    const base::Path path = impl_->directory / name;
    try {
      if (!is_id(name)) fail(ErrorCode::kDamaged, "it is not a tree record of mailstow");
      const std::optional<base::Bytes> file = base::read_file(impl_->files, path, kMaxTreeRecord);
      if (!file) continue;  // removed meanwhile
      listing.records.push_back(impl_->open_record(name, *file));
    } catch (const base::Error& error) {
      listing.damaged.push_back(fmt::format("{}: {}", path.string(), error.what()));
      listing.damaged_files.push_back(name);
    }
  }
  std::ranges::sort(listing.records, {},
                    [](const TreeRecord& record) { return std::tie(record.created, record.id); });
  return listing;
}

std::optional<TreeRecord> TreeRecords::find(const std::string& id) const {
  if (!is_id(id)) return std::nullopt;
  const auto file = base::read_file(impl_->files, impl_->directory / id, kMaxTreeRecord);
  if (!file) return std::nullopt;
  return impl_->open_record(id, *file);
}

void TreeRecords::put(const TreeRecord& record) {
  if (!is_id(record.id)) fail(ErrorCode::kInternal, "write tree record: malformed id");
  base::write_file(impl_->files, impl_->directory / record.id, impl_->seal_record(record),
                   base::OnExisting::kReplace);
}

bool TreeRecords::remove(const std::string& id) {
  if (!is_id(id) || !impl_->files.remove(impl_->directory / id)) return false;
  impl_->files.sync_directory(impl_->directory);
  return true;
}

}  // namespace store
