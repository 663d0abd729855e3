// The messages that a query's words allow, by key: a search looks up the leaves' messages in them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/search_index/query.h"
#include "store/search_index/search_index.h"

namespace store {

// What the query's words say, in one expression. Words that are unwanted exclude what others find,
// and find nothing themselves.
std::string words_of(const Query& query);

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

}  // namespace store
