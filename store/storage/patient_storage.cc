#include "store/storage/patient_storage.h"

#include <utility>

#include "base/back_off.h"
#include "base/log.h"

namespace store {

template <typename Work>
auto PatientStorage::repeat(const Work& work) {
  base::BackOff back_off(limit_, seed_++);
  while (true) {
    std::optional<std::chrono::milliseconds> pause;
    try {
      return work();
    } catch (const StorageError& error) {
      if (error.is_worth_repeating()) pause = back_off.next(clock_.steady_now(), error.pause());
      if (!pause) throw;
      base::log_debug("{}: trying again in {} ms", error.what(), pause->count());
    }
    clock_.sleep_for(*pause);
  }
}

class PatientStorage::PatientUpload : public Upload {
 public:
  PatientUpload(PatientStorage& storage, std::unique_ptr<Upload> upload)
      : storage_(storage), upload_(std::move(upload)) {}

  void write(base::ByteView bytes) override { upload_->write(bytes); }

  void publish(std::string_view key) override {
    storage_.repeat([&] { upload_->publish(key); });
  }

 private:
  PatientStorage& storage_;
  std::unique_ptr<Upload> upload_;
};

PatientStorage::PatientStorage(Storage& storage, base::Clock& clock,
                               std::chrono::milliseconds limit, std::uint32_t seed)
    : storage_(storage), clock_(clock), limit_(limit), seed_(seed) {}

void PatientStorage::put(const BlobName& name, base::ByteView bytes) {
  repeat([&] { storage_.put(name, bytes); });
}

std::unique_ptr<Upload> PatientStorage::upload(std::string_view area) {
  return std::make_unique<PatientUpload>(*this, storage_.upload(area));
}

Created PatientStorage::create(const BlobName& name, base::ByteView bytes) {
  return repeat([&] { return storage_.create(name, bytes); });
}

std::optional<Created> PatientStorage::try_create(const BlobName& name, base::ByteView bytes) {
  return repeat([&] { return storage_.try_create(name, bytes); });
}

void PatientStorage::replace(const BlobName& name, base::ByteView bytes) {
  repeat([&] { storage_.replace(name, bytes); });
}

std::optional<base::Bytes> PatientStorage::get(const BlobName& name, std::uint64_t limit) {
  return repeat([&] { return storage_.get(name, limit); });
}

std::optional<std::size_t> PatientStorage::read_at(const BlobName& name, std::uint64_t offset,
                                                   std::span<std::byte> out) {
  return repeat([&] { return storage_.read_at(name, offset, out); });
}

std::optional<BlobTail> PatientStorage::get_tail(const BlobName& name, std::size_t size) {
  return repeat([&] { return storage_.get_tail(name, size); });
}

std::optional<std::uint64_t> PatientStorage::size(const BlobName& name) {
  return repeat([&] { return storage_.size(name); });
}

std::vector<std::string> PatientStorage::list(std::string_view area, std::string_view prefix,
                                              std::string_view after) {
  return repeat([&] { return storage_.list(area, prefix, after); });
}

std::vector<NotRemoved> PatientStorage::remove(std::span<const BlobName> names) {
  return repeat([&] { return storage_.remove(names); });
}

std::vector<BlobVersion> PatientStorage::first_versions(std::string_view area) {
  return repeat([&] { return storage_.first_versions(area); });
}

bool PatientStorage::keeps_versions() {
  return repeat([&] { return storage_.keeps_versions(); });
}

std::vector<KeptVersion> PatientStorage::versions(const BlobName& name) {
  return repeat([&] { return storage_.versions(name); });
}

std::optional<std::size_t> PatientStorage::read_version_at(const BlobName& name,
                                                           const std::string& id,
                                                           std::uint64_t offset,
                                                           std::span<std::byte> out) {
  return repeat([&] { return storage_.read_version_at(name, id, offset, out); });
}

LockExtension PatientStorage::extend_lock(const BlobVersion& blob) {
  return repeat([&] { return storage_.extend_lock(blob); });
}

}  // namespace store
