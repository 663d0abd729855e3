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
  set.add({base::Uid{1}, kMaxUid});
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

// The first range that ends at `last` or later, else the end.
UidSet::Place UidSet::find(std::uint32_t last) const {
  const auto ends_before = [](const UidRange& range, std::uint32_t uid) {
    return range.last.value < uid;
  };
  if (chunks_.empty() || ends_before(chunks_.back().back(), last)) return {chunks_.size(), 0};
  const auto chunk = std::lower_bound(
      chunks_.begin(), chunks_.end(), last,
      [&](const Chunk& one, std::uint32_t uid) { return ends_before(one.back(), uid); });
  const auto range = std::lower_bound(chunk->begin(), chunk->end(), last, ends_before);
  return {static_cast<std::size_t>(chunk - chunks_.begin()),
          static_cast<std::size_t>(range - chunk->begin())};
}

bool UidSet::add(UidRange range) {
  if (range.first.value == 0) range.first.value = 1;
  if (range.last < range.first) return false;
  // The first range that `range` touches, and the place behind the last one.
  const Place begin = find(range.first.value - 1);
  Place end = begin;
  bool is_known = false;
  while (end.chunk < chunks_.size()) {
    const UidRange& touched = chunks_[end.chunk][end.at];
    if (touched.first.value - 1 > range.last.value) break;
    is_known |= touched.first <= range.first && range.last <= touched.last;
    range.first = std::min(range.first, touched.first);
    range.last = std::max(range.last, touched.last);
    if (++end.at == chunks_[end.chunk].size()) end = {end.chunk + 1, 0};
  }
  if (begin == end) {
    insert(begin, range);
    return true;
  }
  chunks_[begin.chunk][begin.at] = range;
  erase({begin.chunk, begin.at + 1}, end);
  return !is_known;
}

void UidSet::insert(Place place, UidRange range) {
  constexpr std::size_t kMaxChunk = 512;
  ++size_;
  if (place.chunk == chunks_.size()) {
    if (chunks_.empty() || chunks_.back().size() == kMaxChunk) chunks_.emplace_back();
    chunks_.back().push_back(range);
    return;
  }
  if (chunks_[place.chunk].size() == kMaxChunk) {
    constexpr std::size_t kHalf = kMaxChunk / 2;
    const auto middle = chunks_[place.chunk].begin() + kHalf;
    Chunk upper(middle, chunks_[place.chunk].end());
    chunks_[place.chunk].erase(middle, chunks_[place.chunk].end());
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(place.chunk) + 1,
                   std::move(upper));
    if (place.at > kHalf) place = {place.chunk + 1, place.at - kHalf};
  }
  Chunk& chunk = chunks_[place.chunk];
  chunk.insert(chunk.begin() + static_cast<std::ptrdiff_t>(place.at), range);
}

// `begin` is behind a range that stays, perhaps at the end of its chunk.
void UidSet::erase(Place begin, Place end) {
  const auto at = [](Chunk& chunk, std::size_t place) {
    return chunk.begin() + static_cast<std::ptrdiff_t>(place);
  };
  const auto chunk = [this](std::size_t place) {
    return chunks_.begin() + static_cast<std::ptrdiff_t>(place);
  };
  Chunk& first = chunks_[begin.chunk];
  if (begin.chunk == end.chunk) {
    size_ -= end.at - begin.at;
    first.erase(at(first, begin.at), at(first, end.at));
    return;
  }
  size_ -= first.size() - begin.at;
  first.erase(at(first, begin.at), first.end());
  for (std::size_t whole = begin.chunk + 1; whole < end.chunk; ++whole) {
    size_ -= chunks_[whole].size();
  }
  if (end.chunk < chunks_.size()) {
    size_ -= end.at;
    chunks_[end.chunk].erase(chunks_[end.chunk].begin(), at(chunks_[end.chunk], end.at));
  }
  chunks_.erase(chunk(begin.chunk + 1), chunk(end.chunk));
}

bool UidSet::contains(base::Uid uid) const {
  const Place place = find(uid.value);
  return place.chunk < chunks_.size() && chunks_[place.chunk][place.at].first <= uid;
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
  const Ranges holes = other.ranges();
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
    parts.back().add(range);
  }
  return parts;
}

bool UidSet::operator==(const UidSet& other) const {
  return size_ == other.size_ &&
         std::equal(ranges().begin(), ranges().end(), other.ranges().begin());
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
