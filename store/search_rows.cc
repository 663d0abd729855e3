#include "store/search_rows.h"

#include "store/search_candidates.h"

namespace store {

namespace {

// Changes those elements of `rows` of which the other has the value.
void clear_where(std::vector<bool>& rows, const std::vector<bool>& other, bool value) {
  for (std::size_t at = 0; at < rows.size(); ++at) {
    if (other[at] == value) rows[at] = false;
  }
}

}  // namespace

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
