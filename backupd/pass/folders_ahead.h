// Which folders are requested ahead while others are read (imap::Session::request_ahead()), so that
// an account of many small folders does not cost two round trips for each of them.
//
// Only new and small folders: no message of them is known, so all are needed. They are read at
// once: all messages are fetched before it is known which ones there are.
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
  kAtOnce,      // UID FETCH 1:* with bodies follows EXAMINE
  kStepByStep,  // the messages are listed first
  kInDoubt,     // likewise, and recorded messages are compared with what the server shows
};

// One account's, for all attempts of its pass.
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

  // Whether the folder can be read at once: small according to its status, and no suspect.
  bool is_suitable(const imap::Folder& folder) const;

  // Before the folder at `at` is passed: requests it and some that follow, up to the first one
  // that must be alone, if it is time.
  void request(imap::Session& session, const std::vector<imap::Folder>& folders, std::size_t at,
               const TurnOf& turn_of);

  // After the folder was passed. Answers that had to be discarded make the next requests fewer.
  void note_passed(const imap::Session& session);

  // After the connection was lost over the folder. Returns true if that may be another folder's
  // fault: others were under way too, or it was read at once.
  bool note_loss(const imap::Session& session, const imap::Folder& folder, Reading reading);

  // Whether the messages of the folder that was just passed must be compared with those that the
  // server shows once the folder is opened alone: a server that carries out UID FETCH before it has
  // opened the folder sends another folder's messages. That is so for the first folder of a session
  // that was requested behind another one, and for each whose sizes have another sum than STATUS
  // reported.
  bool needs_proof(const imap::Folder& folder, const store::FolderRecord& record) const;
  // After the comparison. If it shows other messages, no folder is requested ahead any more;
  // returns false then.
  bool note_proof(const imap::Session& session, const store::FolderRecord& record,
                  const store::FolderRecord& compared);

 private:
  // Enough to keep a server busy that is 50 ms away, and few enough to be discarded.
  static constexpr std::size_t kMaxAhead = 32;
  static constexpr std::size_t kMinAhead = 2;
  static constexpr int kMaxDiscards = 5;  // in a row
  static constexpr int kMaxLosses = 3;

  struct Requested {
    std::string raw_name;
    bool is_behind_another = false;
  };

  bool is_off_ = false;
  int losses_ = 0;
  std::set<std::string, std::less<>> suspects_;  // raw names
  bool are_sizes_comparable_ = true;             // whether STATUS SIZE is the sum of what is sent

  // The members below are about the present session.
  std::size_t window_ = kMinAhead;
  bool is_proven_ = false;
  std::uint64_t discarded_ = 0;      // folders, when one was last passed
  int discards_ = 0;                 // in a row
  std::deque<Requested> requested_;  // the one that is passed now, and those that follow
  std::size_t next_ = 0;             // the first folder that request() has not considered
  std::optional<Requested> last_;    // the folder passed last, if its answers were used
};

}  // namespace backupd
