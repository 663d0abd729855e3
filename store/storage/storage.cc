#include "store/storage/storage.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/time_text.h"

namespace store {

std::optional<base::Bytes> Storage::get_range(const BlobName& name, std::uint64_t offset,
                                              std::size_t size) {
  base::Bytes bytes(size);
  const std::optional<std::size_t> length = read_at(name, offset, bytes);
  if (!length) return std::nullopt;
  bytes.resize(*length);
  return bytes;
}

std::optional<Created> Storage::try_create(const BlobName& /*name*/, base::ByteView /*bytes*/) {
  return std::nullopt;
}

Created compare_with_existing(Storage& storage, const BlobName& name, base::ByteView bytes) {
  const std::optional<base::Bytes> existing = storage.get_range(name, 0, bytes.size() + 1);
  if (!existing) {
    // Removed since, or not readable yet: a repetition decides.
    throw StorageError(Trouble::kUnanswered,
                       fmt::format("create {}: it exists, but can't be read: try again",
                                   storage.display_name(name)));
  }
  return std::ranges::equal(*existing, bytes) ? Created::kYes : Created::kExists;
}

std::string clock_difference(const Storage& storage) {
  const std::optional<std::chrono::seconds> lead = storage.clock_lead();
  if (!lead || std::chrono::abs(*lead) <= base::kClockSlack) return "";
  return fmt::format(
      "this machine's clock is {} {} that of {}",
      base::format_duration(std::chrono::floor<std::chrono::minutes>(std::chrono::abs(*lead))),
      lead->count() > 0 ? "ahead of" : "behind", storage.display_name());
}

void require_right_clock(const Storage& storage, const std::string& work) {
  const std::string difference = clock_difference(storage);
  if (difference.empty()) return;
  throw StorageError(Trouble::kRefused,
                     fmt::format("{}: {}: nothing is written until it is set, with timedatectl "
                                 "set-ntp true or another NTP client",
                                 work, difference));
}

namespace {

[[noreturn]] void fail_without_versions(const std::string& operation, const std::string& name) {
  base::fail(base::ErrorCode::kInternal, "{} {}: this storage keeps no versions", operation, name);
}

}  // namespace

std::vector<BlobVersion> Storage::first_versions(std::string_view area) {
  fail_without_versions("list the versions in", fmt::format("{}/{}", display_name(), area));
}

std::vector<KeptVersion> Storage::versions(const BlobName& name) {
  fail_without_versions("list the versions of", display_name(name));
}

std::optional<std::size_t> Storage::read_version_at(const BlobName& name, const std::string& /*id*/,
                                                    std::uint64_t /*offset*/,
                                                    std::span<std::byte> /*out*/) {
  fail_without_versions("read a version of", display_name(name));
}

void Storage::choose_version(const BlobName& name, const std::string& /*id*/,
                             InListings /*in_listings*/) {
  fail_without_versions("choose a version of", display_name(name));
}

LockExtension Storage::extend_lock(const BlobVersion& blob) {
  base::fail(base::ErrorCode::kInternal, "extend the lock of {}: this storage does not lock",
             display_name(blob.name));
}

}  // namespace store
