// One folder of a restore: its messages appended, then read back and compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "imap/session.h"
#include "restore/plan.h"
#include "restore/read_back.h"
#include "restore/restore_report.h"
#include "store/message/message_bytes.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace restore {

// kResumed: an earlier run, or a connection that was lost, may have written into the folder.
enum class Start { kFresh, kResumed };

// Call in this order: open(); wants() or one of give_up...() for every message, in one thread, and
// meanwhile append() for the wanted ones, in any thread; compare(); describe(). Refused, damaged
// and altered messages are in the report, and so are messages over which the server breaks the
// connection each time, and all messages if the server refuses to open the folder; functions that
// take a session fail as it does.
class FolderRestore {
 public:
  // `folder` must outlive it. `level`: what a run that died recorded there.
  FolderRestore(const PlannedFolder& folder, const store::TreeLevel& level, Start start);

  const PlannedFolder& planned() const { return folder_; }
  std::uint64_t bytes() const;  // of the planned messages

  // Why a session is unusable, and must be replaced.
  enum class Unusable { kByRefusal, kByLostConnection };
  using Reopen = std::function<imap::Session(Unusable)>;

  // Functions with `reopen` replace `session` where necessary. Over a lost connection they fail
  // only if `reopen` does, or if too many connections in a row are lost without progress.
  void open(imap::Session& session, const Reopen& reopen);

  // Whether the message at this position of the plan must be sent: false if it is there already.
  bool wants(std::size_t position, const store::MessageBytes& bytes);
  void give_up(std::size_t position, const std::string& why);
  // The server accepted the message, but it can't be read back.
  void leave_uncompared(std::size_t position, const std::string& why);
  void give_up_unreadable(std::size_t position, const std::string& why);  // the store can't read it

  struct Waiting {
    std::size_t position;  // in the plan
    store::MessageBytes bytes;
  };
  void append(imap::Session& session, std::span<const Waiting> batch, const Reopen& reopen);

  void compare(imap::Session& session, const Reopen& reopen);

  // Adds to the report how the server altered messages, as far as the store can be read.
  void describe(imap::Session& session, store::Reader& reader);

  FolderReport report() const;
  // The messages that are there now; complete after compare(). If the folder can't be opened, those
  // that a run that died recorded.
  const std::vector<store::TreeMessage>& recorded() const { return recorded_; }
  bool left_off_deleted() const { return left_off_deleted_; }

 private:
  // The outcome of one message of the plan.
  struct Outcome {
    std::vector<std::string> flags;    // as sent
    std::vector<std::string> dropped;  // keywords that the folder does not keep
    std::optional<base::Uid> uid;      // in the tree; nullopt: not reported
    bool accepted = false;
    bool sent = false;        // by this run
    bool given_up = false;    // it is among skipped_
    int lost = 0;             // connections, while it was sent alone
    store::Sha256 digest;     // of the bytes sent
    store::Sha256 canonical;  // of their canonical form; set if the server reports no UIDs
  };
  using Batch = std::span<const Waiting* const>;
  struct Alteration {
    std::size_t position;
    base::Uid uid;         // in the tree
    bool has_other_bytes;  // describe() finds out how
    std::vector<std::string> how;
  };

  bool try_to_open(const std::function<void()>& work);
  void take_present(imap::Session& session, const Reopen& reopen);
  std::map<base::Uid, std::string> read(imap::Session& session, const imap::UidSet& uids,
                                        ReadBack& sink, const Reopen& reopen) const;
  void take_unread(imap::Session& session, const std::map<base::Uid, std::string>& unread);
  void append(imap::Session& session, Batch batch, const Reopen& reopen,
              imap::Session::Literals literals);
  Batch append_each(imap::Session& session, Batch batch, const Reopen& reopen,
                    imap::Session::Literals literals);
  Batch append_together(imap::Session& session, Batch batch, const Reopen& reopen,
                        imap::Session::Literals literals);
  void append_halves(imap::Session& session, Batch batch, const Reopen& reopen);
  void append_again(imap::Session& session, Batch batch, const Reopen& reopen,
                    const std::string& why);
  std::vector<const Waiting*> find_missing(imap::Session& session, Batch batch,
                                           const Reopen& reopen);
  void accept(Batch batch, const imap::AppendAnswer& answer);
  imap::AppendMessage to_append(const Waiting& message) const;
  bool retry_without_keywords(imap::Session& session, const Waiting& message);
  void choose_flags(std::size_t position);
  std::string alteration_of(imap::Session& session, store::Reader& reader,
                            const Alteration& message) const;
  void remove_doubles(imap::Session& session, const ReadBack& read_back,
                      std::multimap<store::Sha256, base::Uid>& unclaimed);
  void find_by_content(imap::Session& session, std::multimap<store::Sha256, base::Uid>& unclaimed);

  const PlannedFolder& folder_;
  Start start_;
  std::map<base::Uid, store::MessageId> recorded_before_;
  imap::OpenFolder open_;
  base::Uid last_present_{0};                           // when the folder was opened
  std::multimap<store::Sha256, base::Uid> unrecorded_;  // there already: by canonical digest
  std::vector<Outcome> outcomes_;
  std::vector<store::TreeMessage> recorded_;
  std::vector<Alteration> altered_;
  std::uint64_t restored_ = 0;
  bool left_off_deleted_ = false;
  bool reports_uids_ = true;  // the server does, by APPENDUID
  bool has_damage_ = false;
  bool is_compared_ = false;
  bool can_be_opened_ = true;
  // Shared while a batch is sent, exclusive during the search for messages after a lost connection:
  // otherwise a message could be taken for an equal one that another connection is sending.
  std::shared_mutex sending_;
  std::mutex mutex_;  // guards outcomes_ while messages are appended, and what follows
  std::vector<RefusedMessage> skipped_;
  std::vector<RefusedMessage> uncompared_;
  int lost_in_a_row_ = 0;  // connections, since a message was accepted
};

}  // namespace restore
