#include "store/storage/blob_file.h"

#include <utility>

#include "base/error.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

class BlobFile : public base::File {
 public:
  BlobFile(Storage& storage, BlobName name, std::uint64_t size)
      : storage_(storage), name_(std::move(name)), size_(size) {}

  void write(base::ByteView) override { fail_as_read_only(); }

  std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) override {
    const std::optional<std::size_t> length = storage_.read_at(name_, offset, out);
    if (!length) {
      fail(ErrorCode::kDamaged, "read {}: it is missing", storage_.display_name(name_));
    }
    return *length;
  }

  std::uint64_t size() override { return size_; }

  void sync() override { fail_as_read_only(); }

 private:
  [[noreturn]] void fail_as_read_only() const {
    fail(ErrorCode::kInternal, "write {}: a blob is never changed", storage_.display_name(name_));
  }

  Storage& storage_;
  BlobName name_;
  std::uint64_t size_;
};

}  // namespace

std::unique_ptr<base::File> open_blob(Storage& storage, const BlobName& name) {
  const std::optional<std::uint64_t> size = storage.size(name);
  return size ? std::make_unique<BlobFile>(storage, name, *size) : nullptr;
}

}  // namespace store
