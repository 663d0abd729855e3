// Copies the objects that can still be read from damaged packs into new ones. Blocks are found by
// their marks, so header, trailer and footer may be lost; a block counts if its box opens, an
// object's id is made from its own bytes, a message's by rebuilding it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "store/format/commit_chain.h"
#include "store/index/object_reader.h"
#include "store/storage/storage.h"
#include "store/write_session.h"

namespace store {

// A damaged pack, or a file that may be one.
struct SalvageSource {
  std::string name;  // for messages
  // Returns nullptr if it is absent.
  std::function<std::unique_ptr<base::File>()> open;
};

// `storage` must outlive what this returns.
SalvageSource source_of(Storage& storage, const BlobName& name);

class Salvage {
 public:
  // The session's index must not know the damaged packs. The session must outlive the salvage.
  explicit Salvage(WriteSession& session);

  // Take the parts and manifests of all packs first, then the messages: they are rebuilt from parts
  // that may be in any pack. Objects that the store already has are not copied.
  void take_parts(const SalvageSource& pack);
  void take_messages(const SalvageSource& pack);

  std::uint64_t objects() const { return objects_; }  // copied, messages among them
  std::uint64_t messages() const { return messages_; }

  // The commits found; they are not copied, because a checkpoint repeats their content.
  const std::vector<NamedCommit>& commits() const { return commits_; }

 private:
  using TakeBlock = std::function<void(Stream stream, base::ByteView plain)>;

  void for_each_block(const SalvageSource& pack, const TakeBlock& take);
  void take_manifest(ObjectType type, base::ByteView bytes);
  void take_message(base::ByteView record);

  WriteSession& session_;
  ObjectReader objects_reader_;
  Decompressor decompressor_;
  std::vector<NamedCommit> commits_;
  std::uint64_t objects_ = 0;
  std::uint64_t messages_ = 0;
};

}  // namespace store
