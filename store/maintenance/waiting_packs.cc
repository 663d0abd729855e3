#include "store/maintenance/waiting_packs.h"

#include <algorithm>
#include <utility>

namespace store {

void WaitingPacks::report(const PackName& name, bool is_intact) const {
  if (is_intact && has_read_) has_read_(name);
}

void WaitingPacks::add_sound(const PackName& name) {
  sound_.insert(name);
  for (auto pack = waiting_.begin(); pack != waiting_.end();) {
    Waiting& waiting = pack->second;
    waiting.packs.erase(name);
    if (!waiting.packs.empty()) {
      ++pack;
      continue;
    }
    report(pack->first, waiting.is_intact);
    pack = waiting_.erase(pack);
  }
}

void WaitingPacks::add_read(const PackName& name, bool is_intact,
                            std::vector<MessageElsewhere> messages) {
  Waiting waiting{.is_intact = is_intact, .packs = {}, .messages = {}};
  for (MessageElsewhere& message : messages) {
    std::erase_if(message.packs, [&](const PackName& pack) { return sound_.contains(pack); });
    if (message.packs.empty()) continue;
    waiting.packs.insert(message.packs.begin(), message.packs.end());
    waiting.messages.push_back(std::move(message));
  }
  if (waiting.packs.empty()) {
    report(name, is_intact);
  } else {
    waiting_.emplace(name, std::move(waiting));
  }
}

void WaitingPacks::finish(const std::function<bool(const MessageElsewhere&)>& rebuild) {
  for (auto& [name, waiting] : waiting_) {
    for (const MessageElsewhere& message : waiting.messages) {
      const bool is_sound = std::ranges::all_of(
          message.packs, [&](const PackName& pack) { return sound_.contains(pack); });
      if (!is_sound && !rebuild(message)) waiting.is_intact = false;
    }
    report(name, waiting.is_intact);
  }
  waiting_.clear();
}

}  // namespace store
