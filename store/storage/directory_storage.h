// A storage in a directory of this machine's file system: the blob AREA/KEY is the file
// DIRECTORY/AREA/KEY.
#pragma once

#include <mutex>
#include <set>

#include "base/file_system.h"
#include "store/storage/storage.h"

namespace store {

// Has all traits. A crash leaves at most files with temporary names in the areas
// (base::AtomicFile), which are not blobs.
class DirectoryStorage : public Storage {
 public:
  // `files` must outlive it. The directory is created neither here nor later; areas are, when they
  // get their first blob.
  DirectoryStorage(base::FileSystem& files, base::Path directory);

  void put(const BlobName& name, base::ByteView bytes) override;
  std::unique_ptr<Upload> upload(std::string_view area) override;
  Created create(const BlobName& name, base::ByteView bytes) override;
  void replace(const BlobName& name, base::ByteView bytes) override;
  std::optional<base::Bytes> get(const BlobName& name, std::uint64_t limit) override;
  std::optional<std::size_t> read_at(const BlobName& name, std::uint64_t offset,
                                     std::span<std::byte> out) override;
  std::optional<BlobTail> get_tail(const BlobName& name, std::size_t size) override;
  std::optional<std::uint64_t> size(const BlobName& name) override;
  std::vector<std::string> list(std::string_view area, std::string_view prefix = {},
                                std::string_view after = {}) override;
  [[nodiscard]] std::vector<NotRemoved> remove(std::span<const BlobName> names) override;
  StorageTraits traits() const override;
  std::string display_name() const override;
  std::string display_name(const BlobName& name) const override;

 private:
  class DirectoryUpload;

  base::Path path_of(const BlobName& name) const;
  base::Path prepare(std::string_view area);
  bool write(const BlobName& name, base::ByteView bytes, base::OnExisting on_existing);
  std::unique_ptr<base::File> open(const BlobName& name);
  void require_directory();

  base::FileSystem& files_;
  base::Path directory_;
  std::mutex mutex_;
  std::set<std::string, std::less<>> prepared_;  // areas whose directories are durable
};

}  // namespace store
