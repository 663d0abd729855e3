#include "store/search_candidates.h"

#include <algorithm>
#include <bit>
#include <string>

namespace store {

namespace {

constexpr std::int64_t kNoDate = INT64_MIN;

// What the query's words say, in one expression. Words that are unwanted exclude what others find,
// and find nothing themselves.
std::string words_of(const Query& query) {
  if (query.wanted_words().empty() || query.unwanted_words().empty()) return query.wanted_words();
  return "(" + query.wanted_words() + ") NOT (" + query.unwanted_words() + ")";
}

// Sets to false those elements of `rows` of which the other has the value.
void clear_where(std::vector<bool>& rows, const std::vector<bool>& other, bool value) {
  for (std::size_t at = 0; at < rows.size(); ++at) {
    if (other[at] == value) rows[at] = false;
  }
}

}  // namespace

SearchCandidates::SearchCandidates(SearchIndex& index, const Query& query)
    : matches_unknown_(query.wanted_words().empty() && !query.message_id()) {
  collect(index, query);
  if (query.wanted_words().empty() && !query.unwanted_words().empty()) {
    index.for_each(query.unwanted_words(),
                   [&](const EnvelopeRow& row) { unwanted_.push_back(row.key); });
    std::ranges::sort(unwanted_);
  }
}

void SearchCandidates::collect(SearchIndex& index, const Query& query) {
  const auto take = [&](const EnvelopeRow& row) {
    rows_.push_back(
        {.key = row.key, .date = row.date ? row.date->time_since_epoch().count() : kNoDate});
  };
  if (matches_unknown_ || !query.wanted_words().empty()) index.for_each(words_of(query), take);
  std::ranges::sort(rows_, {}, &Row::key);
  if (query.message_id()) {
    const std::vector<Row> with_words = std::exchange(rows_, {});
    index.for_each_with_message_id(*query.message_id(), take);
    std::ranges::sort(rows_, {}, &Row::key);
    if (!query.wanted_words().empty()) {
      std::erase_if(rows_, [&](const Row& row) {
        return !std::ranges::binary_search(with_words, row.key, {}, &Row::key);
      });
    }
  }
  make_buckets();
}

// Keys are as good as random: with as many buckets as rows, each holds one or two rows.
void SearchCandidates::make_buckets() {
  const unsigned bits = static_cast<unsigned>(std::bit_width(rows_.size() | 1U));
  bucket_shift_ = 64 - bits;
  buckets_.assign((std::size_t{1} << bits) + 1, 0);
  for (const Row& row : rows_) ++buckets_[bucket_of(row.key) + 1];
  for (std::size_t i = 1; i < buckets_.size(); ++i) buckets_[i] += buckets_[i - 1];
}

std::size_t SearchCandidates::bucket_of(std::uint64_t key) const {
  return static_cast<std::size_t>(key >> bucket_shift_);
}

SearchCandidates::Verdict SearchCandidates::look_up(const ObjectId& message) const {
  const std::uint64_t key = message_key(message);
  if (std::ranges::binary_search(unwanted_, key)) return {};
  const std::size_t bucket = bucket_of(key);
  for (std::uint32_t i = buckets_[bucket]; i < buckets_[bucket + 1]; ++i) {
    if (rows_[i].key != key) continue;
    if (rows_[i].date == kNoDate) return {.matches = true};
    return {.matches = true, .date = std::chrono::sys_seconds(std::chrono::seconds(rows_[i].date))};
  }
  return {.matches = matches_unknown_};
}

SearchRows::SearchRows(SearchIndex& index, const Query& query, std::int64_t first,
                       std::int64_t last)
    : first_(first), last_(last), rows_(static_cast<std::size_t>(last - first + 1), true) {
  if (!query.wanted_words().empty()) {
    rows_ = found(index, words_of(query));
  } else if (!query.unwanted_words().empty()) {
    clear_where(rows_, found(index, query.unwanted_words()), true);
  }
  if (query.message_id()) clear_where(rows_, with_message_id(index, *query.message_id()), false);
}

std::vector<bool> SearchRows::found(SearchIndex& index, std::string_view words) const {
  std::vector<bool> rows(rows_.size());
  index.for_each_row(words, first_, last_, [&](std::int64_t row) {
    rows[static_cast<std::size_t>(row - first_)] = true;
  });
  return rows;
}

std::vector<bool> SearchRows::with_message_id(SearchIndex& index,
                                              std::string_view message_id) const {
  std::vector<bool> rows(rows_.size());
  index.for_each_with_message_id(message_id, [&](const EnvelopeRow& row) {
    if (row.row < first_ || row.row > last_) return;
    rows[static_cast<std::size_t>(row.row - first_)] = true;
  });
  return rows;
}

}  // namespace store
