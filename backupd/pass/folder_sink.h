// Takes the messages of one folder from the server into the store and the folder's draft.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "backupd/pass/admission.h"
#include "backupd/pass/departures.h"
#include "backupd/pass/known_messages.h"
#include "backupd/pass/message_pipe.h"
#include "imap/uid_set.h"
#include "store/folder_draft.h"
#include "store/writer.h"

namespace backupd {

// What came, also of a fetch that ended early.
struct FetchCounts {
  std::uint64_t fetched_messages = 0;
  std::uint64_t fetched_bytes = 0;  // of message bodies
  std::uint64_t new_messages = 0;   // that the store did not have
  std::uint64_t new_bytes = 0;      // of those
};

class FolderSink {
 public:
  // `counts`, `departures` and `admission` grow as messages come. `doubtful` are UIDs whose
  // messages may be damaged in the store. `after_message` is called when a message of so many bytes
  // is in the draft: the time to commit.
  FolderSink(store::Writer& writer, store::FolderDraft& draft, FetchCounts& counts,
             Departures& departures, Admission& admission, imap::UidSet doubtful,
             std::function<void(std::uint64_t bytes)> after_message);

  // Fails with kProtocol, and as the writer does.
  void store(ArrivedMessage& arrived);

  // A message that the store has, whose body did not come. `items` have its UID, and are admitted.
  void adopt(const imap::MessageItems& items, const KnownMessages::Known& known);

  // What came without a body, empty, or as an apology is not in the draft: a server in trouble
  // sends such things too. Fetch it once more after look_again(). Then a message is empty if the
  // server says size 0 again and serves nothing again; of the others this is what is wrong with
  // them.
  void look_again() { second_look_ = true; }
  std::string why_not(base::Uid uid) const;  // empty: it did not come at all

 private:
  void put(const imap::MessageItems& items, const store::MessageId& message,
           const store::Sha256& digest, std::uint64_t size);

  store::Writer& writer_;
  store::FolderDraft& draft_;
  FetchCounts& counts_;
  Departures& departures_;
  Admission& admission_;
  imap::UidSet doubtful_;
  std::function<void(std::uint64_t bytes)> after_message_;
  std::map<base::Uid, std::string_view> suspects_;
  bool second_look_ = false;
};

}  // namespace backupd
