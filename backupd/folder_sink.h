// Takes the messages of one folder from the server into the store and the folder's draft.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "backupd/departures.h"
#include "backupd/known_messages.h"
#include "backupd/message_pipe.h"
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
  // `counts` and `departures` grow as messages come. `doubtful` are UIDs whose messages may be
  // damaged in the store. `after_message` is called when a message is in the draft: the time to
  // commit.
  FolderSink(store::Writer& writer, store::FolderDraft& draft, FetchCounts& counts,
             Departures& departures, imap::UidSet doubtful, std::function<void()> after_message);

  // Fails with kProtocol, and as the writer does.
  void store(ArrivedMessage& arrived);

  // A message that the store has, whose body did not come. `items` have its UID.
  void adopt(const imap::MessageItems& items, const KnownMessages::Known& known);

  // Empty messages seen so far. One counts only if the server says size 0 and serves nothing twice,
  // for a server in trouble sends nothing too: fetch them again after confirm_empty().
  const imap::UidSet& empty() const { return empty_; }
  void confirm_empty() { second_look_ = true; }

 private:
  void put(const imap::MessageItems& items, const store::MessageId& message,
           const store::Sha256& digest, std::uint64_t size);
  void skip(base::Uid uid, std::string reason);

  store::Writer& writer_;
  store::FolderDraft& draft_;
  FetchCounts& counts_;
  Departures& departures_;
  imap::UidSet doubtful_;
  std::function<void()> after_message_;
  imap::UidSet empty_;
  bool second_look_ = false;
};

// Server flags as the store keeps them: sorted, each once, without \Recent.
std::vector<std::string> stored_flags(const std::vector<std::string>& flags);

}  // namespace backupd
