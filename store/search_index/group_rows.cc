#include "store/search_index/group_rows.h"

#include "store/format/encoding.h"

namespace store {

base::Bytes encode_group(std::span<const KnownMessage> messages) {
  Encoder encoder;
  encoder.varint(messages.size());
  std::uint32_t uid = 0;
  std::int64_t row = 0;
  for (const KnownMessage& message : messages) {
    encoder.varint(message.uid.value - uid);
    encoder.signed_varint(message.row - row);
    uid = message.uid.value;
    row = message.row;
  }
  return encoder.take();
}

std::vector<KnownMessage> decode_group(base::ByteView bytes) {
  Decoder decoder(bytes, "a group of the search index");
  std::vector<KnownMessage> messages(decoder.count(2));
  std::uint64_t uid = 0;
  std::uint64_t row = 0;
  for (KnownMessage& message : messages) {
    uid += decoder.varint(UINT32_MAX - uid);
    row += static_cast<std::uint64_t>(decoder.signed_varint());
    if (row == 0 || row > INT64_MAX) decoder.malformed("a row is out of range");
    message = {.uid = {static_cast<std::uint32_t>(uid)}, .row = static_cast<std::int64_t>(row)};
  }
  decoder.end();
  return messages;
}

}  // namespace store
