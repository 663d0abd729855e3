#include "backupd/pass/folder_fetch.h"

#include <algorithm>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/error.h"
#include "base/finally.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "imap/apology.h"
#include "imap/connection_lost.h"

namespace backupd {

namespace {

// For fewer messages a further connection costs more than it saves.
constexpr std::uint64_t kMinForAnotherConnection = 500;

// In bytes. Waking the storing thread for every small message costs more than the message.
constexpr std::size_t kBatchBytes = 256U << 10U;

// The UIDs that are still to be fetched, shared out to the connections. Thread-safe.
class Shares {
 public:
  Shares(const imap::UidSet& uids, std::size_t receivers)
      : ranges_(uids.ranges().begin(), uids.ranges().end()),
        left_(uids.count()),
        receivers_(receivers) {}

  // Returns the next UIDs to fetch, in ascending order; empty when nothing is left. A single
  // receiver gets all at once; several get ever smaller shares, so that they finish together.
  imap::UidSet next() {
    const std::lock_guard lock(mutex_);
    std::uint64_t wanted = receivers_ == 1 ? left_
                                           : std::max(left_ / (2 * receivers_),
                                                      std::min(left_, kMinForAnotherConnection));
    left_ -= wanted;
    imap::UidSet share;
    while (wanted > 0) {
      imap::UidRange& range = ranges_[at_];
      const std::uint64_t count = std::uint64_t{range.last.value} - range.first.value + 1;
      if (count <= wanted) {
        share.add(range);
        wanted -= count;
        ++at_;
        continue;
      }
      const auto last = base::Uid{range.first.value + static_cast<std::uint32_t>(wanted) - 1};
      share.add({range.first, last});
      range.first.value = last.value + 1;
      wanted = 0;
    }
    return share;
  }

 private:
  std::mutex mutex_;
  std::vector<imap::UidRange> ranges_;
  std::size_t at_ = 0;
  std::uint64_t left_;
  std::size_t receivers_;
};

Stumbles::Over over(imap::ConnectionLost::Cause cause) {
  switch (cause) {
    case imap::ConnectionLost::Cause::kMessageTooSlow:
    case imap::ConnectionLost::Cause::kMessageTooLarge:
      return Stumbles::Over::kMessage;
    case imap::ConnectionLost::Cause::kSilence:
    case imap::ConnectionLost::Cause::kPipelinedSilence:
      return Stumbles::Over::kSilence;
    case imap::ConnectionLost::Cause::kAccountTooSlow:
    case imap::ConnectionLost::Cause::kOutOfOrder:
    case imap::ConnectionLost::Cause::kAny:
      break;
  }
  return Stumbles::Over::kConnection;
}

// Thrown in a receiver when messages are no longer taken: storing them has failed.
struct PipeClosed {};

// Thrown in a receiver to give up the connection, and with it the message that is arriving. `why`
// becomes the reason why it is skipped.
struct MessageRefused {
  std::string why;
};

// Receives messages over one connection.
class Receiver : public imap::MessageSink {
 public:
  // Takes messages; returns false once it no longer does.
  using Put = std::function<bool(std::vector<ArrivedMessage>)>;

  Receiver(Put put, const store::Writer& writer, imap::WaitBudget& waits)
      : put_(std::move(put)), writer_(writer), waits_(waits), incoming_(writer.begin_message()) {}

