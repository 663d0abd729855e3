// The messages that a query's words allow: a search looks up the leaves' messages in them, by key
// or by their rows in the search index.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "store/search_index/query.h"
#include "store/search_index/search_index.h"

namespace store {

// By key, of the whole store.
class SearchCandidates {
 public:
  SearchCandidates(SearchIndex& index, const Query& query);

  struct Verdict {
    bool matches = false;
    std::optional<std::chrono::sys_seconds> date = {};
  };
  Verdict look_up(const ObjectId& message) const;

 private:
  struct Row {
    std::uint64_t key = 0;
    std::int64_t date = 0;
  };

  void collect(SearchIndex& index, const Query& query);
  void make_buckets();
  std::size_t bucket_of(std::uint64_t key) const;

  std::vector<Row> rows_;  // by key
  // The index into rows_ at which the keys with these first bits begin.
  std::vector<std::uint32_t> buckets_;
  unsigned bucket_shift_ = 0;
  // Keys, ascending; empty if the query has words that are wanted: then rows_ lack them.
  std::vector<std::uint64_t> unwanted_;
  bool matches_unknown_ = false;  // the query has no words
};

// The rows that a query's words allow, of those in one range: for messages whose rows are known.
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
