#include "imap/uid_set.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace imap {

namespace {

// Removes a number or `*` from the front of `text`.
std::optional<base::Uid> take_uid(std::string_view& text) {
  if (text.starts_with('*')) {
    text.remove_prefix(1);
    return kMaxUid;
  }
  base::Uid uid;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), uid.value);
  if (error != std::errc() || uid.value == 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return uid;
}

std::string range_text(const UidRange& range) {
  if (range.first == range.last) return std::to_string(range.first.value);
  if (range.first.value == 1 && range.last == kMaxUid) return "1:*";
  return std::to_string(range.first.value) + ':' + std::to_string(range.last.value);
}

}  // namespace

UidSet::UidSet(std::span<const base::Uid> uids) {
  std::vector<base::Uid> sorted(uids.begin(), uids.end());
  std::sort(sorted.begin(), sorted.end());
  for (const base::Uid uid : sorted) add(uid);
}

UidSet::UidSet(std::vector<UidRange> ranges) {
  for (UidRange& range : ranges) {
    if (range.last < range.first) std::swap(range.first, range.last);
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const UidRange& left, const UidRange& right) { return left.first < right.first; });
  for (const UidRange& range : ranges) add(range);
}

UidSet UidSet::all() {
  UidSet set;
  set.ranges_.push_back({base::Uid{1}, kMaxUid});
  return set;
}

std::optional<UidSet> UidSet::parse(std::string_view text) {
  std::vector<UidRange> ranges;
  for (;;) {
    const std::optional<base::Uid> first = take_uid(text);
    if (!first) return std::nullopt;
    std::optional<base::Uid> last = first;
    if (text.starts_with(':')) {
      text.remove_prefix(1);
      last = take_uid(text);
      if (!last) return std::nullopt;
    }
    ranges.push_back({*first, *last});
    if (text.empty()) return UidSet(std::move(ranges));
    if (text.front() != ',') return std::nullopt;
    text.remove_prefix(1);
  }
}

bool UidSet::add(UidRange range) {
  if (range.first.value == 0) range.first.value = 1;
  if (range.last < range.first) return false;
  // The first range that `range` touches: one that ends at first - 1 or later.
  Position begin = ranges_.end();
  if (!empty() && ranges_.back().last.value >= range.first.value - 1) {
    begin = std::lower_bound(
        first(), ranges_.end(), range.first.value - 1,
        [](const UidRange& known, std::uint32_t uid) { return known.last.value < uid; });
  }
  Position end = begin;
  bool is_known = false;
  while (end != ranges_.end() && end->first.value - 1 <= range.last.value) {
    is_known |= end->first <= range.first && range.last <= end->last;
    range.first = std::min(range.first, end->first);
    range.last = std::max(range.last, end->last);
    ++end;
  }
  if (begin == end) {
    insert(begin, range);
    return true;
  }
  *begin = range;
  ranges_.erase(begin + 1, end);
  return !is_known;
}

// Moves the ranges after the new one, or those before it if they are fewer.
void UidSet::insert(Position before, UidRange range) {
  const auto count_before = before - first();
  if (count_before >= ranges_.end() - before) {
    ranges_.insert(before, range);
    return;
  }
  if (gap_ == 0) {
    gap_ = ranges_.size();
    ranges_.insert(ranges_.begin(), gap_, UidRange{});
  }
  --gap_;
  const Position moved = std::move(first() + 1, first() + 1 + count_before, first());
  *moved = range;
}

bool UidSet::contains(base::Uid uid) const {
  const std::span<const UidRange> known = ranges();
  const auto range =
      std::lower_bound(known.begin(), known.end(), uid,
                       [](const UidRange& one, base::Uid value) { return one.last < value; });
  return range != known.end() && range->first <= uid;
}

std::uint64_t UidSet::count() const {
  std::uint64_t count = 0;
  for (const UidRange& range : ranges()) {
    count += std::uint64_t{range.last.value} - range.first.value + 1;
  }
  return count;
}

UidSet UidSet::without(const UidSet& other) const {
  UidSet rest;
  const std::span<const UidRange> holes = other.ranges();
  auto hole = holes.begin();
  for (UidRange range : ranges()) {
    while (hole != holes.end() && hole->last < range.first) ++hole;
    bool is_used_up = false;
    for (auto inner = hole; inner != holes.end() && inner->first <= range.last; ++inner) {
      if (range.first < inner->first) {
        rest.add({range.first, base::Uid{inner->first.value - 1}});
      }
      if (range.last <= inner->last) {
        is_used_up = true;
        break;
      }
      range.first.value = inner->last.value + 1;
    }
    if (!is_used_up) rest.add(range);
  }
  return rest;
}

std::string UidSet::text() const {
  std::string text;
  for (const UidRange& range : ranges()) {
    if (!text.empty()) text += ',';
    text += range_text(range);
  }
  return text;
}

std::vector<UidSet> UidSet::split(std::size_t max_text) const {
  std::vector<UidSet> parts;
  std::size_t length = 0;
  for (const UidRange& range : ranges()) {
    const std::size_t addition = range_text(range).size() + 1;
    if (parts.empty() || length + addition > max_text + 1) {
      parts.emplace_back();
      length = 0;
    }
    length += addition;
    parts.back().ranges_.push_back(range);
  }
  return parts;
}

bool UidSet::operator==(const UidSet& other) const {
  return std::ranges::equal(ranges(), other.ranges());
}

UidSet::Iterator& UidSet::Iterator::operator++() {
  if (uid_ < range_->last) {
    ++uid_.value;
  } else {
    ++range_;
    uid_ = range_ == end_ ? base::Uid{} : range_->first;
  }
  return *this;
}

}  // namespace imap