  // `open` returns the session, or null if there is no session after all. Whatever is thrown is in
  // error(): the thread that runs this has no other way to report it.
  void receive(const std::function<imap::Session*()>& open, Shares& shares) {
    try {
      receive_all(open, shares);
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  const imap::FetchAnswer& answer() const { return answer_; }
  const std::exception_ptr& error() const { return error_; }

  // Records the message at which the connection was lost, if it was: the one that was arriving. If
  // its UID was not known yet, the one after the last: servers send messages in that order. If all
  // were requested, whichever there are, the server was ahead of us: the message may be another
  // folder's.
  void record_stumble(Stumbles& stumbles, std::string_view raw_name) const {
    if (!over_ || share_ == imap::UidSet::all()) return;
    if (arriving_ && share_.contains(*arriving_)) {
      return stumbles.add(raw_name, *arriving_, *over_, why_);
    }
    for (const base::Uid uid : share_) {
      if (!last_ || uid > *last_) return stumbles.add(raw_name, uid, *over_, why_);
    }
  }

  void body_size(std::optional<base::Uid> uid, std::uint64_t size) override {
    arriving_ = uid;
    refuse_if_too_long(size);
  }

  void refuse_if_too_long(std::uint64_t size) const {
    if (size <= writer_.max_message()) return;
    throw MessageRefused{fmt::format("it is longer than {}: see store.max_message_mb",
                                     base::format_size(writer_.max_message()))};
  }

  // Checked here too, because a server that keeps sending never makes us wait.
  void body_piece(base::ByteView piece) override {
    base::stop_if_requested("fetch", "a message was under way");
    refuse_if_too_long(incoming_.size() + piece.size());
    unless_full([&] { incoming_.add(piece); });
    if (beginning_.size() <= imap::kMaxApology) {
      beginning_ += base::as_text(piece.first(std::min(piece.size(), imap::kMaxApology + 1)));
    }
  }

  void message(const imap::MessageItems& items, imap::BodyKind body) override {
    waits_.message_arrived(incoming_.size());
    unless_full([&] { incoming_.finish(); });
    const bool has_apology = beginning_.size() <= imap::kMaxApology && imap::is_apology(beginning_);
    beginning_.clear();
    arriving_.reset();
    if (items.uid) last_ = items.uid;
    arrived_.push_back(
        {items, body, std::exchange(incoming_, writer_.begin_message()), has_apology});
    bytes_ += arrived_.back().bytes_in_memory();
    if (bytes_ < kBatchBytes) return;
    bytes_ = 0;
    if (!put_(std::exchange(arrived_, {}))) throw PipeClosed();
  }

  void discard() override {
    incoming_.clear();
    beginning_.clear();
    arriving_.reset();
  }

 private:
  void receive_all(const std::function<imap::Session*()>& open, Shares& shares) {
    try {
      imap::Session* const session = open();
      if (session != nullptr) share_ = shares.next();
      for (; !share_.empty(); share_ = shares.next()) {
        last_.reset();
        arriving_.reset();
        const imap::FetchAnswer answer = session->fetch_messages(share_, *this);
        if (!answer.complete) answer_ = answer;
      }
    } catch (const PipeClosed&) {
    } catch (const MessageRefused& refused) {
      why_ = refused.why;
      error_ = std::make_exception_ptr(imap::ConnectionLost(why_, std::nullopt));
      over_ = Stumbles::Over::kMessage;
    } catch (const imap::ConnectionLost& lost) {
      error_ = std::current_exception();
      why_ = lost.what();
      over_ = over(lost.cause());
    } catch (const base::Error& error) {
      error_ = std::current_exception();
      why_ = error.what();
      if (base::is_connection_trouble(error.code())) over_ = Stumbles::Over::kConnection;
    } catch (...) {
      error_ = std::current_exception();
    }
    if (!arrived_.empty()) put_(std::move(arrived_));
  }

  // A message that fills the disk ends alone, and what it took is free again.
  template <typename Work>
  void unless_full(Work work) {
    try {
      work();
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kNoSpace) throw;
      incoming_.clear();
      throw MessageRefused{error.what()};
    }
  }

  Put put_;
  const store::Writer& writer_;
  imap::WaitBudget& waits_;
  store::IncomingMessage incoming_;
  std::vector<ArrivedMessage> arrived_;
  std::size_t bytes_ = 0;  // of arrived_
  std::string beginning_;  // of the message being received
  imap::UidSet share_;
  std::optional<base::Uid> last_;      // the last one of the share that was received
  std::optional<base::Uid> arriving_;  // whose body is being received, if that is known
  std::optional<Stumbles::Over> over_;
  imap::FetchAnswer answer_;
  std::exception_ptr error_;
  std::string why_;  // the text of error_
};

std::vector<SpareSession> helpers(SpareSessions& spares, std::uint64_t messages) {
  constexpr std::uint64_t kMaxConnections = 64;
  const std::uint64_t wanted =
      std::clamp<std::uint64_t>(messages / kMinForAnotherConnection, 1, kMaxConnections);
  return spares.take(static_cast<unsigned>(wanted - 1));
}

// Called without the turn, as by fetch_into().
imap::FetchAnswer fetch_on_this_thread(FolderSink& sink, const FetchSource& source,
                                       const imap::UidSet& uids, StoreTurn& turn,
                                       const store::Writer& writer) {
  std::exception_ptr failure;  // of storing
  const auto store = [&](std::vector<ArrivedMessage> messages) {
    try {
      turn.back([&] {
        for (ArrivedMessage& message : messages) sink.store(message);
      });
    } catch (...) {
      failure = std::current_exception();
    }
    return failure == nullptr;
  };
  Shares shares(uids, 1);
  Receiver receiver(store, writer, source.waits);
  receiver.receive([&] { return &source.session; }, shares);
  if (failure) std::rethrow_exception(failure);
  receiver.record_stumble(source.stumbles, source.raw_name);
  if (receiver.error()) std::rethrow_exception(receiver.error());
  return receiver.answer();
}

}  // namespace

imap::FetchAnswer fetch_into(FolderSink& sink, const FetchSource& source, const imap::UidSet& uids,
                             StoreTurn& turn, PipeBudget& budget, const store::Writer& writer) {
  return turn.away([&] {
    if (uids.count() <= kMaxWithoutThreads) {
      return fetch_on_this_thread(sink, source, uids, turn, writer);
    }
    std::vector<SpareSession> spares = helpers(source.spares, uids.count());
    Shares shares(uids, spares.size() + 1);
    MessagePipe pipe(budget, static_cast<unsigned>(spares.size() + 1));
    std::deque<Receiver> receivers;
    const auto put = [&pipe](std::vector<ArrivedMessage> messages) {
      return pipe.put(std::move(messages));
    };
    for (std::size_t i = 0; i <= spares.size(); ++i)
      receivers.emplace_back(put, writer, source.waits);
    const auto receive = [&](Receiver& receiver, const std::function<imap::Session*()>& open) {
      receiver.receive(open, shares);
      pipe.finish();
    };
    {
      std::vector<std::jthread> threads;
      // Before the threads are joined, whatever happens.
      const base::Finally close([&pipe] { pipe.close(); });
      threads.reserve(receivers.size());
      threads.emplace_back([&] { receive(receivers[0], [&] { return &source.session; }); });
      for (std::size_t i = 0; i < spares.size(); ++i) {
        const auto open = [&source, &spare = spares[i]] {
          return source.spares.open(spare, source.raw_name, source.uid_validity);
        };
        threads.emplace_back([&, i, open] { receive(receivers[i + 1], open); });
      }
      for (auto messages = pipe.take(); !messages.empty(); messages = pipe.take()) {
        turn.back([&] {
          for (ArrivedMessage& message : messages) sink.store(message);
        });
      }
    }
    for (const Receiver& receiver : receivers)
      receiver.record_stumble(source.stumbles, source.raw_name);
    for (const Receiver& receiver : receivers) {
      if (receiver.error()) std::rethrow_exception(receiver.error());
    }
    source.spares.give_back(std::move(spares));
    const auto refused = std::find_if(receivers.begin(), receivers.end(), [](const auto& receiver) {
      return !receiver.answer().complete;
    });
    return refused == receivers.end() ? imap::FetchAnswer() : refused->answer();
  });
}

imap::FetchAnswer fetch_small_folder_into(FolderSink& sink, const FetchSource& source,
                                          StoreTurn& turn, const store::Writer& writer) {
  return turn.away(
      [&] { return fetch_on_this_thread(sink, source, imap::UidSet::all(), turn, writer); });
}

}  // namespace backupd
