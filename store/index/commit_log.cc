#include "store/index/commit_log.h"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "store/format/layout.h"
#include "store/format/sealed_blob.h"

namespace store {

// A listing may lack all of them, but the first commit's is read by its name.
bool CommitLog::is_empty() {
  if (!listed({}, {}).empty()) return false;
  return storage_.traits().lists_at_once || of(1).empty();
}

std::vector<CommitRecord> CommitLog::of(std::uint64_t number) {
  std::vector<BlobName> names;
  if (storage_.traits().creates_once) {
    names.push_back(commit_record_name(number));
  } else {
    names = listed(numbered_key(number), {});
  }
  std::vector<CommitRecord> records;
  for (const BlobName& name : names) {
    if (std::optional<CommitRecord> record = read_if_whole(name)) records.push_back(*record);
  }
  return records;
}

std::vector<CommitRecord> CommitLog::after(std::uint64_t number) {
  std::map<BlobName, CommitRecord> found;
  for (const BlobName& name : listed({}, numbered_key(number))) {
    if (number_in_key(name.key()) <= number) continue;
    if (const auto record = read_if_whole(name)) found.emplace(name, *record);
  }
  // A listing may lack the newest ones. Only over a gap, it leads on.
  for (std::uint64_t next = number + 1; storage_.traits().creates_once;) {
    const BlobName name = commit_record_name(next);
    auto record = found.find(name);
    if (record == found.end()) {
      const auto read = read_if_whole(name);
      record = read ? found.emplace(name, *read).first : found.upper_bound(name);
    }
    if (record == found.end()) break;
    next = std::max(next, record->second.last) + 1;
  }
  std::vector<CommitRecord> records;
  records.reserve(found.size());
  for (const auto& [name, record] : found) records.push_back(record);
  return records;
}

std::vector<std::vector<CommitRecord>> CommitLog::forks(std::uint64_t oldest) {
  std::vector<std::vector<CommitRecord>> forks;
  if (storage_.traits().creates_once) return forks;
  std::map<std::uint64_t, std::vector<BlobName>> names;
  for (const BlobName& name : listed({}, {})) {
    const std::uint64_t number = number_in_key(name.key()).value_or(0);
    if (number >= oldest) names[number].push_back(name);
  }
  for (const auto& [number, same] : names) {
    if (same.size() < 2) continue;
    std::vector<CommitRecord> different;
    for (const BlobName& name : same) {
      const auto record = read_if_whole(name);
      if (!record) continue;
      const bool is_known = std::ranges::any_of(
          different, [&](const CommitRecord& other) { return other.is_same_commit(*record); });
      if (!is_known) different.push_back(*record);
    }
    if (different.size() > 1) forks.push_back(std::move(different));
  }
  return forks;
}

std::optional<CommitRecord> CommitLog::publish(const CommitRecord& record, Fence fence) {
  return storage_.traits().creates_once ? create(record) : put(record, fence);
}

std::optional<CommitRecord> CommitLog::create(const CommitRecord& record) {
  const BlobName name = commit_record_name(record.number);
  if (storage_.create(name, record.seal(context_, name)) == Created::kYes) return std::nullopt;
  return existing_other(name, record);
}

std::optional<CommitRecord> CommitLog::put(const CommitRecord& record, Fence fence) {
  const BlobName name = commit_record_name(record.number, record.epoch, record.host);
  const std::optional<CommitRecord> existing = read(name);
  if (existing && !existing->is_same_commit(record)) return existing;
  if (fence == Fence::kTrusted) {
    if (const auto other = pass_fence(record)) return other;
  }
  if (!existing) storage_.put(name, record.seal(context_, name));
  for (const CommitRecord& other : of(record.number)) {
    if (!other.is_same_commit(record)) return other;
  }
  return std::nullopt;
}

// It only ever stops a writer who comes later. If the storage lets another one pass as well, the
// records have names that differ. Something else under its name stops no writer.
std::optional<CommitRecord> CommitLog::pass_fence(const CommitRecord& record) {
  const BlobName name = fence_name(record.number);
  if (storage_.try_create(name, record.seal(context_, name)) != Created::kExists) {
    return std::nullopt;
  }
  std::optional<CommitRecord> other;
  const std::string trouble = base::why_unreadable([&] { other = existing_other(name, record); });
  if (!trouble.empty()) base::log_debug("{}", trouble);
  return other;
}

// Also an earlier run may have written it, after which its answer was lost.
std::optional<CommitRecord> CommitLog::existing_other(const BlobName& name,
                                                      const CommitRecord& record) {
  const std::optional<CommitRecord> existing = read(name);
  if (!existing) {
    throw StorageError(Trouble::kUnanswered,
                       fmt::format("read {}: it exists, but can't be read: try again",
                                   storage_.display_name(name)));
  }
  return existing->is_same_commit(record) ? std::nullopt : existing;
}

std::vector<BlobName> CommitLog::listed(std::string_view prefix, std::string_view after) {
  std::vector<BlobName> names;
  for (const std::string& key : storage_.list(kCommitsArea, prefix, after)) {
    if (number_in_key(key)) names.emplace_back(kCommitsArea, key);
  }
  return names;
}

std::optional<CommitRecord> CommitLog::read(const BlobName& name) {
  return read_commit_record(storage_, context_, name);
}

std::optional<CommitRecord> CommitLog::read_if_whole(const BlobName& name) {
  try {
    return read(name);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged && error.code() != base::ErrorCode::kIo) throw;
    const std::string why = error.what();
    if (std::ranges::find(damage_, why) == damage_.end()) damage_.push_back(why);
    return std::nullopt;
  }
}

}  // namespace store
