// The rows of the search index that a query's words allow, of those in one range: for messages
// whose rows are known. SearchCandidates says the same of messages by their ids.
#pragma once

#include <cstdint>
#include <vector>

#include "store/search_index/query.h"
#include "store/search_index/search_index.h"

namespace store {

class SearchRows {
 public:
  // From `first` to `last`.
  SearchRows(SearchIndex& index, const Query& query, std::int64_t first, std::int64_t last);

  // `row`: in the range.
  bool match(std::int64_t row) const { return rows_[static_cast<std::size_t>(row - first_)]; }

 private:
  // Those of the range that the expression finds.
  std::vector<bool> found(SearchIndex& index, std::string_view words) const;
  std::vector<bool> with_message_id(SearchIndex& index, std::string_view message_id) const;

  std::int64_t first_ = 0;
  std::int64_t last_ = 0;
  std::vector<bool> rows_;  // from first_ on
};

}  // namespace store
