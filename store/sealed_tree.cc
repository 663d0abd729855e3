#include "store/sealed_tree.h"

#include <algorithm>

#include "base/error.h"
#include "store/format/compression.h"
#include "store/format/encoding.h"

namespace store {

namespace {

constexpr std::string_view kTreeMark = "MSTWTREE";
// Version 1 had no counter, version 2 no user, version 3 no time and no host.
constexpr std::uint32_t kVersionWithoutCounter = 1;
constexpr std::uint32_t kVersionWithoutTime = 3;
constexpr std::uint32_t kTreeFormat = 4;
constexpr std::uint64_t kMaxBesides = 20;  // bytes: the counter and the time
constexpr int kTreeLevel = 3;

// The header of a record's file: everything before the nonce.
base::Bytes tree_head(std::uint64_t plain_length, std::uint32_t format = kTreeFormat) {
  Encoder encoder;
  encoder.raw(base::as_bytes(kTreeMark));
  encoder.u32(format);
  encoder.u32(static_cast<std::uint32_t>(plain_length));
  return encoder.take();
}

// A record stored under another record's name does not authenticate.
base::Bytes tree_data(const BlockContext& context, base::ByteView header, const std::string& id) {
  Encoder encoder;
  encoder.raw(context.store);
  encoder.raw(header);
  encoder.text(id);
  return encoder.take();
}

// Whether a newer mailstow wrote the file: if only its version is damaged, its box opens with the
// version that it had.
bool is_newer_tree(const BlockContext& context, base::ByteView header, base::ByteView rest,
                   const std::string& id) {
  Decoder fields(header.subspan(kTreeMark.size()), "a tree record");
  if (fields.u32() <= kTreeFormat || rest.size() < kNonceSize + kTagSize) return false;
  const std::uint32_t plain_length = fields.u32();
  Nonce nonce;
  std::ranges::copy(rest.first(nonce.size()), nonce.begin());
  for (std::uint32_t format = kVersionWithoutCounter; format <= kTreeFormat; ++format) {
    const base::Bytes known = tree_head(plain_length, format);
    if (open_box(context.keys.trees, nonce, tree_data(context, known, id),
                 rest.subspan(nonce.size()))) {
      return false;
    }
  }
  return true;
}

}  // namespace

base::Bytes seal_tree(const BlockContext& context, const TreeRecord& record, std::uint64_t counter,
                      std::chrono::sys_seconds written) {
  Encoder encoder;
  encoder.varint(counter);
  encoder.time(written);
  encoder.raw(encode_tree_record(record));
  const base::Bytes plain = encoder.take();
  Compressor compressor(kTreeLevel);
  const base::ByteView frame = compressor.compress(plain);
  const base::Bytes header = tree_head(plain.size());
  const Nonce nonce = random_nonce();
  base::Bytes file = header;
  file.insert(file.end(), nonce.begin(), nonce.end());
  const std::size_t begin = file.size();
  file.resize(begin + frame.size() + kTagSize);
  seal_box(context.keys.trees, nonce, tree_data(context, header, record.id), frame,
           std::span(file).subspan(begin));
  return file;
}

CountedTree open_tree(const BlockContext& context, const TreeVersion& version,
                      base::ByteView file) {
  Decoder decoder(file, "a tree record");
  const std::size_t head_size = tree_head(0).size();
  const base::ByteView header = decoder.raw(head_size);
  Decoder fields(header, "a tree record");
  const bool is_marked =
      std::ranges::equal(fields.raw(kTreeMark.size()), base::as_bytes(kTreeMark));
  const std::uint32_t format = fields.u32();
  if (is_marked && is_newer_tree(context, header, file.subspan(head_size), version.tree)) {
    decoder.newer();
  }
  if (!is_marked || format < kVersionWithoutCounter || format > kTreeFormat) {
    decoder.malformed("it is not a tree record");
  }
  const std::uint32_t plain_length = fields.u32();
  if (plain_length > kMaxTreeRecord + kMaxBesides) decoder.malformed("it is too large");
  Nonce nonce;
  std::ranges::copy(decoder.raw(nonce.size()), nonce.begin());
  const std::optional<base::Bytes> frame =
      open_box(context.keys.trees, nonce, tree_data(context, header, version.tree),
               decoder.raw(decoder.remaining()));
  if (!frame) decoder.malformed("it is not what was written");
  const base::Bytes plain = Decompressor().decompress(*frame, plain_length);
  Decoder content(plain, "a tree record");
  CountedTree read;
  if (format > kVersionWithoutCounter) read.counter = content.varint();
  if (format > kVersionWithoutTime) read.written = content.time();
  read.record = decode_tree_record(content.raw(content.remaining()));
  if (read.record.id != version.tree) decoder.malformed("it belongs to another tree");
  if (version.number != 0 && read.counter != version.number) {
    decoder.malformed("it is another version of this record");
  }
  return read;
}

bool is_tree(const BlockContext& context, const TreeVersion& version, base::ByteView file) {
  try {
    static_cast<void>(open_tree(context, version, file));
    return true;
  } catch (const base::Error&) {
    return false;
  }
}

}  // namespace store
