// One folder of a restore: its messages appended, then read back and compared.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "imap/session.h"
#include "restore/plan.h"
#include "restore/restore_report.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace restore {

class FolderRestore {
 public:
  // `level`: where the messages go; what was put there is recorded in it. What of the plan is there
  // already, from a run that died, is not sent again.
  FolderRestore(imap::Session& session, store::Reader& reader, const PlannedFolder& folder,
                store::TreeLevel& level);

  // Refused, damaged and altered messages are in the report; fails as the session does.
  FolderReport run();

  bool left_off_deleted() const { return left_off_deleted_; }

 private:
  // What became of one message of the plan.
  struct Outcome {
    std::vector<std::string> flags;    // as sent
    std::vector<std::string> dropped;  // keywords that the folder does not keep
    std::optional<base::Uid> uid;      // in the tree; nothing: not told
    bool accepted = false;
    std::string reason;
    store::Sha256 digest;  // of what was sent
  };
  struct Waiting {
    std::size_t position;  // in the plan
    base::Bytes bytes;
  };

  void take_present();
  bool is_present(std::size_t position, base::ByteView bytes);
  void append_all();
  void append_batch(std::span<const Waiting> batch);
  void append_together(std::span<const Waiting> batch);
  void accept(std::span<const Waiting> batch, const imap::AppendAnswer& answer);
  void refuse(const Waiting& message, const std::string& reason);
  imap::AppendMessage to_append(const Waiting& message) const;
  bool retry_without_keywords(const Waiting& message);
  void choose_flags(std::size_t position);
  void compare();
  std::string alteration(std::size_t position, base::Uid uid);

  imap::Session& session_;
  store::Reader& reader_;
  const PlannedFolder& folder_;
  store::TreeLevel& level_;
  imap::OpenFolder open_;
  std::multimap<store::Sha256, base::Uid> unrecorded_;  // there already: by canonical digest
  std::vector<Outcome> outcomes_;
  FolderReport report_;
  bool left_off_deleted_ = false;
};

}  // namespace restore
