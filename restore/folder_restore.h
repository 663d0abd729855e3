// One folder of a restore: its messages appended, then read back and compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "imap/session.h"
#include "restore/plan.h"
#include "restore/read_back.h"
#include "restore/restore_report.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace restore {

// Whether an earlier run may have written into the folder before it died.
enum class Started { kNow, kBefore };

// Call in this order: open(); wants() or give_up_unreadable() for every message, in one thread, and
// meanwhile append() for the wanted ones, in any thread; compare(); describe(). Refused, damaged
// and altered messages are in the report; functions that take a session fail as it does.
class FolderRestore {
 public:
  // `folder` must outlive it. `level`: what a run that died recorded there.
  FolderRestore(const PlannedFolder& folder, const store::TreeLevel& level, Started started);

  const PlannedFolder& planned() const { return folder_; }
  std::uint64_t bytes() const;  // of the planned messages

  void open(imap::Session& session);

  // Whether the message at this position of the plan must be sent: false if it is there already.
  bool wants(std::size_t position, base::ByteView bytes);
  void give_up(std::size_t position, const std::string& why);
  void give_up_unreadable(std::size_t position, const std::string& why);  // the store can't read it

  struct Waiting {
    std::size_t position;  // in the plan
    base::Bytes bytes;
  };
  // `open`: replaces the session if a refusal left it unusable.
  using OpenSession = std::function<imap::Session()>;
  void append(imap::Session& session, std::span<const Waiting> batch, const OpenSession& open);

  void compare(imap::Session& session);

  // Adds to the report how the server altered messages.
  void describe(imap::Session& session, store::Reader& reader);

  FolderReport report() const;
  // The messages that are there now; complete after compare().
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
    store::Sha256 digest;     // of the bytes sent
    store::Sha256 canonical;  // of their canonical form; only if the server reports no UIDs
  };
  struct Alteration {
    std::size_t position;
    base::Uid uid;         // in the tree
    bool has_other_bytes;  // describe() finds out how
    std::vector<std::string> how;
  };

  void take_present(imap::Session& session);
  void append(imap::Session& session, std::span<const Waiting> batch, const OpenSession& open,
              imap::Session::Literals literals);
  void append_together(imap::Session& session, std::span<const Waiting> batch,
                       const OpenSession& open, imap::Session::Literals literals);
  void accept(std::span<const Waiting> batch, const imap::AppendAnswer& answer);
  imap::AppendMessage to_append(const Waiting& message) const;
  bool retry_without_keywords(imap::Session& session, const Waiting& message);
  void choose_flags(std::size_t position);
  void remove_doubles(imap::Session& session, const ReadBack& read_back,
                      std::multimap<store::Sha256, base::Uid>& unclaimed);
  void find_by_content(imap::Session& session, std::multimap<store::Sha256, base::Uid>& unclaimed);

  const PlannedFolder& folder_;
  Started started_;
  std::map<base::Uid, store::MessageId> recorded_before_;
  imap::OpenFolder open_;
  std::multimap<store::Sha256, base::Uid> unrecorded_;  // there already: by canonical digest
  std::vector<Outcome> outcomes_;
  std::vector<store::TreeMessage> recorded_;
  std::vector<Alteration> altered_;
  std::uint64_t restored_ = 0;
  bool left_off_deleted_ = false;
  bool reports_uids_ = true;  // the server does, by APPENDUID
  bool has_damage_ = false;
  std::mutex mutex_;  // guards what follows
  std::vector<RefusedMessage> skipped_;
};

}  // namespace restore
