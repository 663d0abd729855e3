#include "store/reader.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <mutex>
#include <set>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/finally.h"
#include "base/log.h"
#include "base/terminal.h"
#include "store/folder_draft.h"
#include "store/format/commit.h"
#include "store/format/crypto.h"
#include "store/format/folder_object.h"
#include "store/index/commit_mark.h"
#include "store/index/read_ahead.h"
#include "store/index/reader_lock.h"
#include "store/index/unknown_packs.h"
#include "store/keys/key_slot.h"
#include "store/own_index.h"
#include "store/reader_impl.h"
#include "store/search_index/search_index.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

// Attachments that several accounts have are in the blocks of one of them: those of all accounts
// that were backed up together are kept (max_open_blocks()), and as much again.
constexpr std::uint64_t kCachedForReading = std::uint64_t{64} << 20;

// A command may open several readers.
void warn_once(const std::string& line) {
  static std::mutex mutex;
  static std::set<std::string> known;
  if (line.empty()) return;
  const std::lock_guard lock(mutex);
  if (known.insert(line).second) base::log_warning("{}", line);
}

// A writer renames a pack before it adds it to the index.
constexpr std::chrono::minutes kMaxPublishing{1};

// `listed`: see unknown_packs().
std::string doubt_about_packs(base::FileSystem& files, const Location& location,
                              const std::vector<std::string>& listed, Index& index) {
  const auto is_new = [&](const PackName& pack) {
    const auto written = files.modified(packs_directory(location) / pack.hex());
    return !written || base::system_clock().now() - *written < kMaxPublishing;
  };
  std::vector<PackName> unknown = unknown_packs(listed, index);
  std::erase_if(unknown, is_new);
  if (unknown.empty()) return "";
  return fmt::format(
      "store {}: {} there {} not in the index, such as {}: the mail in {} is missing from the "
      "output: {}; if that does not help, run mailstow-backupd check",
      display_name(location), base::format_count(unknown.size(), "pack"),
      unknown.size() == 1 ? "is" : "are", unknown.front().hex(),
      unknown.size() == 1 ? "it" : "them", kReadInPacks);
}

}  // namespace

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Reader Reader::open(const Location& location, base::FileSystem& files) {
  const BlockContext context = open_keys(location, files);
  std::vector<std::string> listed;
  if (location.has_own_index) {
    catch_up_own_index(location, files, context);
  } else if (location.is_directory() && !location.is_past()) {
    // A bucket does not show when a pack was published.
    listed = storage_of(location, files)->list(kPacksArea);
  }
  Reader reader = Impl::make(files, location, context, kCachedForReading);
  if (location.has_own_index) {
    reader.impl_->objects.look_again_with([location, &files, context = &reader.impl_->context] {
      catch_up_own_index(location, files, *context);
    });
  }
  if (!location.is_past()) {
    warn_once(doubt_about_packs(files, location, listed, reader.impl_->index));
    warn_once(doubt_about_state(files, location, context.store, reader.impl_->index));
  }
  reader.impl_->reach = location.reach;
  reader.impl_->lock = lock_for_reading(location, files, reader.impl_->index);
  return reader;
}

std::vector<std::string> Reader::accounts() {
  std::vector<std::string> accounts = impl_->index.accounts();
  if (impl_->reach) {
    std::erase_if(accounts, [&](const std::string& account) { return snapshots(account).empty(); });
  }
  return accounts;
}

std::uint64_t Reader::used_up() {
  return impl_->index.used_up();
}

std::vector<SnapshotInfo> Reader::snapshots(std::string_view account) {
  return impl_->index.snapshots(account, impl_->first_within_reach(account));
}

std::vector<SnapshotInfo> Reader::snapshots_in_and_out_of_reach(std::string_view account) {
  return impl_->index.snapshots(account);
}

std::optional<SnapshotInfo> Reader::newest_snapshot(std::string_view account,
                                                    std::optional<std::chrono::sys_seconds> at) {
  const std::uint64_t first = impl_->first_within_reach(account);
  return at ? impl_->index.backup_at(account, *at, first)
            : impl_->index.newest_backup(account, first);
}

std::uint64_t Reader::Impl::first_within_reach(std::string_view account) const {
  constexpr std::uint64_t kNothing = std::numeric_limits<std::int64_t>::max();  // as SQLite has it
  if (!reach) return 0;
  const auto found = reach->find(account);
  return found == reach->end() ? kNothing : found->second;
}

Root Reader::Impl::root_of(const SnapshotInfo& snapshot) {
  if (const std::optional<ObjectId> root = index.root_of(snapshot.id)) roots[snapshot.id] = *root;
  const auto known = roots.find(snapshot.id);
  if (known == roots.end()) {
    fail(ErrorCode::kNotFound, "read snapshot {}: no such snapshot", snapshot.id.hex());
  }
  return Root::decode(objects.read_manifest(ObjectType::kRoot, known->second));
}

std::string Reader::Impl::missing(const MessageId& message) {
  if (is_past) {
    return fmt::format("read message {}: the store no longer has it", message.object.hex());
  }
  if (!has_unknown_packs) {
    has_unknown_packs = !unknown_packs(storage->list(kPacksArea), index).empty();
  }
  return fmt::format(
      "read message {}: it is not in the store{}", message.object.hex(),
      *has_unknown_packs
          ? fmt::format(", but there are packs that the index does not know: {}", kReadInPacks)
          : "");
}

