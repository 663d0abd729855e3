#include "store/maintenance/salvage.h"

#include <algorithm>

#include "base/error.h"
#include "store/storage/blob_file.h"

namespace store {

namespace {

constexpr std::size_t kWindow = std::size_t{1} << 20;

std::size_t read_or_zeros(base::File& file, std::uint64_t place, std::span<std::byte> out) {
  try {
    return file.read_at(place, out);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kIo) throw;
    std::ranges::fill(out, std::byte{0});
    return out.size();
  }
}

// Unreadable sectors of the disk are returned as zeros.
base::Bytes read_up_to(base::File& file, std::uint64_t place, std::size_t size) {
  constexpr std::size_t kSector = 4'096;
  const std::uint64_t end = file.size();
  if (place >= end) return {};
  base::Bytes bytes(static_cast<std::size_t>(std::min<std::uint64_t>(size, end - place)));
  try {
    bytes.resize(file.read_at(place, bytes));
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kIo) throw;
    for (std::size_t begin = 0; begin < bytes.size(); begin += kSector) {
      const std::size_t piece = std::min(kSector, bytes.size() - begin);
      read_or_zeros(file, place + begin, std::span(bytes).subspan(begin, piece));
    }
  }
  return bytes;
}

// The position of the next mark, searching from `place`.
std::optional<std::uint64_t> find_mark(base::File& file, std::uint64_t place) {
  const base::ByteView mark = block_mark();
  while (true) {
    const base::Bytes window = read_up_to(file, place, kWindow);
    const auto found = std::ranges::search(window, mark);
    if (!found.empty()) {
      return place + static_cast<std::uint64_t>(found.begin() - window.begin());
    }
    if (window.size() < kWindow) return std::nullopt;
    place += kWindow - mark.size() + 1;
  }
}

bool is_manifest(ObjectType type) {
  const auto number = static_cast<std::uint8_t>(type);
  return number >= 1 && number <= kLastStoredType && stream_of(type) == Stream::kManifests;
}

}  // namespace

SalvageSource source_of(Storage& storage, const BlobName& name) {
  return {.name = storage.display_name(name),
          .open = [&storage, name] { return open_blob(storage, name); }};
}

Salvage::Salvage(WriteSession& session)
    : session_(session), objects_reader_(session.storage(), session.context(), session.index()) {}

void Salvage::for_each_block(const SalvageSource& pack, const TakeBlock& take) {
  std::unique_ptr<base::File> file;
  try {
    file = pack.open();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;  // a FIFO, a link: nothing to salvage
  }
  if (!file) return;
  std::uint64_t place = 0;
  while (const std::optional<std::uint64_t> mark = find_mark(*file, place)) {
    place = *mark + 1;
    const std::optional<BlockHeader> header =
        BlockHeader::decode(read_up_to(*file, *mark, BlockHeader::kSize));
    if (!header || header->stream == Stream::kTrailer) continue;
    const base::Bytes bytes = read_up_to(*file, *mark, BlockHeader::kSize + header->sealed_length);
    base::Bytes plain;
    try {
      plain = open_block(session_.context(), *header, bytes, decompressor_, pack.name);
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kDamaged) throw;
      continue;
    }
    take(header->stream, plain);
    place = *mark + bytes.size();
  }
}

void Salvage::take_parts(const SalvageSource& pack) {
  for_each_block(pack, [&](Stream stream, base::ByteView plain) {
    if (stream == Stream::kRecords) return;
    for (const ObjectSpan& span : read_directory(stream, plain)) {
      const base::ByteView bytes = plain.subspan(span.start, span.length);
      if (stream == Stream::kManifests) {
        take_manifest(span.type, bytes);
      } else if (!session_.knows(span.type, object_id(session_.context().keys, span.type, bytes))) {
        session_.put(span.type, bytes);
        ++objects_;
      }
    }
    session_.publish_if_full();
  });
}

void Salvage::take_manifest(ObjectType type, base::ByteView bytes) {
  if (!is_manifest(type)) return;
  const ObjectId id = object_id(session_.context().keys, type, bytes);
  if (type == ObjectType::kCommit) {
    commits_.emplace_back(id, Commit::decode(bytes));
  } else if (!session_.knows(type, id)) {
    session_.add(type, id, bytes);
    ++objects_;
  }
}

void Salvage::take_messages(const SalvageSource& pack) {
  for_each_block(pack, [&](Stream stream, base::ByteView plain) {
    if (stream != Stream::kRecords) return;
    for (const ObjectSpan& span : read_directory(stream, plain)) {
      take_message(plain.subspan(span.start, span.length));
    }
    session_.publish_if_full();
  });
}

void Salvage::take_message(base::ByteView record) {
  Sha256Hash hash;
  std::uint64_t size = 0;
  try {
    objects_reader_.rebuild_record(record, [&](base::ByteView piece) {
      hash.update(piece);
      size += piece.size();
    });
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
    return;  // one of its parts is lost
  }
  const ObjectId id = message_id(session_.context().keys, hash.finish()).object;
  if (session_.knows(ObjectType::kMessage, id)) return;
  session_.add(ObjectType::kMessage, id, record, size);
  ++objects_;
  ++messages_;
}

}  // namespace store
