// The messages that a query's words allow, by key: what a search looks leaves' messages up in.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "store/search_index/query.h"
#include "store/search_index/search_index.h"

namespace store {

class SearchCandidates {
 public:
  SearchCandidates(SearchIndex& index, const Query& query);

  // Nothing will ever match.
  bool none() const { return rows_.empty() && !takes_unknown_; }

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

  std::vector<Row> rows_;               // by key
  std::vector<std::uint32_t> buckets_;  // where in rows_ the keys with these first bits begin
  unsigned bucket_shift_ = 0;
  std::vector<std::uint64_t> unwanted_;  // keys, ascending
  bool takes_unknown_ = false;           // no word is asked for
};

}  // namespace store
