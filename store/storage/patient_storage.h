// A storage that repeats what is worth repeating, so that its users see neither lost connections
// nor a storage that is overloaded, unless that lasts.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "store/storage/storage.h"

namespace store {

class PatientStorage : public Storage {
 public:
  // Repeats an operation after growing pauses (base::BackOff) until it has failed for `limit`, and
  // then fails with its last error. `storage` and `clock` must outlive it. `seed`: as for
  // base::BackOff.
  PatientStorage(Storage& storage, base::Clock& clock, std::chrono::milliseconds limit,
                 std::uint32_t seed);

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
  StorageTraits traits() const override { return storage_.traits(); }
  std::optional<std::chrono::seconds> clock_lead() const override { return storage_.clock_lead(); }
  std::optional<StorageTraffic> traffic() const override { return storage_.traffic(); }
  std::optional<BucketFacts> bucket_facts() override { return storage_.bucket_facts(); }
  std::optional<std::chrono::days> lock_for() const override { return storage_.lock_for(); }
  bool keeps_versions() override;
  std::vector<BlobVersion> first_versions(std::string_view area) override;
  std::vector<KeptVersion> versions(const BlobName& name) override;
  std::optional<std::size_t> read_version_at(const BlobName& name, const std::string& id,
                                             std::uint64_t offset,
                                             std::span<std::byte> out) override;
  void choose_version(const BlobName& name, const std::string& id,
                      InListings in_listings = InListings::kIfPresent) override {
    storage_.choose_version(name, id, in_listings);
  }
  bool reads_older_version(const BlobName& name) const override {
    return storage_.reads_older_version(name);
  }
  LockExtension extend_lock(const BlobVersion& blob) override;
  std::string display_name() const override { return storage_.display_name(); }
  std::string display_name(const BlobName& name) const override {
    return storage_.display_name(name);
  }

 private:
  class PatientUpload;

  template <typename Work>
  auto repeat(const Work& work);

  Storage& storage_;
  base::Clock& clock_;
  std::chrono::milliseconds limit_;
  std::atomic<std::uint32_t> seed_;
};

}  // namespace store
