// A storage that counts what is requested of another one: where each request takes a round trip,
// and each byte has a price, these are what an operation costs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "store/storage/storage.h"

namespace tests {

struct StorageCounts {
  std::uint64_t lists = 0;
  std::uint64_t reads = 0;  // of a size, too
  std::uint64_t sizes = 0;
  std::uint64_t writes = 0;
  std::uint64_t removals = 0;  // of any number of blobs at once
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_read_again = 0;  // of packs
  std::uint64_t bytes_written = 0;
};

// Thread-safe, as far as `real` is.
class CountingStorage : public store::Storage {
 public:
  explicit CountingStorage(std::shared_ptr<store::Storage> real) : real_(std::move(real)) {}

  StorageCounts counts() const {
    const std::lock_guard lock(mutex_);
    StorageCounts counts = counts_;
    for (const auto& [name, ranges] : ranges_) {
      if (name.area() == "packs") counts.bytes_read_again += repeated(ranges);
    }
    return counts;
  }

  void forget() {
    const std::lock_guard lock(mutex_);
    counts_ = {};
    ranges_.clear();
  }

  void put(const store::BlobName& name, base::ByteView bytes) override {
    count_write(bytes.size());
    real_->put(name, bytes);
  }

  std::unique_ptr<store::Upload> upload(std::string_view area) override {
    return std::make_unique<CountedUpload>(*this, real_->upload(area));
  }

  store::Created create(const store::BlobName& name, base::ByteView bytes) override {
    count_write(bytes.size());
    return real_->create(name, bytes);
  }

  std::optional<store::Created> try_create(const store::BlobName& name,
                                           base::ByteView bytes) override {
    count_write(bytes.size());
    return real_->try_create(name, bytes);
  }

  void replace(const store::BlobName& name, base::ByteView bytes) override {
    count_write(bytes.size());
    real_->replace(name, bytes);
  }

  std::optional<base::Bytes> get(const store::BlobName& name, std::uint64_t limit) override {
    std::optional<base::Bytes> bytes = real_->get(name, limit);
    count_read(name, 0, bytes ? bytes->size() : 0);
    return bytes;
  }

  std::optional<std::size_t> read_at(const store::BlobName& name, std::uint64_t offset,
                                     std::span<std::byte> out) override {
    const std::optional<std::size_t> length = real_->read_at(name, offset, out);
    count_read(name, offset, length.value_or(0));
    return length;
  }

  std::optional<store::BlobTail> get_tail(const store::BlobName& name, std::size_t size) override {
    std::optional<store::BlobTail> tail = real_->get_tail(name, size);
    const std::size_t length = tail ? tail->bytes.size() : 0;
    count_read(name, tail ? tail->blob_size - length : 0, length);
    return tail;
  }

  std::optional<std::uint64_t> size(const store::BlobName& name) override {
    count_read(name, 0, 0);
    {
      const std::lock_guard lock(mutex_);
      ++counts_.sizes;
    }
    return real_->size(name);
  }

  std::vector<std::string> list(std::string_view area, std::string_view prefix = {},
                                std::string_view after = {}) override {
    {
      const std::lock_guard lock(mutex_);
      ++counts_.lists;
    }
    return real_->list(area, prefix, after);
  }

  [[nodiscard]] std::vector<store::NotRemoved> remove(
      std::span<const store::BlobName> names) override {
    {
      const std::lock_guard lock(mutex_);
      ++counts_.removals;
    }
    return real_->remove(names);
  }

  store::StorageTraits traits() const override { return real_->traits(); }
  std::string display_name() const override { return real_->display_name(); }
  std::string display_name(const store::BlobName& name) const override {
    return real_->display_name(name);
  }

 private:
  using Range = std::pair<std::uint64_t, std::uint64_t>;  // from, to

  class CountedUpload : public store::Upload {
   public:
    CountedUpload(CountingStorage& storage, std::unique_ptr<store::Upload> real)
        : storage_(storage), real_(std::move(real)) {}

    void write(base::ByteView bytes) override {
      size_ += bytes.size();
      real_->write(bytes);
    }

    void publish(std::string_view key) override {
      storage_.count_write(size_);
      real_->publish(key);
    }

   private:
    CountingStorage& storage_;
    std::unique_ptr<store::Upload> real_;
    std::uint64_t size_ = 0;
  };

  static std::uint64_t repeated(std::vector<Range> ranges) {
    std::ranges::sort(ranges);
    std::uint64_t bytes = 0;
    std::uint64_t end = 0;
    for (const auto& [from, to] : ranges) {
      bytes += std::min(end, to) - std::min(end, from);
      end = std::max(end, to);
    }
    return bytes;
  }

  void count_read(const store::BlobName& name, std::uint64_t offset, std::uint64_t length) {
    const std::lock_guard lock(mutex_);
    ++counts_.reads;
    counts_.bytes_read += length;
    ranges_[name].emplace_back(offset, offset + length);
  }

  void count_write(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    ++counts_.writes;
    counts_.bytes_written += bytes;
  }

  std::shared_ptr<store::Storage> real_;
  mutable std::mutex mutex_;
  StorageCounts counts_;
  std::map<store::BlobName, std::vector<Range>> ranges_;
};

}  // namespace tests
