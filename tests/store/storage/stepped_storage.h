// A storage that calls a function before each request: so that a test can let something else happen
// at that moment.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/storage/storage.h"

namespace tests {

struct StorageRequest {
  std::string_view kind;  // "put", "create", "replace", "get", "size", "list", "remove"
  std::string_view area;
};

class SteppedStorage : public store::Storage {
 public:
  using Step = std::function<void(const StorageRequest&)>;

  // The storage must outlive it.
  SteppedStorage(store::Storage& storage, Step step) : storage_(storage), step_(std::move(step)) {}

  void put(const store::BlobName& name, base::ByteView bytes) override {
    step_({.kind = "put", .area = name.area()});
    storage_.put(name, bytes);
  }
  std::unique_ptr<store::Upload> upload(std::string_view area) override {
    return std::make_unique<SteppedUpload>(*this, storage_.upload(area), area);
  }
  store::Created create(const store::BlobName& name, base::ByteView bytes) override {
    step_({.kind = "create", .area = name.area()});
    return storage_.create(name, bytes);
  }
  std::optional<store::Created> try_create(const store::BlobName& name,
                                           base::ByteView bytes) override {
    step_({.kind = "create", .area = name.area()});
    return storage_.try_create(name, bytes);
  }
  void replace(const store::BlobName& name, base::ByteView bytes) override {
    step_({.kind = "replace", .area = name.area()});
    storage_.replace(name, bytes);
  }
  std::optional<base::Bytes> get(const store::BlobName& name, std::uint64_t limit) override {
    step_({.kind = "get", .area = name.area()});
    return storage_.get(name, limit);
  }
  std::optional<std::size_t> read_at(const store::BlobName& name, std::uint64_t offset,
                                     std::span<std::byte> out) override {
    step_({.kind = "get", .area = name.area()});
    return storage_.read_at(name, offset, out);
  }
  std::optional<store::BlobTail> get_tail(const store::BlobName& name, std::size_t size) override {
    step_({.kind = "get", .area = name.area()});
    return storage_.get_tail(name, size);
  }
  std::optional<std::uint64_t> size(const store::BlobName& name) override {
    step_({.kind = "size", .area = name.area()});
    return storage_.size(name);
  }
  std::vector<std::string> list(std::string_view area, std::string_view prefix,
                                std::string_view after) override {
    step_({.kind = "list", .area = area});
    return storage_.list(area, prefix, after);
  }
  [[nodiscard]] std::vector<store::NotRemoved> remove(
      std::span<const store::BlobName> names) override {
    step_({.kind = "remove", .area = names.empty() ? std::string_view() : names.front().area()});
    return storage_.remove(names);
  }
  store::StorageTraits traits() const override { return storage_.traits(); }
  std::string display_name() const override { return storage_.display_name(); }
  std::string display_name(const store::BlobName& name) const override {
    return storage_.display_name(name);
  }

 private:
  class SteppedUpload : public store::Upload {
   public:
    SteppedUpload(SteppedStorage& storage, std::unique_ptr<store::Upload> upload,
                  std::string_view area)
        : storage_(storage), upload_(std::move(upload)), area_(area) {}
    void write(base::ByteView bytes) override { upload_->write(bytes); }
    void publish(std::string_view key) override {
      storage_.step_({.kind = "put", .area = area_});
      upload_->publish(key);
    }

   private:
    SteppedStorage& storage_;
    std::unique_ptr<store::Upload> upload_;
    std::string area_;
  };

  store::Storage& storage_;
  Step step_;
};

}  // namespace tests
