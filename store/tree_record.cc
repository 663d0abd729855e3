#include "store/tree_record.h"

#include <algorithm>

#include "base/glob.h"
#include "store/format/encoding.h"
#include "store/format/verified.h"

namespace store {

namespace {

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
auto* level_named(Levels& levels, std::string_view name, char delimiter) {
  const auto found = std::ranges::find_if(levels, [&](const TreeLevel& level) {
    return base::is_same_folder(level.raw_name, name, delimiter);
  });
  return found == levels.end() ? nullptr : &*found;
}

}  // namespace

TreeLevel* TreeRecord::level(std::string_view level_name) {
  return level_named(levels, level_name, delimiter);
}

const TreeLevel* TreeRecord::level(std::string_view level_name) const {
  return level_named(levels, level_name, delimiter);
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
  encoder.text(record.host);
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
  if (decoder.remaining() > 0) record.host = decoder.text();
  decoder.end();
  return record;
}

}  // namespace store
