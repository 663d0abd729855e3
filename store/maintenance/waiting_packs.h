// The packs that a check has read, some of whose messages have parts in packs that it has not
// checked yet.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "store/format/pack.h"
#include "store/maintenance/pack_check.h"

namespace store {

// One call at a time.
class WaitingPacks {
 public:
  // `has_read` is called for each pack that is intact, when the packs that it needs are, too. May
  // be empty.
  explicit WaitingPacks(std::function<void(const PackName&)> has_read)
      : has_read_(std::move(has_read)) {}

  // The pack was checked, as far as the options say, and nothing was found.
  void add_sound(const PackName& name);

  // The pack was read. `is_intact`: nothing was found in it or in the messages that were rebuilt.
  void add_read(const PackName& name, bool is_intact, std::vector<MessageElsewhere> messages);

  // Call after the last pack: passes on every message that needs a pack not known to be sound.
  // `rebuild` returns whether the message is intact.
  void finish(const std::function<bool(const MessageElsewhere&)>& rebuild);

 private:
  struct Waiting {
    bool is_intact = true;
    std::set<PackName> packs;  // that it waits for
    std::vector<MessageElsewhere> messages;
  };

  void report(const PackName& name, bool is_intact) const;

  std::function<void(const PackName&)> has_read_;
  std::set<PackName> sound_;
  std::map<PackName, Waiting> waiting_;
};

}  // namespace store
