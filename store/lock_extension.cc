#include "store/lock_extension.h"

#include <charconv>
#include <memory>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/stop_request.h"
#include "store/format/layout.h"
#include "store/index/index.h"
#include "store/keys/key_slot.h"
#include "store/own_index.h"
#include "store/storage/storage.h"

namespace store {

namespace {

constexpr std::uint64_t kMaxExtensionNote = 64;

base::Path lock_extension_file(const Location& location) {
  return location.index / "locks-extended";
}

class LockExtending {
 public:
  explicit LockExtending(Storage& storage) : storage_(storage) {}

  LockExtensionReport run(const std::vector<PackName>& packs) {
    extend_packs(packs);
    for (const BlobVersion& record : storage_.first_versions(kCommitsArea)) {
      note_changes(record);
      extend(record);
    }
    for (const BlobVersion& slot : storage_.first_versions(kKeysArea)) {
      if (slot.is_removed) continue;  // a key that may no longer open the store
      note_changes(slot);
      extend(slot);
    }
    return std::move(report_);
  }

 private:
  void extend_packs(const std::vector<PackName>& packs) {
    std::set<std::string> needed;
    for (const PackName& pack : packs) needed.insert(pack.hex());
    for (const BlobVersion& pack : storage_.first_versions(kPacksArea)) {
      if (needed.erase(pack.name.key()) == 0) continue;
      note_changes(pack);
      extend(pack);
    }
    // A listing may lack what was written lately.
    for (const std::string& key : needed) {
      extend({.name = BlobName(kPacksArea, key), .id = {}});
    }
  }

  void extend(const BlobVersion& blob) {
    base::stop_if_requested("extend-locks", "the next one continues");
    LockExtension extension = storage_.extend_lock(blob);
    switch (extension.outcome) {
      case LockExtension::Outcome::kExtended:
        ++report_.extended;
        return;
      case LockExtension::Outcome::kLastsLongEnough:
        ++report_.lasting;
        return;
      case LockExtension::Outcome::kRefused:
        report_.troubles.push_back(std::move(extension.why));
        return;
    }
  }

  void note_changes(const BlobVersion& blob) {
    if (!blob.is_removed && !blob.is_replaced) return;
    report_.troubles.push_back(fmt::format(
        "{} was {}: its first version {} is still there, and locked: see \"Object lock\" in "
        "docs/object-storage.md",
        storage_.display_name(blob.name), blob.is_removed ? "deleted" : "replaced", blob.id));
  }

  Storage& storage_;
  LockExtensionReport report_;
};

}  // namespace

LockExtensionReport extend_locks(Storage& storage, const std::vector<PackName>& packs) {
  if (!storage.lock_for()) {
    base::fail(base::ErrorCode::kConfig,
               "extend the locks of {}: it locks nothing: set lock_for (mailstow.json(5))",
               storage.display_name());
  }
  return LockExtending(storage).run(packs);
}

LockExtensionReport extend_locks(const Location& location, base::FileSystem& files) {
  const std::shared_ptr<Storage> storage = storage_of(location, files);
  const BlockContext context = open_keys(location, files);
  if (location.has_own_index) catch_up_own_index(location, files, context);
  Index index = Index::open_read_only(index_file(location), context.store);
  return extend_locks(*storage, index.packs());
}

std::optional<std::chrono::sys_seconds> last_lock_extension(const Location& location,
                                                            base::FileSystem& files) {
  const auto bytes = base::read_file(files, lock_extension_file(location), kMaxExtensionNote);
  if (!bytes) return std::nullopt;
  const std::string_view text = base::as_text(*bytes);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr std::int64_t kMaxSeconds = 253'402'300'799;  // the end of the year 9999
  if (error != std::errc() || seconds < 0 || seconds > kMaxSeconds) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

void note_lock_extension(const Location& location, base::FileSystem& files,
                         std::chrono::sys_seconds now) {
  const std::string text = fmt::format("{}\n", now.time_since_epoch().count());
  base::write_file(files, lock_extension_file(location), base::as_bytes(text),
                   base::OnExisting::kReplace);
}

}  // namespace store
