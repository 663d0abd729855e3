#include "store/folder_draft.h"

#include <algorithm>

#include <fmt/format.h>

#include "store/folder_draft_impl.h"
#include "store/format/crypto.h"
#include "store/index/object_reader.h"
#include "store/reader_impl.h"

namespace store {

namespace {

std::vector<std::string> normal_flags(std::vector<std::string> flags) {
  std::erase(flags, "\\Recent");
  std::ranges::sort(flags);
  const auto repeated = std::ranges::unique(flags);
  flags.erase(repeated.begin(), repeated.end());
  return flags;
}

// In a folder of a million messages this is most of the work of a run that finds few new messages.
Receipt make_receipt(UidTree& tree, const std::function<void(const UidTree::Group&)>& note) {
  constexpr std::size_t kPiece = 65'536;
  constexpr std::string_view kDigits = "0123456789abcdef";
  Sha256Hash hash;
  std::string lines;
  const auto add_line = [&](base::Uid uid, const Sha256& digest) {
    lines += fmt::format_int(uid.value).c_str();
    lines += ' ';
    for (const std::byte byte : digest.bytes) {
      lines += kDigits[std::to_integer<std::size_t>(byte >> 4)];
      lines += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
    }
    lines += '\n';
    if (lines.size() < kPiece) return;
    hash.update(base::as_bytes(lines));
    lines.clear();
  };
  tree.for_each_group([&](const UidTree::Group& group) {
    for (const auto& [uid, digest] : group.messages) add_line(uid, digest);
    if (note) note(group);
  });
  hash.update(base::as_bytes(lines));
  return {.messages = tree.messages(), .digest = hash.finish()};
}

FolderObject load_folder(ObjectReader& objects, const FolderRecord& record) {
  return FolderObject::decode(objects.read_manifest(ObjectType::kFolder, record.id));
}

}  // namespace

FolderRecord FolderDraft::Impl::seal(const UidTree::Save& save, const MakeId& make_id,
                                     const Note& note) {
  return whole([&] {
    const bool changed = tree.identities_changed() || !receipt;
    FolderObject folder{.info = info, .receipt = {}, .tree = tree.save(save, make_id)};
    if (changed) receipt = make_receipt(tree, note);
    folder.receipt = *receipt;
    return folder.record(save(ObjectType::kFolder, folder.encode()));
  });
}

MessageEntry FolderDraft::Impl::entry(const Identity& identity, const State& state) {
  return {.uid = identity.uid,
          .message = identity.message,
          .internal_date = identity.internal_date,
          .size = identity.size,
          .flags = tree.flag_sets().flags(state.flags),
          .modseq = state.modseq,
          .server_id = identity.server_id};
}

FolderDraft::FolderDraft(FolderInfo info) : impl_(std::make_unique<Impl>(std::move(info))) {}

FolderDraft::FolderDraft(Reader& reader, FolderInfo info)
    : FolderDraft(reader, FolderObject{.info = std::move(info), .receipt = {}, .tree = {}}) {
  impl_->receipt.reset();
}

FolderDraft::FolderDraft(Reader& reader, const FolderRecord& previous)
    : FolderDraft(reader, load_folder(reader.impl_->objects, previous)) {}

FolderDraft::FolderDraft(Reader& reader, const FolderObject& folder)
    : impl_(std::make_unique<Impl>(
          folder,
          [objects = &reader.impl_->objects](ObjectType type, const ObjectId& id) {
            return objects->read_manifest(type, id);
          },
          ids_with(reader.impl_->context.keys))) {}

FolderDraft::FolderDraft(FolderDraft&&) noexcept = default;
FolderDraft& FolderDraft::operator=(FolderDraft&&) noexcept = default;
FolderDraft::~FolderDraft() = default;

FolderInfo& FolderDraft::info() {
  return impl_->info;
}
const FolderInfo& FolderDraft::info() const {
  return impl_->info;
}
std::uint64_t FolderDraft::messages() const {
  return impl_->tree.messages();
}
bool FolderDraft::contains(base::Uid uid) {
  return impl_->whole([&] { return impl_->tree.contains(uid); });
}

std::optional<MessageEntry> FolderDraft::find(base::Uid uid) {
  const auto found = impl_->whole([&] { return impl_->tree.find(uid); });
  if (!found) return std::nullopt;
  return impl_->entry(found->identity, found->state);
}

std::optional<Sha256> FolderDraft::digest(base::Uid uid) {
  const auto found = impl_->whole([&] { return impl_->tree.find(uid); });
  if (!found) return std::nullopt;
  return found->identity.digest;
}

void FolderDraft::for_each(const std::function<void(const MessageEntry&)>& take) {
  impl_->whole([&] {
    impl_->tree.for_each(
        [&](const Identity& identity, const State& state) { take(impl_->entry(identity, state)); });
  });
}

void FolderDraft::for_each_from(base::Uid first,
                                const std::function<bool(const MessageEntry&)>& take) {
  impl_->whole([&] {
    impl_->tree.for_each_from(first, [&](const Identity& identity, const State& state) {
      return take(impl_->entry(identity, state));
    });
  });
}

void FolderDraft::for_each_uid(const std::function<void(base::Uid)>& take) {
  impl_->whole([&] { impl_->tree.for_each_uid(take); });
}

void FolderDraft::put(const MessageEntry& entry, const Sha256& digest) {
  impl_->whole([&] {
    impl_->tree.put({.uid = entry.uid,
                     .message = entry.message,
                     .digest = digest,
                     .internal_date = entry.internal_date,
                     .size = entry.size,
                     .server_id = entry.server_id},
                    {.flags = impl_->tree.flag_sets().number(normal_flags(entry.flags)),
                     .modseq = entry.modseq});
  });
}

bool FolderDraft::set_state(base::Uid uid, std::vector<std::string> flags, std::uint64_t modseq) {
  return impl_->whole([&] {
    return impl_->tree.set_state(
        uid, {.flags = impl_->tree.flag_sets().number(normal_flags(std::move(flags))),
              .modseq = modseq});
  });
}

bool FolderDraft::expunge(base::Uid uid) {
  return impl_->whole([&] { return impl_->tree.erase(uid); });
}

}  // namespace store
