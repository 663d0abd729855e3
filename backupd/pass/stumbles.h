// The messages at which connections were lost. A server that fails over one message does so each
// time, and what it had sent before may be lost with the connection. So messages are requested one
// by one around a place where that happened twice; a message at which it happens again is requested
// last, and finally no longer. All other messages are fetched.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/mail/uid.h"
#include "imap/uid_set.h"
#include "store/format/snapshot.h"

namespace backupd {

class Stumbles {
 public:
  enum class Over {
    kConnection,  // it was lost while waiting for the message: perhaps for other reasons
    kSilence,     // the server was silent: that costs minutes, so it counts several times
    kMessage,  // the message took too long, is too large, or has no room: it is requested only once
  };

  // A message that was given up in the last backup is requested last, and only once. Returns true
  // if the folder has one.
  bool remember(const store::FolderInfo& last);

  // `why`: the error, one line.
  void add(std::string_view folder, base::Uid uid, Over over, std::string why);

  // The messages of a folder to request one by one, to request last, and not to request at all.
  imap::UidSet places(std::string_view folder) const { return times(folder, 2, kTooOften - 1); }
  imap::UidSet last(std::string_view folder) const { return times(folder, 3, kTooOften - 1); }
  imap::UidSet given_up(std::string_view folder) const {
    return times(folder, kTooOften, kMaxTimes);
  }

  // How often a connection was lost over any message.
  int total() const { return total_; }

  // Why the message is given up.
  std::string reason(std::string_view folder, base::Uid uid) const;

 private:
  static constexpr int kTooOften = 5;
  static constexpr int kSilenceCounts = 3;  // after one the message is requested last
  static constexpr int kMaxTimes = 1'000'000;

  struct Count {
    int times = 0;
    bool is_final = false;
    std::string why;
  };

  imap::UidSet times(std::string_view folder, int from, int to) const;

  std::map<std::string, std::map<base::Uid, Count>, std::less<>> folders_;  // by raw name
  int total_ = 0;
};

}  // namespace backupd
