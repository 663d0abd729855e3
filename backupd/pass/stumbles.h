// Messages at which connections were lost. A server that breaks down over one message does so each
// time, and what it had sent before may be lost with the connection: so messages are asked for one
// by one around the place where that happened twice, one that it happens to again comes last, and
// at last it is asked for no more. All the others come.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/uid.h"
#include "imap/uid_set.h"

namespace backupd {

class Stumbles {
 public:
  enum class Over {
    kConnection,  // it was lost while the message was waited for: that may have had other reasons
    kTime,        // the message took too long
  };

  // `why`: the error, one line.
  void add(std::string_view folder, base::Uid uid, Over over, std::string why);

  // Of a folder: where to look closely; what comes last; what is not asked for.
  imap::UidSet places(std::string_view folder) const { return times(folder, 2, kTooOften - 1); }
  imap::UidSet last(std::string_view folder) const { return times(folder, 3, kTooOften - 1); }
  imap::UidSet given_up(std::string_view folder) const { return times(folder, kTooOften, kMost); }

  // Why it is given up.
  std::string reason(std::string_view folder, base::Uid uid) const;

 private:
  static constexpr int kTooOften = 5;
  static constexpr int kMost = 1'000'000;

  struct Count {
    int times = 0;
    bool was_slow = false;
    std::string why;
  };

  imap::UidSet times(std::string_view folder, int from, int to) const;

  std::map<std::string, std::map<base::Uid, Count>, std::less<>> folders_;  // by raw name
};

}  // namespace backupd
