#include "store/tree_record.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "base/time_text.h"
#include "store/format/compression.h"
#include "store/format/encoding.h"
#include "store/format/layout.h"
#include "store/format/verified.h"
#include "store/keys/key_slot.h"
#include "store/tree_note.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr std::string_view kTreeMark = "MSTWTREE";
// Version 1 had no counter, version 2 no user.
constexpr std::uint32_t kVersionWithoutCounter = 1;
constexpr std::uint32_t kRecordVersion = 3;
constexpr std::size_t kIdDigits = 32;
constexpr std::uint64_t kMaxTreeRecord = std::uint64_t{256} << 20;
constexpr std::uint64_t kMaxVarint = 10;  // bytes
// A frame that can't be compressed is a little longer than its content.
constexpr std::uint64_t kMaxTreeRecordFile = kMaxTreeRecord + (std::uint64_t{2} << 20);
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

// `levels` may be const.
template <typename Levels>
auto* level_named(Levels& levels, std::string_view name) {
  const auto found = std::ranges::find(levels, name, &TreeLevel::raw_name);
  return found == levels.end() ? nullptr : &*found;
}

}  // namespace

TreeLevel* TreeRecord::level(std::string_view level_name) {
  return level_named(levels, level_name);
}

const TreeLevel* TreeRecord::level(std::string_view level_name) const {
  return level_named(levels, level_name);
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
  encoder.text(record.user);
  return verified(
      "a tree record", encoder.take(),
      [&record](base::ByteView bytes) { return decode_tree_record(bytes) == record; },
      kMaxTreeRecord);
}

TreeRecord decode_tree_record(base::ByteView bytes) {
  constexpr std::size_t kMinLevel = 4;  // bytes of an encoded level
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
  record.levels.resize(decoder.count(kMinLevel));
  for (TreeLevel& level : record.levels) level = decode_level(decoder);
  if (decoder.remaining() > 0) record.user = decoder.text();
  decoder.end();
  return record;
}

class TreeRecords::Impl {
 public:
  Impl(base::FileSystem& file_system, const Location& where, BlockContext opened)
      : files(file_system),
        location(where),
        directory(trees_directory(where)),
        context(std::move(opened)) {}

  // A record, and how often it was put.
  struct Counted {
    TreeRecord record;
    std::uint64_t counter = 0;
  };

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

  base::Bytes seal_record(const TreeRecord& record, std::uint64_t counter) const {
    Encoder encoder;
    encoder.varint(counter);
    encoder.raw(encode_tree_record(record));
    const base::Bytes plain = encoder.take();
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

  Counted open_record(const std::string& id, base::ByteView file) const {
    Decoder decoder(file, "a tree record");
    const std::size_t head_size = head(0).size();
    const base::ByteView header = decoder.raw(head_size);
    Decoder fields(header, "a tree record");
    const bool is_tree =
        std::ranges::equal(fields.raw(kTreeMark.size()), base::as_bytes(kTreeMark));
    const std::uint32_t version = fields.u32();
    if (!is_tree || version < kVersionWithoutCounter || version > kRecordVersion) {
      decoder.malformed("it is not a tree record, or was written by a newer mailstow");
    }
    const std::uint32_t plain_length = fields.u32();
    if (plain_length > kMaxTreeRecord + kMaxVarint) decoder.malformed("it is too large");
    Nonce nonce;
    std::ranges::copy(decoder.raw(nonce.size()), nonce.begin());
    const std::optional<base::Bytes> frame = open_box(
        context.keys.trees, nonce, associated(header, id), decoder.raw(decoder.remaining()));
    if (!frame) decoder.malformed("it is not what was written");
    const base::Bytes plain = Decompressor().decompress(*frame, plain_length);
    Decoder content(plain, "a tree record");
    Counted read;
    if (version > kVersionWithoutCounter) read.counter = content.varint();
    read.record = decode_tree_record(content.raw(content.remaining()));
    if (read.record.id != id) decoder.malformed("it belongs to another tree");
    return read;
  }

  // Returns a line about the record if it is an older one, whose expiry it corrects.
  std::string correct(Counted& read) {
    const TreeNote note = load_tree_note(files, location, read.record.id);
    {
      const std::lock_guard lock(mutex);
      std::uint64_t& known = counters[read.record.id];
      known = std::max(known, read.counter);
    }
    if (read.counter >= note.counter) return "";
    read.record.expires = std::max(read.record.expires, note.expires);
    return fmt::format(
        "{}: an older record of this tree was put back: it is kept until the later expiry, {}",
        (directory / read.record.id).string(), base::shown_time(read.record.expires));
  }

  // The number of a record's changes so far, as far as this process and the note know.
  std::uint64_t counter_of(const std::string& id, const TreeNote& note) {
    const auto known = counters.find(id);
    if (known != counters.end()) return std::max(known->second, note.counter);
    try {
      const auto file = base::read_file(files, directory / id, kMaxTreeRecordFile);
      return file ? std::max(open_record(id, *file).counter, note.counter) : note.counter;
    } catch (const base::Error& error) {
      base::log_debug("{}", error.what());  // it is replaced
      return note.counter;
    }
  }

  void put(const TreeRecord& record) {
    const std::lock_guard lock(mutex);
    const TreeNote noted = load_tree_note(files, location, record.id);
    const std::uint64_t counter = counter_of(record.id, noted) + 1;
    base::write_file(files, directory / record.id, seal_record(record, counter),
                     base::OnExisting::kReplace);
    counters[record.id] = counter;
    // A run puts its record for every folder: a note takes two syncs, and only matters when
    // something changed on which a sweep depends.
    const TreeNote note{counter, record.expires, static_cast<int>(record.state)};
    if (noted.counter > 0 && noted.expires == note.expires && noted.state == note.state) return;
    try {
      save_tree_note(files, location, record.id, note);
    } catch (const base::Error& error) {
      base::log_warning("{}: an older record of this tree would not be noticed", error.what());
    }
  }

  base::FileSystem& files;
  Location location;
  base::Path directory;
  BlockContext context;
  std::mutex mutex;  // guards the following, and the order of puts
  std::map<std::string, std::uint64_t> counters;
};

TreeRecords TreeRecords::open(const Location& location, base::FileSystem& files) {
  return TreeRecords(
      std::make_unique<Impl>(files, location, open_keys(files, location.store, location.key_file)));
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
      const auto file = base::read_file(impl_->files, path, kMaxTreeRecordFile);
      if (!file) continue;  // removed meanwhile
      Impl::Counted read = impl_->open_record(name, *file);
      std::string outdated = impl_->correct(read);
      if (!outdated.empty()) {
        listing.outdated.push_back(std::move(outdated));
        listing.outdated_ids.push_back(name);
      }
      listing.records.push_back(std::move(read.record));
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
  const auto file = base::read_file(impl_->files, impl_->directory / id, kMaxTreeRecordFile);
  if (!file) return std::nullopt;
  Impl::Counted read = impl_->open_record(id, *file);
  impl_->correct(read);
  return std::move(read.record);
}

void TreeRecords::put(const TreeRecord& record) {
  if (!is_id(record.id)) fail(ErrorCode::kInternal, "write tree record: malformed id");
  impl_->put(record);
}

bool TreeRecords::remove(const std::string& id) {
  if (!is_id(id) || !impl_->files.remove(impl_->directory / id)) return false;
  impl_->files.sync_directory(impl_->directory);
  try {
    remove_tree_note(impl_->files, impl_->location, id);
  } catch (const base::Error& error) {
    base::log_debug("{}", error.what());  // of a tree that is gone: it means nothing any more
  }
  return true;
}

}  // namespace store
