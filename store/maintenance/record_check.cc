#include "store/maintenance/record_check.h"

#include <functional>
#include <optional>
#include <span>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "store/format/commit_record.h"
#include "store/format/layout.h"
#include "store/format/owner_record.h"
#include "store/format/sealed_blob.h"
#include "store/index/commit_log.h"

namespace store {

namespace {

using base::ErrorCode;

std::vector<BlobName> records_in(std::string_view area, const std::vector<std::string>& keys) {
  std::vector<BlobName> names;
  for (const std::string& key : keys) {
    if (number_in_key(key)) names.emplace_back(area, key);
  }
  return names;
}

// Nullopt: it has been removed since it was listed.
template <typename Record>
std::optional<Record> read_record(Storage& storage, const BlockContext& context,
                                  const BlobName& name) {
  const std::optional<base::Bytes> bytes = storage.get(name, kMaxSealedBlob);
  if (!bytes) return std::nullopt;
  return Record::open(context, name, *bytes, storage.display_name(name));
}

// Returns why the record contradicts the store, or "".
std::string contradiction_of(const CommitRecord& record, const std::string& shown, Storage& storage,
                             Index& index) {
  const std::optional<ObjectId> indexed = index.commit_id(record.last);
  if (indexed && *indexed != record.commit) {
    return fmt::format("{}: it names a different commit {} than the packs have", shown,
                       record.last);
  }
  if (indexed || storage.size(blob_of(record.pack))) return "";
  return fmt::format("{}: it names commit {} in pack {}, which is missing", shown, record.last,
                     record.pack.hex());
}

// Whatever keeps one record from being read keeps no other from it.
void add_trouble(std::vector<std::string>& damage, const std::function<std::string()>& check) {
  try {
    const std::string why = check();
    if (!why.empty()) damage.push_back(why);
  } catch (const base::Error& error) {
    if (error.code() == ErrorCode::kStorage) throw;
    damage.emplace_back(error.what());
  }
}

template <typename Record>
std::vector<BlobName> damaged_records(Storage& storage, const BlockContext& context,
                                      std::string_view area) {
  std::vector<BlobName> damaged;
  for (const BlobName& name : records_in(area, storage.list(area))) {
    const std::string why = base::why_unreadable(
        [&] { static_cast<void>(read_record<Record>(storage, context, name)); });
    if (!why.empty()) damaged.push_back(name);
  }
  return damaged;
}

}  // namespace

ListedRecords list_records(Storage& storage) {
  return {.commits = storage.list(kCommitsArea), .owners = storage.list(kOwnerArea)};
}

std::vector<std::string> check_records(Storage& storage, const BlockContext& context, Index& index,
                                       const ListedRecords& listed) {
  std::vector<std::string> damage;
  const std::uint64_t oldest = index.oldest_commit();
  for (const BlobName& name : records_in(kCommitsArea, listed.commits)) {
    if (number_in_key(name.key()) < oldest) continue;
    add_trouble(damage, [&]() -> std::string {
      const auto record = read_record<CommitRecord>(storage, context, name);
      return record ? contradiction_of(*record, storage.display_name(name), storage, index) : "";
    });
  }
  for (const BlobName& name : records_in(kOwnerArea, listed.owners)) {
    add_trouble(damage, [&]() -> std::string {
      read_record<OwnerRecord>(storage, context, name);
      return "";
    });
  }
  return damage;
}

void remove_damaged_records(Storage& storage, const BlockContext& context) {
  std::vector<BlobName> damaged = damaged_records<CommitRecord>(storage, context, kCommitsArea);
  for (const BlobName& name : damaged_records<OwnerRecord>(storage, context, kOwnerArea)) {
    damaged.push_back(name);
  }
  if (damaged.empty()) return;
  for (const NotRemoved& left : storage.remove(damaged)) base::log_warning("{}", left.why);
}

void write_missing_records(WriteSession& session) {
  const std::vector<Index::CommitRow> rows = session.index().commit_rows();
  CommitLog log(session.storage(), session.context());
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = begin + 1;
    while (end < rows.size() && rows[end].pack == rows[begin].pack) ++end;
    if (log.of(rows[begin].number).empty()) {
      const std::string why = base::why_unreadable(
          [&] { session.record(std::span(rows).subspan(begin, end - begin)); });
      if (!why.empty()) base::log_warning("{}", why);  // a directory has its name
    }
    begin = end;
  }
}

}  // namespace store
