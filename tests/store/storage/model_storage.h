// A storage in memory, which fails on demand as object storage does: answers are lost, requests are
// refused, listings are late or incomplete, replaced blobs are read as they were.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "store/storage/chosen_versions.h"
#include "store/storage/storage.h"

namespace tests {

enum class StorageFault {
  kNotDone,    // the request is lost
  kDone,       // the answer is lost
  kThrottled,  // "slow down"
  kRefused,    // credentials, permissions
};

// How try_create() treats its condition.
enum class Conditions { kUnknown, kKept, kIgnored };

// Drawn for each operation; the same faults for the same seed and the same operations.
struct StorageFaults {
  std::uint32_t seed = 0;
  // Percent of the operations.
  unsigned not_done = 0;
  unsigned done = 0;
  unsigned throttled = 0;
  // Listings show the state that was true at most so many changes ago, and lack so many percent of
  // its names.
  unsigned late_listings = 0;
  unsigned missing_names = 0;
  // A blob that was replaced or removed is read as it was at most so many changes ago.
  unsigned late_reads = 0;
};

class ModelStorage : public store::Storage {
 public:
  explicit ModelStorage(const store::StorageTraits& traits = kAllTraits) : traits_(traits) {}

  void set_faults(const StorageFaults& faults);

  // Operations are counted from 1. Replaces an earlier plan.
  void fail_once_at(std::uint64_t operation, StorageFault fault);
  void fail_every(std::uint64_t nth, StorageFault fault);
  // As when the client crashes: this operation fails so, and no later one is done.
  void fail_for_good_from(std::uint64_t operation, StorageFault fault);
  void stop_failing();

  void set_conditions(Conditions conditions);
  // From now on, what is replaced and removed stays as a version. Ids are numbers of changes.
  void keep_versions();
  // The answer of clock_lead().
  void set_clock_lead(std::chrono::seconds lead) { clock_lead_ = lead; }

  // How long a throttled client is asked to wait.
  void ask_for_pause(std::chrono::milliseconds pause) { pause_ = pause; }

  std::uint64_t operations() const;
  std::uint64_t operations(const std::string& kind) const;  // "put", "get", "list", ...

  // Saves what it has for revert().
  void keep();
  void revert();

  // The state of this moment, without faults.
  std::map<store::BlobName, base::Bytes> contents() const;

  // Change a blob from outside: not counted, without faults. Nothing shows the earlier bytes, as if
  // that had been long ago.
  void overwrite(const store::BlobName& name, base::Bytes bytes);
  void lose(const store::BlobName& name);

  void put(const store::BlobName& name, base::ByteView bytes) override;
  std::unique_ptr<store::Upload> upload(std::string_view area) override;
  store::Created create(const store::BlobName& name, base::ByteView bytes) override;
  std::optional<store::Created> try_create(const store::BlobName& name,
                                           base::ByteView bytes) override;
  void replace(const store::BlobName& name, base::ByteView bytes) override;
  std::optional<base::Bytes> get(const store::BlobName& name, std::uint64_t limit) override;
  std::optional<std::size_t> read_at(const store::BlobName& name, std::uint64_t offset,
                                     std::span<std::byte> out) override;
  std::optional<store::BlobTail> get_tail(const store::BlobName& name, std::size_t size) override;
  std::optional<std::uint64_t> size(const store::BlobName& name) override;
  std::vector<std::string> list(std::string_view area, std::string_view prefix = {},
                                std::string_view after = {}) override;
  [[nodiscard]] std::vector<store::NotRemoved> remove(
      std::span<const store::BlobName> names) override;
  store::StorageTraits traits() const override { return traits_; }
  bool keeps_versions() override;
  std::vector<store::BlobVersion> first_versions(std::string_view area) override;
  std::vector<store::KeptVersion> versions(const store::BlobName& name) override;
  std::optional<std::size_t> read_version_at(const store::BlobName& name, const std::string& id,
                                             std::uint64_t offset,
                                             std::span<std::byte> out) override;
  void choose_version(const store::BlobName& name, const std::string& id,
                      store::InListings in_listings = store::InListings::kIfPresent) override {
    chosen_.choose(name, id, in_listings);
  }
  bool reads_older_version(const store::BlobName& name) const override {
    return !chosen_.of(name).empty();
  }
  std::optional<std::chrono::seconds> clock_lead() const override { return clock_lead_; }
  std::string display_name() const override { return "the model"; }
  std::string display_name(const store::BlobName& name) const override {
    return "the model's " + name.text();
  }

 private:
  class ModelUpload;

  static constexpr store::StorageTraits kAllTraits{
      .creates_once = true, .lists_at_once = true, .replaces_at_once = true};

  // The bytes since a change; nullopt: removed.
  struct Version {
    std::uint64_t change = 0;
    std::optional<base::Bytes> bytes;
  };
  using Versions = std::vector<Version>;

  void perform(const std::string& kind, const std::function<void()>& work);
  std::optional<StorageFault> next_fault();
  bool draw(unsigned percent);
  std::uint64_t some_moment(unsigned changes_ago);
  void set(const store::BlobName& name, std::optional<base::Bytes> bytes);
  const base::Bytes* present(const store::BlobName& name) const;
  const base::Bytes* readable(const store::BlobName& name);
  const base::Bytes* version_of(const store::BlobName& name, const std::string& id) const;
  static std::optional<std::size_t> copy_part(const base::Bytes* bytes, std::uint64_t offset,
                                              std::span<std::byte> out);
  static const base::Bytes* bytes_at(const Versions& versions, std::uint64_t moment);

  store::StorageTraits traits_;
  mutable std::mutex mutex_;
  std::map<store::BlobName, Versions> blobs_;
  std::uint64_t changes_ = 0;
  std::map<store::BlobName, Versions> kept_blobs_;
  std::uint64_t kept_changes_ = 0;
  std::uint64_t operations_ = 0;
  std::map<std::string, std::uint64_t> operations_by_kind_;

  Conditions conditions_ = Conditions::kUnknown;
  bool keeps_versions_ = false;
  store::ChosenVersions chosen_;
  std::optional<std::chrono::seconds> clock_lead_;
  StorageFaults faults_;
  std::minstd_rand random_;
  std::uint64_t fails_once_at_ = 0;  // 0: never
  std::uint64_t fails_every_ = 0;    // 0: never
  std::uint64_t is_gone_from_ = 0;   // 0: never
  StorageFault planned_ = StorageFault::kNotDone;
  std::optional<std::chrono::milliseconds> pause_;
};

}  // namespace tests
