// What can still be read from damaged packs, copied into new ones. Blocks are found by their marks,
// so that header, trailer and footer may be lost; a block counts if its box opens, an object is
// named by its own bytes, a message by rebuilding it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/file_system.h"
#include "store/format/commit_chain.h"
#include "store/index/object_reader.h"
#include "store/write_session.h"

namespace store {

class Salvage {
 public:
  // The session's index must not know the damaged packs. It must outlive the salvage.
  explicit Salvage(WriteSession& session);

  // Of all packs first the parts and manifests, then the messages: they are rebuilt from parts that
  // may lie in any pack. What the store has already is not copied.
  void take_parts(const base::Path& pack);
  void take_messages(const base::Path& pack);

  std::uint64_t objects() const { return objects_; }  // copied, messages among them
  std::uint64_t messages() const { return messages_; }

  // Those found; they are not copied, for a checkpoint says all that they say.
  const std::vector<NamedCommit>& commits() const { return commits_; }

 private:
  using TakeBlock = std::function<void(Stream stream, base::ByteView plain)>;

  void for_each_block(const base::Path& pack, const TakeBlock& take);
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
