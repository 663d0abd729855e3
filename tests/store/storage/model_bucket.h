// A bucket in memory, which this process finds where a configuration names it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "store/format/bucket.h"
#include "tests/store/storage/model_storage.h"

namespace tests {

class ModelBucket {
 public:
  // `name`: s3://bucket/prefix.
  explicit ModelBucket(std::string name,
                       const store::StorageTraits& traits = {.creates_once = true,
                                                             .lists_at_once = true,
                                                             .replaces_at_once = true})
      : name_(std::move(name)), storage_(std::make_shared<NamedStorage>(name_, traits)) {
    store::replace_bucket(name_, storage_);
  }
  ModelBucket(const ModelBucket&) = delete;
  ModelBucket& operator=(const ModelBucket&) = delete;
  ~ModelBucket() { store::replace_bucket(name_, nullptr); }

  ModelStorage& storage() { return *storage_; }

 private:
  class NamedStorage : public ModelStorage {
   public:
    NamedStorage(std::string name, const store::StorageTraits& traits)
        : ModelStorage(traits), name_(std::move(name)) {}
    std::string display_name() const override { return name_; }
    std::string display_name(const store::BlobName& name) const override {
      return name_ + "/" + name.text();
    }

   private:
    std::string name_;
  };

  std::string name_;
  std::shared_ptr<NamedStorage> storage_;
};

}  // namespace tests
