// Puts the messages of one folder, as received from the server, into the store and the folder's
// draft.
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

// The messages received, including those of a fetch that ended early.
struct FetchCounts {
  std::uint64_t fetched_messages = 0;
  std::uint64_t fetched_bytes = 0;  // of message bodies
  std::uint64_t new_messages = 0;   // messages that the store did not have
  std::uint64_t new_bytes = 0;      // of the new messages
  std::uint64_t undated = 0;        // messages without a date that is understood
};

class FolderSink {
 public:
  // New messages lie together with other mail of `account` in the store. `counts`, `departures` and
  // `admission` grow as messages arrive. `after_message` is called when a message of `bytes` bytes
  // is in the draft: the time to commit.
  FolderSink(store::Writer& writer, std::string account, store::FolderDraft& draft,
             FetchCounts& counts, Departures& departures, Admission& admission,
             std::function<void(std::uint64_t bytes)> after_message);

  // Fails with kProtocol, and as the writer does.
  void store(ArrivedMessage& arrived);

  // Adds a message that the store has, whose body was not fetched. `items` have its UID, and are
  // admitted.
  void adopt(const imap::MessageItems& items, const KnownMessages::Known& known);

  // Messages that arrive without a body, empty, or as an apology are not put into the draft: a
  // server in trouble sends such answers too. Fetch them once more after look_again(). Then a
  // message is accepted as empty if the server again reports size 0 and again sends nothing; for
  // the others why_not() returns what is wrong with them.
  void look_again() { second_look_ = true; }
  std::string why_not(base::Uid uid) const;  // empty: it did not arrive at all

 private:
  void put(const imap::MessageItems& items, const store::MessageId& message,
           const store::Sha256& digest, std::uint64_t size);

  store::Writer& writer_;
  std::string account_;
  store::FolderDraft& draft_;
  FetchCounts& counts_;
  Departures& departures_;
  Admission& admission_;
  std::function<void(std::uint64_t bytes)> after_message_;
  std::map<base::Uid, std::string_view> suspects_;
  bool second_look_ = false;
};

}  // namespace backupd
