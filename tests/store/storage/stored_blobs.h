// The blobs of a store in a directory or in the model, seen and changed from outside: as a bad
// medium, an administrator or another program does it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/file_system.h"
#include "store/format/layout.h"
#include "store/format/pack.h"
#include "store/keys/key_slot.h"
#include "store/storage/directory_storage.h"
#include "tests/store/storage/model_storage.h"

namespace tests {

class StoredBlobs {
 public:
  // Both must outlive it.
  StoredBlobs(const store::Location& location, base::FileSystem& files)
      : location_(location), files_(files) {
    if (location.is_directory()) {
      directory_ = std::make_unique<store::DirectoryStorage>(files, location.store);
    } else {
      model_ = &dynamic_cast<ModelStorage&>(*location.storage);
    }
  }

  std::map<store::BlobName, base::Bytes> in(std::string_view area) const {
    if (model_ != nullptr) {
      auto blobs = model_->contents();
      std::erase_if(blobs, [&](const auto& blob) { return blob.first.area() != area; });
      return blobs;
    }
    std::map<store::BlobName, base::Bytes> blobs;
    for (const std::string& key : directory_->list(area)) {
      const store::BlobName name(area, key);
      blobs.emplace(name, directory_->get(name, UINT64_MAX).value());
    }
    return blobs;
  }

  // In the order of their names.
  std::vector<store::BlobName> names_in(std::string_view area) const {
    std::vector<store::BlobName> names;
    for (const auto& [name, bytes] : in(area)) names.push_back(name);
    return names;
  }

  bool has(const store::BlobName& name) const { return in(name.area()).contains(name); }
  base::Bytes bytes(const store::BlobName& name) const { return in(name.area()).at(name); }
  std::uint64_t size(const store::BlobName& name) const { return bytes(name).size(); }

  void set(const store::BlobName& name, const base::Bytes& bytes) {
    if (model_ != nullptr) {
      model_->overwrite(name, bytes);
    } else {
      directory_->replace(name, bytes);
    }
  }

  void lose(const store::BlobName& name) {
    if (model_ != nullptr) {
      model_->lose(name);
    } else {
      EXPECT_TRUE(directory_->remove(std::array{name}).empty());
    }
  }

  // Takes the blob away: for set(), later.
  base::Bytes take(const store::BlobName& name) {
    base::Bytes taken = bytes(name);
    lose(name);
    return taken;
  }

  void flip(const store::BlobName& name, std::size_t place) {
    base::Bytes changed = bytes(name);
    changed.at(place) ^= std::byte{1};
    set(name, changed);
  }

  void truncate(const store::BlobName& name, std::size_t size) {
    base::Bytes changed = bytes(name);
    changed.resize(size);
    set(name, changed);
  }

  std::vector<store::BlockEntry> blocks_of(const store::BlobName& pack) const {
    const store::BlockContext context = store::open_keys(location_, files_);
    store::Storage& storage = directory_ ? *directory_ : static_cast<store::Storage&>(*model_);
    const store::PackName name = store::pack_name(pack.key()).value();
    store::Decompressor decompressor;
    return store::PackFile::open(storage, name).read_trailer(context, name, decompressor).blocks;
  }

  // The place of a byte inside the pack's first block of the stream.
  std::size_t place_in(const store::BlobName& pack, store::Stream stream) const {
    for (const store::BlockEntry& block : blocks_of(pack)) {
      if (block.stream == stream) return block.place + store::BlockHeader::kSize + 5;
    }
    ADD_FAILURE() << "no such block in " << pack.text();
    return 0;
  }

 private:
  const store::Location& location_;
  base::FileSystem& files_;
  std::unique_ptr<store::DirectoryStorage> directory_;  // null: the model
  ModelStorage* model_ = nullptr;
};

}  // namespace tests
