#include "store/copies/copied_commits.h"

#include <algorithm>
#include <iterator>
#include <ranges>

#include "base/error.h"
#include "base/log.h"
#include "store/format/layout.h"
#include "store/index/read_commits.h"

namespace store {

namespace {

// Does `work`. Returns false if what it reads is not what was written.
template <typename Work>
bool can_read(const Work& work) {
  try {
    work();
    return true;
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged && error.code() != base::ErrorCode::kIo) throw;
    base::log_warning("{}", error.what());
    return false;
  }
}

}  // namespace

CopiedCommits::CopiedCommits(Storage& copy, const BlockContext& context)
    : copy_(copy), context_(context) {
  for (const std::string& key : copy_.list(kCommitsArea)) {
    if (number_in_key(key)) listed_.emplace_back(kCommitsArea, key);
  }
  std::optional<CommitRecord> found;
  std::vector<NamedCommit> commits;
  const auto take = [&](const BlobName& name) {
    const std::optional<CommitRecord> record = read_record(name);
    if (!record) return false;
    auto read = read_pack(*record);
    if (!read) return false;
    found = record;
    commits = *std::move(read);
    return true;
  };
  for (const BlobName& name : listed_ | std::views::reverse) {
    if (take(name)) break;
  }
  // A listing may lack the newest ones.
  while (take(commit_record_name((found ? found->last : 0) + 1))) {
  }
  if (!found) return;
  record_ = found;
  newest_ = {.number = found->last, .id = found->commit};
  newest_time_ = commits.back().second.time;
}

std::optional<CommitRecord> CopiedCommits::read_record(const BlobName& name) {
  std::optional<CommitRecord> record;
  can_read([&] { record = read_commit_record(copy_, context_, name); });
  return record;
}

std::optional<std::vector<NamedCommit>> CopiedCommits::read_pack(const CommitRecord& record) {
  std::optional<std::vector<NamedCommit>> commits;
  can_read([&] {
    std::optional<PackFile> file = PackFile::find(copy_, record.pack);
    if (!file) return;
    Decompressor decompressor;
    const Pack pack = file->read_trailer(context_, record.pack, decompressor);
    commits = read_commits(*file, pack, context_, decompressor);
  });
  if (commits && (commits->empty() || commits->back().first != record.commit)) return std::nullopt;
  return commits;
}

std::optional<CommitRecord> CopiedCommits::find_previous(const CommitRecord& record) {
  const auto is_it = [&](const std::optional<CommitRecord>& other) {
    return other && other->commit == record.previous;
  };
  const std::uint64_t number = record.number - 1;
  if (const auto other = read_record(commit_record_name(number)); is_it(other)) return other;
  // It begins earlier if its pack has several commits, or another writer's name is in its name.
  constexpr int kMaxTried = 8;
  int tried = 0;
  for (const BlobName& name : listed_ | std::views::reverse) {
    if (number_in_key(name.key()) > number) continue;
    if (const auto other = read_record(name); is_it(other)) return other;
    if (++tried == kMaxTried) break;
  }
  return std::nullopt;
}

// Reads those before the ones that were added.
void CopiedCommits::load() {
  is_loaded_ = true;
  std::vector<std::vector<NamedCommit>> packs;  // newest first
  for (std::optional<CommitRecord> record = record_; record; record = find_previous(*record)) {
    auto commits = read_pack(*record);
    if (!commits) break;
    packs.push_back(*std::move(commits));
    if (packs.back().front().second.is_checkpoint || record->number == 1) break;
  }
  std::vector<NamedCommit> older;
  for (std::vector<NamedCommit>& commits : packs | std::views::reverse) {
    std::ranges::move(commits, std::back_inserter(older));
  }
  commits_.insert(commits_.begin(), older.begin(), older.end());
}

std::vector<CommitRecord> CopiedCommits::records_before(std::uint64_t number) {
  std::vector<CommitRecord> records;
  for (const BlobName& name : listed_) {
    if (number_in_key(name.key()) >= number) continue;
    if (const auto record = read_record(name)) records.push_back(*record);
  }
  return records;
}

const std::vector<NamedCommit>& CopiedCommits::since_checkpoint() {
  if (!is_loaded_) load();
  return commits_;
}

void CopiedCommits::add(const std::vector<NamedCommit>& commits) {
  newest_ = {.number = commits.back().second.number, .id = commits.back().first};
  newest_time_ = commits.back().second.time;
  if (commits.front().second.is_checkpoint) {
    is_loaded_ = true;  // what came before is not needed
    commits_.clear();
  }
  std::ranges::copy(commits, std::back_inserter(commits_));
}

}  // namespace store
