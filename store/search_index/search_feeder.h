// Fills the search index on a thread of its own: reading a header and indexing its words takes as
// long as everything else that a backup does with a short message.
//
// For one calling thread. Reports an error of filling the index from the current or a later call.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "store/format/object_id.h"

namespace store {

class SearchIndex;

class SearchFeeder {
 public:
  // `search` must outlive it, and may be used by others only after drain().
  explicit SearchFeeder(SearchIndex& search);
  SearchFeeder(const SearchFeeder&) = delete;
  SearchFeeder& operator=(const SearchFeeder&) = delete;
  ~SearchFeeder();  // discards pending messages

  // Has no effect if the message is already indexed. Waits while much is pending.
  void add(const ObjectId& message, base::ByteView header);

  // Waits until everything is indexed.
  void drain();

 private:
  struct Header {
    ObjectId message;
    base::Bytes bytes;
  };

  void work();
  void rethrow();

  SearchIndex& search_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Header> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool is_working_ = false;
  bool stopping_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace store
