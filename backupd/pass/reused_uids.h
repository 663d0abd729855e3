// Messages that have the UIDs of other messages: a mail server that was restored from an older copy
// hands out UIDs again under the same UIDVALIDITY.
#pragma once

#include "base/mail/uid.h"
#include "imap/message.h"
#include "imap/uid_set.h"
#include "store/format/snapshot.h"

namespace backupd {

enum class Likeness {
  kSame,
  kDoubtful,  // the size alone differs, which is often wrong, or the server's ID alone
  kOther,
};

// Values that are unknown for one of them are not compared.
Likeness likeness(const store::MessageEntry& recorded, const imap::MessageItems& now);

struct ReusedUids {
  imap::UidSet others;    // surely other messages than the recorded ones
  imap::UidSet by_date;   // those of them whose date alone differs
  imap::UidSet doubtful;  // to be compared by content

  void note(const store::MessageEntry& recorded, const imap::MessageItems& now);
};

}  // namespace backupd
