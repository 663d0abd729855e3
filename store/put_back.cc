#include "store/put_back.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "store/format/commit_record.h"
#include "store/format/crypto.h"
#include "store/format/layout.h"
#include "store/format/owner_record.h"
#include "store/format/right_version.h"
#include "store/format/sealed_blob.h"
#include "store/keys/key_slot.h"
#include "store/sealed_tree.h"
#include "store/tree_version.h"

namespace store {

namespace {

constexpr std::size_t kPieceOfPack = std::size_t{8} << 20U;

// The size of a small blob, at most; kMaxSealedBlob is that of key slots, too.
std::uint64_t limit_of(const BlobName& name) {
  return name.area() == kTreesArea ? kMaxSealedTree : kMaxSealedBlob;
}

// Empty: the newest version is a marker of a removal.
std::string newest_of(const std::vector<KeptVersion>& versions) {
  for (const KeptVersion& version : versions) {
    if (version.is_newest) return version.id;
  }
  return "";
}

// Nullopt: the version is gone, or too large to be right.
std::optional<base::Bytes> read_small(Storage& storage, const BlobName& name,
                                      const std::string& id) {
  return read_version(storage, name, id, limit_of(name));
}

class ChangeSearch {
 public:
  ChangeSearch(Storage& storage, const BlockContext& context, const std::set<PackName>& needed,
               const std::function<bool(const KeySlot&)>& opens)
      : storage_(storage), context_(context), needed_(needed), opens_(opens) {}

  std::vector<ChangedBlob> run() {
    search(kPacksArea, [this](const BlobVersion& blob) { return is_changed_pack(blob); });
    search(kCommitsArea, [this](const BlobVersion& blob) {
      return is_small_blob_changed(
          blob, [&](base::ByteView bytes) { return opens_as_record(context_, blob.name, bytes); });
    });
    const std::vector<std::string> slots = storage_.list(kKeysArea);
    search(kKeysArea, [&](const BlobVersion& blob) {
      const bool is_listed = std::ranges::find(slots, blob.name.key()) != slots.end();
      return is_listed && is_small_blob_changed(blob, [&](base::ByteView bytes) {
               const std::optional<KeySlot> slot = KeySlot::decode(bytes);
               return slot && is_own(*slot) && (!blob.is_removed || opens_(*slot));
             });
    });
    search_records(kTreesArea, [this](const BlobName& name, base::ByteView bytes) {
      const std::optional<TreeVersion> version = TreeVersion::parse(name.key());
      return version && is_tree(context_, *version, bytes);
    });
    search_records(kOwnerArea, [this](const BlobName& name, base::ByteView bytes) {
      return number_in_key(name.key()) && OwnerRecord::is_one(context_, name, bytes);
    });
    return std::move(changed_);
  }

 private:
  template <typename IsChanged>
  void search(std::string_view area, const IsChanged& is_changed) {
    for (const BlobVersion& blob : storage_.first_versions(area)) {
      if (!blob.is_removed && !blob.is_replaced) continue;
      if (!is_changed(blob)) continue;
      changed_.push_back({.name = blob.name, .first = blob.id, .is_removed = blob.is_removed});
    }
  }

  template <typename Opens>
  void search_records(std::string_view area, const Opens& opens) {
    for (const BlobVersion& blob : storage_.first_versions(area)) {
      if (blob.is_removed || !blob.is_replaced) continue;
      const std::vector<KeptVersion> versions = storage_.versions(blob.name);
      for (const KeptVersion& version : versions | std::views::reverse) {
        if (version.was_removed) break;
        const std::optional<base::Bytes> bytes = read_small(storage_, blob.name, version.id);
        if (!bytes || !opens(blob.name, *bytes)) continue;
        if (!version.is_newest) changed_.push_back({.name = blob.name, .first = version.id});
        break;
      }
    }
  }

  // A pack that was written twice with the same bytes may look as if it had been replaced. Whether
  // the first version is right is found out when it is read.
  bool is_changed_pack(const BlobVersion& blob) {
    const std::optional<PackName> pack = pack_name(blob.name.key());
    if (!pack || !needed_.contains(*pack)) return false;
    return blob.is_removed ||
           digest_of_version(storage_, blob.name, newest_of(storage_.versions(blob.name))) != *pack;
  }

  template <typename IsRight>
  bool is_small_blob_changed(const BlobVersion& blob, const IsRight& is_right) {
    const std::optional<base::Bytes> first = read_small(storage_, blob.name, blob.id);
    if (!first || !is_right(*first)) return false;
    return blob.is_removed ||
           read_small(storage_, blob.name, newest_of(storage_.versions(blob.name))) != first;
  }