std::vector<FolderRecord> Reader::folders(const SnapshotInfo& snapshot) {
  std::vector<FolderRecord> folders;
  for (const ObjectId& id : folder_ids(snapshot)) folders.push_back(folder(id));
  return folders;
}

std::vector<ObjectId> Reader::folder_ids(const SnapshotInfo& snapshot) {
  return impl_->root_of(snapshot).folders;
}

FolderRecord Reader::folder(const ObjectId& id) {
  return FolderObject::decode(impl_->objects.read_manifest(ObjectType::kFolder, id)).record(id);
}

std::vector<Property> Reader::properties(const SnapshotInfo& snapshot) {
  return impl_->root_of(snapshot).properties;
}

void Reader::for_each_message(const FolderRecord& folder,
                              const std::function<void(const MessageEntry&)>& take) {
  FolderDraft(*this, folder).for_each(take);
}

void Reader::for_each_message_from(const FolderRecord& folder, base::Uid first,
                                   const std::function<bool(const MessageEntry&)>& take) {
  FolderDraft(*this, folder).for_each_from(first, take);
}

bool Reader::contains(const MessageId& message) {
  return impl_->objects.find(ObjectType::kMessage, message.object).has_value();
}

ObjectPlace Reader::Impl::place_of(const MessageId& message) {
  const std::optional<ObjectPlace> place =
      objects.find_required(ObjectType::kMessage, message.object);
  if (!place) fail(ErrorCode::kNotFound, "{}", missing(message));
  return *place;
}

Sha256 Reader::digest(const MessageId& message) {
  return impl_->objects.check_message(message.object, impl_->place_of(message)).digest;
}

MessageBytes Reader::read_message(const MessageId& message) {
  return impl_->objects.read_message(message.object, impl_->place_of(message), impl_->spool);
}

base::Bytes Reader::read_beginning(const MessageId& message, std::size_t max) {
  return impl_->objects.read_beginning(message.object, impl_->place_of(message), max);
}

void Reader::read_messages(
    std::span<const MessageId> messages,
    const std::function<void(std::size_t position, const MessageBytes& bytes)>& take,
    const Damaged& damaged) {
  impl_->for_each_found(
      messages,
      [&](const PlacedMessage& message) {
        MessageBytes bytes;
        try {
          bytes = impl_->objects.read_message(message.id, message.place, impl_->spool);
        } catch (const base::Error& error) {
          damaged(message.position, error);
          return;
        }
        take(message.position, bytes);
      },
      damaged);
}

void Reader::check_messages(
    std::span<const MessageId> messages,
    const std::function<void(std::size_t position, const MessageDigest& found)>& take,
    const Damaged& damaged) {
  impl_->for_each_found(
      messages,
      [&](const PlacedMessage& message) {
        MessageDigest found;
        try {
          found = impl_->objects.check_message(message.id, message.place);
        } catch (const base::Error& error) {
          damaged(message.position, error);
          return;
        }
        take(message.position, found);
      },
      damaged);
}

const SpoolPlace& Reader::spool_place() const {
  return impl_->spool;
}

void Reader::Impl::for_each_found(std::span<const MessageId> messages,
                                  const std::function<void(const PlacedMessage&)>& use,
                                  const Damaged& damaged) {
  std::vector<PlacedMessage> wanted;
  wanted.reserve(messages.size());
  for (std::size_t position = 0; position < messages.size(); ++position) {
    const ObjectId& id = messages[position].object;
    if (const auto place = objects.find_required(ObjectType::kMessage, id)) {
      wanted.push_back({.id = id, .place = *place, .position = position});
    } else {
      damaged(position, base::Error(ErrorCode::kNotFound, missing(messages[position])));
    }
  }
  std::ranges::sort(wanted, {}, [](const PlacedMessage& message) {
    return std::tuple(message.place.block, message.place.start, message.position);
  });
  for_each_placed(wanted, use);
}

// Calls `use` for each message while the blocks of the messages after it are read.
void Reader::Impl::for_each_placed(std::span<const PlacedMessage> messages,
                                   const std::function<void(const PlacedMessage&)>& use) {
  MessageGroups groups(objects, index, messages);
  ReadAhead ahead(*storage, context);
  objects.set_aside(MessageGroups::kMaxBytesAhead);
  const base::Finally end([this] {
    objects.set_aside(0);
    objects.expect({});
  });
  MessageGroup group = groups.next();
  ahead.request(std::move(group.blocks));
  while (!group.messages.empty()) {
    for (OpenedBlock& block : ahead.collect()) {
      objects.adopt(block.block, std::move(block.bytes));
    }
    MessageGroup following = groups.next();
    ahead.request(std::move(following.blocks));
    objects.expect(std::move(group.parts));
    std::ranges::for_each(group.messages, use);
    group = std::move(following);
  }
}

Reader::StoreSize Reader::size() {
  const Index::Totals totals = impl_->index.totals();
  std::optional<SearchIndex> search = SearchIndex::open_read_only(impl_->search_file);
  return {.packs = totals.packs,
          .pack_bytes = totals.pack_bytes,
          .index_bytes = totals.index_bytes,
          .search_bytes = search ? search->bytes() : 0,
          .messages = totals.messages,
          .message_bytes = totals.message_bytes};
}

}  // namespace store
