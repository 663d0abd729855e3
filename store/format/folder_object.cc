#include "store/format/folder_object.h"

#include "store/format/encoding.h"
#include "store/format/verified.h"

namespace store {

namespace {

void encode_info(Encoder& encoder, const FolderInfo& info) {
  encoder.text(info.raw_name);
  encoder.u8(static_cast<std::uint8_t>(info.delimiter));
  encoder.varint(info.attributes.size());
  for (const std::string& attribute : info.attributes) encoder.text(attribute);
  encoder.text(info.mailbox_id);
  encoder.varint(info.uid_validity);
  encoder.varint(info.uid_next);
  encoder.varint(info.highest_modseq);
  encoder.u8(static_cast<std::uint8_t>(info.completeness));
  encoder.text(info.trouble);
  encoder.varint(info.skipped.size());
  for (const SkippedMessage& skipped : info.skipped) {
    encoder.varint(skipped.uid.value);
    encoder.text(skipped.reason);
  }
  encoder.time(info.last_full_scan);
  encoder.properties(info.properties);
}

FolderInfo decode_info(Decoder& decoder) {
  FolderInfo info;
  info.raw_name = decoder.text();
  info.delimiter = static_cast<char>(decoder.u8());
  info.attributes.resize(decoder.count(1));
  for (std::string& attribute : info.attributes) attribute = decoder.text();
  info.mailbox_id = decoder.text();
  info.uid_validity = static_cast<std::uint32_t>(decoder.varint(UINT32_MAX));
  info.uid_next = static_cast<std::uint32_t>(decoder.varint(UINT32_MAX));
  info.highest_modseq = decoder.varint();
  info.completeness = static_cast<FolderCompleteness>(
      decoder.varint(static_cast<std::uint64_t>(FolderCompleteness::kContainer)));
  info.trouble = decoder.text();
  info.skipped.resize(decoder.count(2));
  for (SkippedMessage& skipped : info.skipped) {
    skipped.uid = {static_cast<std::uint32_t>(decoder.varint(UINT32_MAX))};
    skipped.reason = decoder.text();
  }
  info.last_full_scan = decoder.time();
  info.properties = decoder.properties();
  return info;
}

}  // namespace

base::Bytes FolderObject::encode() const {
  Encoder encoder;
  encode_info(encoder, info);
  encoder.raw(receipt.digest.bytes);
  encoder.varint(tree.messages);
  if (tree.messages > 0) {
    encoder.varint(tree.bytes);
    encoder.u8(tree.is_branch ? 1 : 0);
    encoder.id(tree.identity);
    encoder.id(tree.state);
  }
  return verified("a folder", encoder.take(),
                  [this](base::ByteView bytes) { return decode(bytes) == *this; });
}

FolderObject FolderObject::decode(base::ByteView bytes) {
  Decoder decoder(bytes, "a folder");
  FolderObject folder;
  folder.info = decode_info(decoder);
  folder.receipt.digest = decoder.sha256();
  folder.tree.messages = decoder.varint(UINT32_MAX);
  folder.receipt.messages = folder.tree.messages;
  if (folder.tree.messages > 0) {
    folder.tree.bytes = decoder.varint();
    folder.tree.is_branch = decoder.varint(1) != 0;
    folder.tree.identity = decoder.id();
    folder.tree.state = decoder.id();
  }
  decoder.end();
  return folder;
}

FolderRecord FolderObject::record(const ObjectId& id) const {
  return {.id = id, .info = info, .receipt = receipt, .bytes = tree.bytes};
}

}  // namespace store