  static bool opens_as_record(const BlockContext& context, const BlobName& name,
                              base::ByteView bytes) {
    try {
      static_cast<void>(CommitRecord::open(context, name, bytes, ""));
      return true;
    } catch (const base::Error&) {
      return false;
    }
  }

  // An earlier store in the same place had a slot of the same name.
  bool is_own(const KeySlot& slot) const { return slot.store == context_.store; }

  Storage& storage_;
  const BlockContext& context_;
  const std::set<PackName>& needed_;
  const std::function<bool(const KeySlot&)>& opens_;
  std::vector<ChangedBlob> changed_;
};

// Returns false, and writes nothing, if this version has another digest.
bool write_pack_again(Storage& storage, const BlobName& name, const std::string& id) {
  const std::unique_ptr<Upload> upload = storage.upload(kPacksArea);
  base::Bytes piece(kPieceOfPack);
  Sha256Hash hash;
  for (std::uint64_t offset = 0;; offset += piece.size()) {
    const auto length = storage.read_version_at(name, id, offset, piece);
    const base::ByteView bytes = base::ByteView(piece).first(length.value_or(0));
    hash.update(bytes);
    upload->write(bytes);
    if (bytes.size() < piece.size()) break;
  }
  if (hash.finish() != pack_name(name.key())) return false;
  upload->publish(name.key());
  return true;
}

// If the answer to a first attempt is lost, an upload counts what is there by its size.
void write_pack_again(Storage& storage, const BlobName& name) {
  storage.choose_version(name, "");
  const std::vector<KeptVersion> versions = storage.versions(name);
  const bool is_right = std::ranges::any_of(versions, [&](const KeptVersion& version) {
    return write_pack_again(storage, name, version.id);
  });
  if (!is_right) {
    base::fail(base::ErrorCode::kDamaged, "read {}: no version of it is right",
               storage.display_name(name));
  }
  const std::string newest = newest_of(storage.versions(name));
  if (!newest.empty() && newest != newest_of(versions)) return;
  base::fail(base::ErrorCode::kDamaged,
             "write {}: its newest version is not the one that was written",
             storage.display_name(name));
}

bool may_be_removed(const BlobName& name) {
  return name.area() == kTreesArea || name.area() == kOwnerArea;
}

// Since it was found: a tree may have ended meanwhile.
bool is_removed_now(Storage& storage, const ChangedBlob& blob) {
  return std::ranges::none_of(storage.versions(blob.name), [&](const KeptVersion& version) {
    return version.id == blob.first && !version.was_removed;
  });
}

void write_small_blob_again(Storage& storage, const ChangedBlob& blob) {
  const std::optional<base::Bytes> bytes = read_small(storage, blob.name, blob.first);
  if (!bytes) {
    base::fail(base::ErrorCode::kDamaged, "read {}: its first version is gone",
               storage.display_name(blob.name));
  }
  if (may_be_removed(blob.name) && is_removed_now(storage, blob)) return;
  storage.replace(blob.name, *bytes);
}

}  // namespace

std::vector<ChangedBlob> changed_blobs(Storage& storage, const BlockContext& context,
                                       const std::set<PackName>& needed,
                                       const std::function<bool(const KeySlot&)>& opens) {
  if (!storage.keeps_versions()) return {};
  try {
    return ChangeSearch(storage, context, needed, opens).run();
  } catch (const StorageError& error) {
    if (error.trouble() != Trouble::kRefused) throw;
    base::log_debug("{}", error.what());
    return {};
  }
}

std::string describe_changed(const ChangedBlob& blob, const Storage& storage) {
  return fmt::format(
      "{}: it was {} in the storage; its first version is still there: mailstow-backupd check "
      "--repair puts it back",
      storage.display_name(blob.name), blob.is_removed ? "deleted" : "replaced");
}

std::string put_back(Storage& storage, const ChangedBlob& blob) {
  std::string trouble;
  try {
    if (blob.name.area() == kPacksArea) {
      write_pack_again(storage, blob.name);
    } else {
      write_small_blob_again(storage, blob);
    }
  } catch (const StorageError& error) {
    if (error.trouble() != Trouble::kRefused) throw;
    trouble = error.what();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
    trouble = error.what();
  }
  if (trouble.empty()) storage.choose_version(blob.name, "");
  return trouble;
}

}  // namespace store
