#include "restore/steady_read.h"

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/log.h"
#include "imap/connection_lost.h"

namespace restore {

namespace {

constexpr int kMaxLossesAlone = 2;
constexpr int kMaxLossesInARow = 25;
// Data that the server had sent before it broke down may be lost with the connection: so this many
// are requested one by one before all others are requested together again.
constexpr int kOneByOne = 200;

class SteadyRead {
 public:
  SteadyRead(const imap::UidSet& uids, ReadBack& sink) : left_(uids), sink_(sink) {}

  bool is_done() const { return left_.empty(); }
  std::map<base::Uid, std::string> unreadable() { return std::move(unreadable_); }

  // Returns why the connection was lost; nullopt: it was not.
  std::optional<std::string> request(imap::Session& session) {
    requested_ = left_;
    if (one_by_one_ > 0) {
      requested_ = {};
      requested_.add(left_.ranges().front().first);
      --one_by_one_;
    }
    try {
      const std::uint64_t odd = session.odd_lines().count;
      imap::FetchAnswer answer = session.fetch_messages(requested_, sink_);
      if (answer.complete && session.odd_lines().count != odd) {
        answer = {.complete = false, .reason = "a line of its answer is not understood"};
      }
      note_answer(answer);
      return std::nullopt;
    } catch (const imap::ConnectionLost& lost) {
      if (lost.pause()) throw;
      return lost.what();
    } catch (const base::Error& error) {
      if (!base::is_connection_trouble(error.code())) throw;
      return error.what();
    }
  }

  // Messages that a complete answer did not deliver no longer exist. After a refusal, or a line
  // that is not understood, they may: each is requested alone, and a refusal then is of that
  // message.
  void note_answer(const imap::FetchAnswer& answer) {
    if (answer.complete) {
      left_ = left_.without(requested_);
      return;
    }
    imap::UidSet read;
    for (const auto& [uid, message] : sink_.messages()) read.add(uid);
    left_ = left_.without(read);
    if (requested_.count() > 1) {
      one_by_one_ = kOneByOne;
      return;
    }
    const base::Uid uid = requested_.ranges().front().first;
    if (left_.contains(uid)) unreadable_.emplace(uid, answer.reason);
    left_ = left_.without(requested_);
  }

  void note_loss(const std::string& why) {
    sink_.discard();
    imap::UidSet read;
    for (const auto& [uid, message] : sink_.messages()) read.add(uid);
    const bool has_progress = sink_.messages().size() > read_before_;
    read_before_ = sink_.messages().size();
    lost_in_a_row_ = has_progress ? 1 : lost_in_a_row_ + 1;
    if (lost_in_a_row_ > kMaxLossesInARow) {
      base::fail(base::ErrorCode::kNetwork,
                 "{} connections were lost one after the other, the last one: {}", lost_in_a_row_,
                 why);
    }
    left_ = left_.without(read);
    if (requested_.count() > 1) {
      if (!has_progress) one_by_one_ = kOneByOne;
      return;
    }
    const base::Uid uid = requested_.ranges().front().first;
    if (!left_.contains(uid)) return;
    if (++lost_alone_[uid] < kMaxLossesAlone) {
      one_by_one_ = kOneByOne;  // the same one again
      return;
    }
    unreadable_.emplace(uid, why);
    left_ = left_.without(requested_);
    one_by_one_ = 0;
  }

 private:
  imap::UidSet left_;
  ReadBack& sink_;
  imap::UidSet requested_;
  int one_by_one_ = 0;  // requests
  int lost_in_a_row_ = 0;
  std::size_t read_before_ = 0;
  std::map<base::Uid, int> lost_alone_;
  std::map<base::Uid, std::string> unreadable_;
};

}  // namespace

std::map<base::Uid, std::string> read_steadily(imap::Session& session, const imap::UidSet& uids,
                                               ReadBack& sink,
                                               const std::function<imap::Session()>& reopen) {
  SteadyRead reading(uids, sink);
  while (!reading.is_done()) {
    const std::optional<std::string> lost = reading.request(session);
    if (!lost) continue;
    base::log_warning("restore: read back: {}", *lost);
    reading.note_loss(*lost);
    session = reopen();
  }
  return reading.unreadable();
}

}  // namespace restore
