// Which folders are requested ahead while others are read (imap::Session::request_ahead()), so that
// an account of many small folders does not cost two round trips for each of them.
//
// Only new and small folders: no message of them is known, so all are needed. They are read at
// once: all messages are fetched before it is known which ones there are.
//
// A server that carries out commands in another order than they were sent sends messages of another
// folder. So two things must be true before the record of a folder that was requested ahead is
// used. STATUS agrees with it: UIDVALIDITY, UIDNEXT, the number of messages and the sum of their
// sizes. Where the list has no sizes, each message must come with the name of its folder, or a
// STATUS behind the UID FETCH must have the sizes, and agree as well. And the server has proven on
// this connection that it keeps the order: two folders, one requested directly after the other and
// both with another one behind them, had the same messages when they were read once more alone, and
// not the same as each other. Only messages count that came for the commands requested ahead.
//
// These two are the first ones of what is under way. So that holds for others only once the second
// one of a batch, which had the UID FETCH of the first before it, had the same messages as well,
// and for the last one of a full batch once one of those had.
//
// Otherwise the folder is read once more, alone. Where the two readings differ, or there is no
// proof after a few attempts, no folder of the account is requested ahead any more.
//
// A server that loses the connection over a command may have had answers to earlier ones in its
// buffer. So the loss says nothing about any one of the folders that were under way: each of them
// is a suspect, which is read step by step from then on, with nothing behind it. A loss over it
// then is its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "imap/folder.h"
#include "imap/session.h"
#include "store/format/snapshot.h"

namespace backupd {

enum class Reading {
  kAtOnce,      // requested ahead: UID FETCH 1:* with bodies follows EXAMINE
  kStepByStep,  // each command waits for the one before it
};

// One account's, for all attempts of its pass. A copy serves a second session.
class FoldersAhead {
 public:
  enum class Turn {
    kSkipped,  // the folder is not opened
    kAlone,    // it may not be requested ahead
    kMayBeAhead,
  };
  using TurnOf = std::function<Turn(const imap::Folder&)>;

  // For each new session.
  void begin(const imap::Session& session);

  // Whether the folder is small as far as its status shows, and the server shows what accepts()
  // compares.
  static bool is_small(const imap::Session& session, const imap::Folder& folder);

  // Before the folder at `at` is passed: requests it and some that follow, up to the first one
  // that must be alone, if it is time. Without a proof, they must be at least 32.
  void request(imap::Session& session, const std::vector<imap::Folder>& folders, std::size_t at,
               const TurnOf& turn_of);

  // Whether the server has proven its order on this connection, and batches are full ones.
  bool is_at_full_speed() const { return !is_off_ && window_ == kMaxAhead; }
  // Whether no further folder is requested ahead.
  bool is_off() const { return is_off_; }
  // After request(): whether the folder was requested in this session, and was not passed before.
  bool has_requested(const imap::Folder& folder) const;

  // Takes over what a copy of this, for another session of the account, has learned.
  void learn_from(const FoldersAhead& other);
  // Of the folders from `at` on that request() has considered, puts those first that were
  // requested. It considers the others once more.
  void put_requested_first(std::vector<imap::Folder>& folders, std::size_t at);

  // How the folder at `at` is read, after request().
  Reading reading_of(const imap::Folder& folder) const;

  // After the folder was read at once: whether its record may be used. If not, compare() must
  // follow.
  bool accepts(const imap::Session& session, const imap::Folder& folder,
               const store::FolderRecord& record);

  // `alone`: the record of the same folder, read step by step. Returns false if that differs from
  // the first one, although the folder did not change.
  bool compare(const imap::Session& session, const store::FolderRecord& record,
               const store::FolderRecord& alone);

  // After a failure while `folder` was passed: the folder over which it came, another one if its
  // answers were being discarded.
  const imap::Folder& failed_over(const imap::Session& session, const imap::Folder& folder) const;

  // After the connection was lost over the folder. Returns true if that may be another folder's
  // fault: others were under way too, or it was read at once.
  bool note_loss(const imap::Session& session, const imap::Folder& folder, Reading reading);

 private:
  static bool are_enough(const std::vector<imap::Folder>& folders, std::size_t at,
                         const TurnOf& turn_of);

  // Enough to keep a server busy that is 50 ms away, and few enough to be discarded.
  static constexpr std::size_t kMaxAhead = 64;
  static constexpr std::size_t kMinAhead = 2;
  static constexpr int kMaxDiscards = 5;     // in a row
  static constexpr int kMaxComparisons = 6;  // in a row, without a record that is accepted
  static constexpr int kMaxLosses = 3;

  bool is_off_ = false;
  bool is_contradicted_ = false;  // two readings of a folder differed, in any session
  int losses_ = 0;
  std::set<std::string, std::less<>> suspects_;  // raw names

  // The members below are about the present session.
  std::size_t window_ = kMinAhead;
  bool is_proven_ = false;
  std::uint64_t discarded_ = 0;  // folders, when one was last passed
  int discards_ = 0;             // in a row
  int comparisons_ = 0;          // in a row, or without a proof for more than the first one
  struct Requested {
    imap::Folder folder;
    std::size_t before = 0;  // folders under way when it was requested
  };
  std::deque<Requested> requested_;  // the one that is passed now, and those that follow
  std::size_t proven_before_ = 0;    // a folder with more before it is compared
  std::size_t next_ = 0;             // the first folder that request() has not considered
  bool is_followed_ = false;         // another one was requested behind the one passed now
  bool is_evidence_ = false;         // the record given to accepts() last took no other commands

  // The messages of the folder passed last, if they are evidence and compare() has confirmed them,
  // or if they were accepted after that.
  std::optional<store::Receipt> confirmed_;
};

}  // namespace backupd
