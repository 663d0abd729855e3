// A storage in a bucket of object storage: the blob AREA/KEY is the object PREFIX/AREA/KEY.
//
// What a bucket can is proven, not believed: a storage has no traits besides those that it is told
// were proven (s3_probe.h). Object storage that does not know the condition of a request ignores it
// and answers that all is well. With lock_for, the first write of a pack, a commit record or a key
// slot is preceded by the proof that locks hold, and fails with kConfig without it.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/config/s3_config.h"
#include "base/file_system.h"
#include "store/storage/chosen_versions.h"
#include "store/storage/content_digest.h"
#include "store/storage/s3_bucket.h"
#include "store/storage/s3_facts.h"
#include "store/storage/s3_lock_keeper.h"
#include "store/storage/storage.h"

namespace store {

// How long an operation is repeated where nothing waits for its result.
inline constexpr std::chrono::milliseconds kS3Patience = std::chrono::minutes(5);

// Requests are not repeated: PatientStorage does that.
class S3Storage : public Storage {
 public:
  // `spool`: a directory of this machine for uploads on their way; created when it is needed.
  // `files` and `clock` must outlive it.
  S3Storage(base::S3Config config, base::Path spool, base::FileSystem& files, base::Clock& clock,
            const StorageTraits& proven = {});

  void put(const BlobName& name, base::ByteView bytes) override;
  std::unique_ptr<Upload> upload(std::string_view area) override;
  Created create(const BlobName& name, base::ByteView bytes) override;
  std::optional<Created> try_create(const BlobName& name, base::ByteView bytes) override;
  void replace(const BlobName& name, base::ByteView bytes) override;
  std::optional<base::Bytes> get(const BlobName& name, std::uint64_t limit) override;
  std::optional<std::size_t> read_at(const BlobName& name, std::uint64_t offset,
                                     std::span<std::byte> out) override;
  std::optional<BlobTail> get_tail(const BlobName& name, std::size_t size) override;
  std::optional<std::uint64_t> size(const BlobName& name) override;
  std::vector<std::string> list(std::string_view area, std::string_view prefix = {},
                                std::string_view after = {}) override;
  [[nodiscard]] std::vector<NotRemoved> remove(std::span<const BlobName> names) override;
  StorageTraits traits() const override { return proven_; }
  std::optional<std::chrono::seconds> clock_lead() const override { return bucket_.clock_lead(); }
  std::optional<StorageTraffic> traffic() const override { return bucket_.traffic(); }
  std::optional<BucketFacts> bucket_facts() override { return facts_of(bucket_); }
  std::optional<std::chrono::days> lock_for() const override { return bucket_.config().lock_for; }
  bool keeps_versions() override;
  std::vector<BlobVersion> first_versions(std::string_view area) override;
  std::vector<KeptVersion> versions(const BlobName& name) override;
  std::optional<std::size_t> read_version_at(const BlobName& name, const std::string& id,
                                             std::uint64_t offset,
                                             std::span<std::byte> out) override;
  void choose_version(const BlobName& name, const std::string& id,
                      InListings in_listings = InListings::kIfPresent) override {
    chosen_.choose(name, id, in_listings);
  }
  bool reads_older_version(const BlobName& name) const override {
    return !chosen_.of(name).empty();
  }
  LockExtension extend_lock(const BlobVersion& blob) override;
  std::string display_name() const override;
  std::string display_name(const BlobName& name) const override;

  // Puts the blob under the condition that its name is absent. Returns whether the storage says
  // that it was; nullopt: it knows no such condition. Where nothing is proven, the blob may have
  // been replaced.
  std::optional<bool> put_if_absent(const BlobName& name, base::ByteView bytes);

 private:
  class S3Upload;

  enum class Object { kPack, kOther };

  std::string directory_of(std::string_view area) const;
  std::string key_of(const BlobName& name) const;
  S3Request request(std::string_view operation, const BlobName& name) const;
  S3Request version_request(std::string_view operation, const BlobName& name,
                            const std::string& id) const;
  S3Request read_request(std::string_view operation, const BlobName& name) const;
  S3Request put_request(const BlobName& name, base::HttpBody body, const ContentDigest& digest,
                        Object object);
  std::vector<std::string> put_headers(const BlobName& name, const ContentDigest& digest,
                                       Object object);
  ContentDigest::Md5 needs_md5() const;
  void put_object(const BlobName& name, const S3Request& request);
  std::optional<std::size_t> read_part(S3Request read, std::uint64_t offset,
                                       std::span<std::byte> out);
  std::optional<std::uint64_t> size_by_reading(const BlobName& name);
  std::optional<base::HttpAnswer> get_object(const S3Request& request);
  void delete_page(std::span<const BlobName> names, std::vector<NotRemoved>& left);
  std::unique_ptr<base::File> spool_file();

  S3Bucket bucket_;
  S3LockKeeper locks_;
  base::Path spool_;
  base::FileSystem& files_;
  StorageTraits proven_;
  ChosenVersions chosen_;
  std::mutex mutex_;
  std::optional<bool> keeps_versions_;
};

// The bucket as a storage that repeats what is worth repeating. `spool` is a directory of this
// machine for packs on their way. An operation is repeated for as long as `patience`. Sends nothing
// yet. `files` and `clock` must outlive it.
std::shared_ptr<Storage> open_s3_storage(const base::S3Config& config, const base::Path& spool,
                                         base::FileSystem& files, base::Clock& clock,
                                         const StorageTraits& proven = {},
                                         std::chrono::milliseconds patience = kS3Patience);

}  // namespace store
