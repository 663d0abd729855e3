#include "store/index/past_commit.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>

#include <fmt/core.h>

#include "base/error.h"
#include "base/id_text.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/format/commit_chain.h"
#include "store/index/found_packs.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

// Eight digits may be a date.
constexpr std::size_t kMaxNumberDigits = 7;

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty() || text.size() > kMaxNumberDigits) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end || number == 0) return std::nullopt;
  return number;
}

// The packs with commits that count, in their order.
std::vector<const FoundPack*> packs_with_commits(const FoundPacks& found) {
  std::vector<const FoundPack*> packs;
  for (const FoundPack& pack : found.packs()) {
    if (!pack.commits.empty() && !found.is_forked(pack)) packs.push_back(&pack);
  }
  std::ranges::stable_sort(packs, {}, &FoundPack::order);
  return packs;
}

std::chrono::sys_seconds time_of(const FoundPack& pack) {
  return pack.commits.back().second.time;
}

bool is_wanted(const FoundPack& pack, const WantedCommit& wanted) {
  return std::ranges::any_of(pack.commits, [&](const NamedCommit& commit) {
    if (wanted.number != 0) return commit.second.number == wanted.number;
    return commit.first.hex().starts_with(wanted.id);
  });
}

std::string describe(const FoundPack& pack) {
  return fmt::format("commit {} of {}", pack.order(), base::shown_time(time_of(pack)));
}

[[noreturn]] void fail_without(const std::vector<const FoundPack*>& packs,
                               const WantedCommit& wanted, const std::string& store) {
  fail(ErrorCode::kNotFound, "open store {} as of {}: {}: {}", store,
       base::escape_for_terminal(wanted.text),
       wanted.time ? "it has no commit from then or before" : "it does not have this commit",
       packs.empty() ? "no commit can be found in it"
                     : fmt::format("the oldest that it still has is {}, the newest {}",
                                   describe(*packs.front()), describe(*packs.back())));
}

std::size_t position_of(const std::vector<const FoundPack*>& packs, const WantedCommit& wanted,
                        const std::string& store) {
  std::optional<std::size_t> chosen;
  for (std::size_t at = 0; at < packs.size(); ++at) {
    if (wanted.time ? time_of(*packs[at]) > *wanted.time : !is_wanted(*packs[at], wanted)) continue;
    if (chosen && !wanted.time) {
      fail(ErrorCode::kUsage,
           "open store {} as of {}: several commits are meant by this: {} and {}", store,
           base::escape_for_terminal(wanted.text), describe(*packs[*chosen]), describe(*packs[at]));
    }
    chosen = at;
  }
  if (!chosen) fail_without(packs, wanted, store);
  return *chosen;
}

PastCommit::Next describe_next(const std::vector<const FoundPack*>& packs, std::size_t position,
                               const Keys& keys) {
  std::vector<NamedCommit> commits;
  for (std::size_t at = 0; at <= position; ++at) {
    std::ranges::copy(packs[at]->commits, std::back_inserter(commits));
  }
  const auto before = living_snapshots(commits, keys);
  const FoundPack& next = *packs[position + 1];
  std::ranges::copy(next.commits, std::back_inserter(commits));
  const auto after = living_snapshots(std::move(commits), keys);
  const auto dropped = std::ranges::count_if(
      before, [&](const auto& snapshot) { return !after.contains(snapshot.first); });
  return {.number = next.order(),
          .id = next.commits.back().first,
          .time = time_of(next),
          .dropped = static_cast<std::uint64_t>(dropped)};
}

}  // namespace

WantedCommit parse_wanted_commit(const std::string& text, std::string_view zone,
                                 std::chrono::sys_seconds now) {
  WantedCommit wanted{.text = text};
  if (const auto number = parse_number(text)) {
    wanted.number = *number;
    return wanted;
  }
  try {
    wanted.time = base::parse_time_span(text, zone, now).end - std::chrono::seconds(1);
  } catch (const base::Error& error) {
    if (error.code() != ErrorCode::kUsage) throw;
    if (!base::begins_an_id(text)) {
      fail(ErrorCode::kUsage,
           "--as-of: {}; a commit is also named by its number, or by the first {} or more digits "
           "of its id",
           error.what(), base::kMinIdDigits);
    }
    wanted.id = text;
  }
  return wanted;
}

bool PastCommit::is(const WantedCommit& wanted) const {
  if (wanted.number != 0) return wanted.number == number;
  if (!wanted.time) return id.hex().starts_with(wanted.id);
  return time <= *wanted.time && later && *wanted.time < *later;
}

PastCommit choose_commit(const FoundPacks& found, const WantedCommit& wanted, const Keys& keys,
                         const std::string& store) {
  const std::vector<const FoundPack*> packs = packs_with_commits(found);
  const std::size_t position = position_of(packs, wanted, store);
  const FoundPack& pack = *packs[position];
  PastCommit commit{.number = pack.order(), .id = pack.commits.back().first, .time = time_of(pack)};
  for (std::size_t at = 0; at < packs.size(); ++at) {
    const std::chrono::sys_seconds time = time_of(*packs[at]);
    if (at < position && time > commit.time) commit.is_time_doubted = true;
    if (at > position) commit.later = std::min(commit.later.value_or(time), time);
  }
  if (position + 1 < packs.size()) commit.next = describe_next(packs, position, keys);
  return commit;
}

PastLoss find_loss(const FoundPacks& found,
                   const std::vector<std::pair<PackName, std::string>>& unreadable,
                   const Storage& storage) {
  std::vector<NamedCommit> commits;
  std::set<PackName> there = found.condemned();
  for (const FoundPack& pack : found.packs()) {
    there.insert(pack.name);
    if (found.is_forked(pack)) continue;
    commits.insert(commits.end(), pack.commits.begin(), pack.commits.end());
  }
  PastLoss loss;
  const std::set<PackName> named = found.named().packs;
  for (const PackName& name : named) {
    if (there.contains(name)) continue;
    const auto unread =
        std::ranges::find(unreadable, name, &std::pair<PackName, std::string>::first);
    const bool is_missing = unread == unreadable.end();
    (is_missing ? loss.missing : loss.unreadable).push_back(name);
    loss.damage.push_back(is_missing ? missing_pack(storage, name) : unread->second);
  }
  std::ranges::move(find_breaks(std::move(commits), named), std::back_inserter(loss.damage));
  return loss;
}

}  // namespace store
