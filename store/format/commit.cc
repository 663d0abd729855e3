#include "store/format/commit.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.h"
#include "store/format/encoding.h"
#include "store/format/verified.h"

namespace store {

namespace {

constexpr std::uint64_t kCheckpointFlag = 1;
constexpr std::uint64_t kSequenceFlag = 2;     // commits of older versions lack it
constexpr std::uint64_t kPinsFlag = 4;         // commits without pins lack it
constexpr std::uint64_t kUsedUpFlag = 8;       // commits without Commit::used_up lack it
constexpr std::uint64_t kExtensionsFlag = 16;  // commits without extensions lack it
constexpr std::uint64_t kAllFlags =
    kCheckpointFlag | kSequenceFlag | kPinsFlag | kUsedUpFlag | kExtensionsFlag;

enum class Sequences { kAbsent, kPresent };

void encode_line(Encoder& encoder, const SnapshotLine& line, Sequences sequences) {
  encoder.text(line.account);
  encoder.time(line.time);
  encoder.u8(static_cast<std::uint8_t>(line.kind));
  encoder.u8(static_cast<std::uint8_t>(line.status));
  encoder.text(line.personal_prefix);
  encoder.varint(line.folders);
  encoder.varint(line.messages);
  encoder.varint(line.bytes);
  encoder.varint(line.vanished);
  encoder.id(line.root);
  if (sequences == Sequences::kPresent) encoder.varint(line.sequence);
}

SnapshotLine decode_line(Decoder& decoder, Sequences sequences) {
  SnapshotLine line;
  line.account = decoder.text();
  line.time = decoder.time();
  line.kind =
      static_cast<SnapshotKind>(decoder.varint(static_cast<std::uint64_t>(SnapshotKind::kRescue)));
  line.status = static_cast<SnapshotStatus>(
      decoder.varint(static_cast<std::uint64_t>(SnapshotStatus::kMoving)));
  line.personal_prefix = decoder.text();
  line.folders = decoder.varint();
  line.messages = decoder.varint();
  line.bytes = decoder.varint();
  line.vanished = decoder.varint();
  line.root = decoder.id();
  if (sequences == Sequences::kPresent) line.sequence = decoder.varint(INT64_MAX);
  return line;
}

void encode_pins(Encoder& encoder, const std::vector<Pin>& pins) {
  encoder.varint(pins.size());
  for (const Pin& pin : pins) {
    encoder.id(pin.snapshot);
    encoder.time(pin.until);
  }
}

std::vector<Pin> decode_pins(Decoder& decoder) {
  std::vector<Pin> pins(decoder.count(ObjectId::kSize + 1));
  for (Pin& pin : pins) {
    pin.snapshot = decoder.id();
    pin.until = decoder.time();
  }
  return pins;
}

void encode_extensions(Encoder& encoder, const std::vector<Extension>& extensions) {
  encoder.varint(extensions.size());
  for (const Extension& extension : extensions) {
    encoder.varint(extension.tag);
    encoder.text(extension.name);
    encoder.u8(static_cast<std::uint8_t>(extension.forbids));
    encoder.text(extension.content);
  }
}

std::vector<Extension> decode_extensions(Decoder& decoder) {
  constexpr std::size_t kMinExtension = 4;  // bytes
  std::vector<Extension> extensions(decoder.count(kMinExtension));
  for (Extension& extension : extensions) {
    extension.tag = decoder.varint(INT64_MAX);
    extension.name = decoder.text();
    const std::uint8_t forbids = decoder.u8();
    if (forbids > static_cast<std::uint8_t>(Forbids::kReading)) decoder.newer();
    extension.forbids = static_cast<Forbids>(forbids);
    extension.content = decoder.text();
  }
  return extensions;
}

}  // namespace

base::Bytes Commit::encode() const {
  const Sequences sequences =
      std::ranges::any_of(snapshots, [](const SnapshotLine& line) { return line.sequence != 0; })
          ? Sequences::kPresent
          : Sequences::kAbsent;
  Encoder encoder;
  encoder.varint(number);
  encoder.time(time);
  encoder.id(previous);
  encoder.varint((is_checkpoint ? kCheckpointFlag : 0) |
                 (sequences == Sequences::kPresent ? kSequenceFlag : 0) |
                 (pins.empty() ? 0 : kPinsFlag) | (used_up == 0 ? 0 : kUsedUpFlag) |
                 (extensions.empty() ? 0 : kExtensionsFlag));
  encoder.varint(packs.size());
  for (const PackName& pack : packs) encoder.raw(pack.bytes);
  encoder.varint(snapshots.size());
  for (const SnapshotLine& line : snapshots) encode_line(encoder, line, sequences);
  encoder.varint(dropped.size());
  for (const ObjectId& snapshot : dropped) encoder.id(snapshot);
  encoder.varint(condemned.size());
  for (const CondemnedPack& condemnation : condemned) {
    encoder.raw(condemnation.pack.bytes);
    encoder.time(condemnation.since);
  }
  if (!pins.empty()) encode_pins(encoder, pins);
  if (used_up != 0) encoder.varint(used_up);
  if (!extensions.empty()) encode_extensions(encoder, extensions);
  return verified("a commit", encoder.take(),
                  [this](base::ByteView bytes) { return decode(bytes) == *this; });
}

Commit Commit::decode(base::ByteView bytes) {
  constexpr std::size_t kMinLine = 40;  // bytes of a snapshot's line
  Decoder decoder(bytes, "a commit");
  Commit commit;
  commit.number = decoder.varint();
  commit.time = decoder.time();
  commit.previous = decoder.id();
  const std::uint64_t flags = decoder.varint();
  if ((flags & ~kAllFlags) != 0) decoder.newer();
  commit.is_checkpoint = (flags & kCheckpointFlag) != 0;
  const Sequences sequences =
      (flags & kSequenceFlag) != 0 ? Sequences::kPresent : Sequences::kAbsent;
  commit.packs.resize(decoder.count(ObjectId::kSize));
  for (PackName& pack : commit.packs) pack = decoder.sha256();
  commit.snapshots.resize(decoder.count(kMinLine));
  for (SnapshotLine& line : commit.snapshots) line = decode_line(decoder, sequences);
  commit.dropped.resize(decoder.count(ObjectId::kSize));
  for (ObjectId& snapshot : commit.dropped) snapshot = decoder.id();
  commit.condemned.resize(decoder.count(ObjectId::kSize + 1));
  for (CondemnedPack& condemnation : commit.condemned) {
    condemnation.pack = decoder.sha256();
    condemnation.since = decoder.time();
  }
  if ((flags & kPinsFlag) != 0) commit.pins = decode_pins(decoder);
  if ((flags & kUsedUpFlag) != 0) commit.used_up = decoder.varint(INT64_MAX);
  if ((flags & kExtensionsFlag) != 0) commit.extensions = decode_extensions(decoder);
  decoder.end();
  return commit;
}

void verify(const SnapshotLine& line) {
  if (line.account.size() > kMaxAccountName) {
    throw Unstorable(
        fmt::format("write a snapshot: the account's name has {} bytes, the maximum is {}",
                    line.account.size(), kMaxAccountName));
  }
  Encoder encoder;
  encode_line(encoder, line, Sequences::kPresent);
  verified(
      "a snapshot", encoder.take(),
      [&line](base::ByteView bytes) {
        Decoder decoder(bytes, "a commit");
        const SnapshotLine read = decode_line(decoder, Sequences::kPresent);
        decoder.end();
        return read == line;
      },
      kMaxCommitLines);
}

std::vector<Commit> in_series(Commit first, const std::vector<SnapshotLine>& lines) {
  std::vector<Commit> series;
  series.push_back(std::move(first));
  std::size_t bytes = 0;
  for (const SnapshotLine& line : lines) {
    Encoder encoder;
    encode_line(encoder, line, Sequences::kPresent);
    const std::size_t size = encoder.size();
    std::vector<SnapshotLine>& last = series.back().snapshots;
    const bool is_full =
        last.size() == Commit::kMaxSnapshots || (!last.empty() && bytes + size > kMaxCommitLines);
    if (is_full) {
      series.emplace_back();
      bytes = 0;
    }
    series.back().snapshots.push_back(line);
    bytes += size;
  }
  return series;
}

ObjectId snapshot_id(const Keys& keys, const SnapshotLine& line) {
  Encoder encoder;
  encoder.id(line.root);
  encoder.text(line.account);
  encoder.time(line.time);
  encoder.u8(static_cast<std::uint8_t>(line.kind));
  return object_id(keys, ObjectType::kSnapshot, encoder.view());
}

SnapshotInfo snapshot_info(const ObjectId& id, const SnapshotLine& line) {
  return {.id = id,
          .account = line.account,
          .time = line.time,
          .kind = line.kind,
          .status = line.status,
          .personal_prefix = line.personal_prefix,
          .folders = line.folders,
          .messages = line.messages,
          .bytes = line.bytes,
          .vanished = line.vanished,
          .sequence = line.sequence};
}

SnapshotLine snapshot_line(const SnapshotInfo& info, const ObjectId& root) {
  return {.account = info.account,
          .time = info.time,
          .kind = info.kind,
          .status = info.status,
          .personal_prefix = info.personal_prefix,
          .folders = info.folders,
          .messages = info.messages,
          .bytes = info.bytes,
          .vanished = info.vanished,
          .root = root,
          .sequence = info.sequence};
}

base::Bytes Root::encode() const {
  Encoder encoder;
  encoder.varint(folders.size());
  for (const ObjectId& folder : folders) encoder.id(folder);
  encoder.properties(properties);
  return verified("a snapshot's root", encoder.take(),
                  [this](base::ByteView bytes) { return decode(bytes) == *this; });
}

Root Root::decode(base::ByteView bytes) {
  Decoder decoder(bytes, "a snapshot's root");
  Root root;
  root.folders.resize(decoder.count(ObjectId::kSize));
  for (ObjectId& folder : root.folders) folder = decoder.id();
  root.properties = decoder.properties();
  decoder.end();
  return root;
}

}  // namespace store
