#include "store/search_index/search_feeder.h"

#include <utility>

#include "base/error.h"
#include "store/search_index/search_index.h"

namespace store {

namespace {

constexpr std::size_t kMaxWaiting = std::size_t{2} << 20;  // bytes of headers

// Waking the other thread costs as much as indexing a header or two.
constexpr std::size_t kWakeAt = std::size_t{64} << 10;

}  // namespace

SearchFeeder::SearchFeeder(SearchIndex& search) : search_(search), thread_([this] { work(); }) {}

SearchFeeder::~SearchFeeder() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SearchFeeder::rethrow() {
  if (error_) std::rethrow_exception(error_);
}

void SearchFeeder::add(const ObjectId& message, base::ByteView header) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return error_ || waiting_bytes_ < kMaxWaiting; });
  rethrow();
  waiting_.push_back({message, {header.begin(), header.end()}});
  waiting_bytes_ += header.size();
  if (!is_working_ && waiting_bytes_ >= kWakeAt) changed_.notify_all();
}

void SearchFeeder::drain() {
  std::unique_lock lock(mutex_);
  if (!waiting_.empty()) {
    waiting_bytes_ += kWakeAt;  // however little is pending
    changed_.notify_all();
  }
  changed_.wait(lock, [this] { return error_ || (waiting_.empty() && !is_working_); });
  rethrow();
}

void SearchFeeder::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || waiting_bytes_ >= kWakeAt; });
    if (stopping_) return;
    const std::vector<Header> headers = std::exchange(waiting_, {});  // allocates nothing
    waiting_bytes_ = 0;
    is_working_ = true;
    lock.unlock();
    changed_.notify_all();
    std::exception_ptr error;
    for (std::size_t at = 0; at < headers.size() && !error; ++at) {
      try {
        search_.add_header(headers[at].message, headers[at].bytes);
      } catch (const base::Error&) {
        error = std::current_exception();
      } catch (...) {
        // Memory ran out: searches won't find this message.
      }
    }
    lock.lock();
    is_working_ = false;
    if (error) error_ = error;
    changed_.notify_all();
    if (error) return;
  }
}

}  // namespace store
