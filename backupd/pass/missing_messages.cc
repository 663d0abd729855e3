#include "backupd/pass/missing_messages.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "store/format/limits.h"

namespace backupd {

namespace {

// Limits of what is collected about messages before their bodies are looked up in the store.
constexpr std::size_t kAdoptedAtOnce = 4'096;
constexpr std::size_t kAdoptedBytesAtOnce = std::size_t{4} << 20;

// The number of messages requested one by one where connections were lost.
constexpr std::size_t kCloseLook = 50;

// The number of commands that may end with NO while the messages that the server can't serve are
// being isolated.
constexpr int kMaxRefusals = 200;

imap::UidSet in_both(const imap::UidSet& a, const imap::UidSet& b) {
  return a.without(a.without(b));
}

// Returns those of `uids` that the draft does not have.
imap::UidSet missing(store::FolderDraft& draft, const imap::UidSet& uids) {
  imap::UidSet missing;
  for (const base::Uid uid : uids) {
    if (!draft.contains(uid)) missing.add(uid);
  }
  return missing;
}

// The lower UIDs and the higher ones.
std::pair<imap::UidSet, imap::UidSet> halves(const imap::UidSet& uids) {
  std::pair<imap::UidSet, imap::UidSet> halves;
  std::uint64_t left = uids.count() / 2;
  for (const base::Uid uid : uids) {
    if (left > 0) {
      halves.first.add(uid);
      --left;
    } else {
      halves.second.add(uid);
    }
  }
  return halves;
}

// Whether another answer for an adopted message shows that it may be a different one.
bool contradicts(const store::MessageEntry& adopted, const imap::MessageItems& items) {
  const bool has_other_id = !items.server_id.empty() && items.server_id != adopted.server_id;
  const bool has_other_size = items.size && *items.size != adopted.size;
  const bool has_other_date = items.internal_date && adopted.internal_date &&
                              items.internal_date->instant != adopted.internal_date->instant;
  return has_other_id || has_other_size || has_other_date;
}

}  // namespace

// Adopts the messages that the account has in another folder. Returns those that must be fetched.
imap::UidSet MissingMessages::adopt_known(FolderSink& sink, const imap::UidSet& wanted) {
  if (tools_.session.capabilities().message_id_item().empty()) return wanted;
  KnownMessages* const known = tools_.known(wanted.count());
  if (known == nullptr) return wanted;
  imap::UidSet seen;
  imap::UidSet adopted;
  imap::UidSet contradictory;
  std::vector<imap::MessageItems> answers;
  std::size_t bytes = 0;
  const auto adopt = [&] {
    for (const imap::MessageItems& items : answers) {
      if (!seen.add(*items.uid)) {
        const auto entry = draft_.find(*items.uid);
        if (entry && adopted.contains(*items.uid) && contradicts(*entry, items)) {
          contradictory.add(*items.uid);
        }
        continue;
      }
      if (known->is_ambiguous(items.server_id)) continue;
      if (items.server_id.empty() || !items.size || !items.flags ||
          doubtful_.contains(*items.uid)) {
        continue;
      }
      const auto found = known->find(items.server_id, *items.size, items.internal_date);
      if (!found) continue;
      sink.adopt(items, *found);
      adopted.add(*items.uid);
    }
    answers.clear();
    bytes = 0;
  };
  tools_.turn.away([&] {
    tools_.session.fetch_all_but_bodies(wanted, [&](const imap::MessageItems& items) {
      tools_.waits.give_back(imap::WaitBudget::kStateWorth);
      answers.push_back(items);
      tools_.admission.admit(draft_.info().raw_name, answers.back());
      bytes += imap::memory_of(answers.back());
      if (answers.size() >= kAdoptedAtOnce || bytes >= kAdoptedBytesAtOnce) {
        tools_.turn.back(adopt);
      }
    });
  });
  adopt();
  for (const base::Uid uid : contradictory) draft_.expunge(uid);  // its body is fetched
  return wanted.without(adopted.without(contradictory));
}

// The lowest of `uids` for which the rest of the day's budget is enough. One whose size the server
// does not report counts as empty.
imap::UidSet MissingMessages::affordable(const imap::UidSet& uids) {
  DailyBudget& budget = tools_.daily_budget;
  if (!budget.is_limited() || uids.empty()) return uids;
  imap::UidSet affordable;
  if (budget.left() == 0) return affordable;
  std::map<base::Uid, std::uint64_t> sizes;
  tools_.turn.away([&] {
    tools_.session.fetch_all_but_bodies(uids, [&](const imap::MessageItems& items) {
      tools_.waits.give_back(imap::WaitBudget::kStateWorth);
      sizes[*items.uid] = items.size.value_or(0);
    });
  });
  std::uint64_t total = 0;
  for (const base::Uid uid : uids) {
    const auto size = sizes.find(uid);
    if (size != sizes.end()) total += size->second;
    // One that is larger than a day's budget has a day for itself.
    const bool is_first = affordable.empty() && budget.is_untouched();
    if (total > budget.left() && !is_first) break;
    affordable.add(uid);
  }
  return affordable;
}

FolderSink MissingMessages::sink() {
  return {tools_.writer,     tools_.account,   draft_,       counts_,
          tools_.departures, tools_.admission, tools_.stored};
}

FetchSource MissingMessages::source(const imap::OpenFolder& open) const {
  return {tools_.session, draft_.info().raw_name, open.uid_validity,
          tools_.spares,  tools_.stumbles,        tools_.waits};
}

void MissingMessages::fetch_at_once(const imap::OpenFolder& open) {
  FolderSink sink = this->sink();
  fetch_small_folder_into(sink, source(open), tools_.turn, tools_.writer);
}

bool MissingMessages::fetch(const imap::OpenFolder& open, const imap::UidSet& wanted) {
  if (wanted.empty()) return true;
  const std::string& name = draft_.info().raw_name;
  FolderSink sink = this->sink();
  const FetchSource source = this->source(open);
  const Fetch fetch = [&](const imap::UidSet& uids) {
    if (uids.empty()) return imap::FetchAnswer();
    return fetch_into(sink, source, uids, tools_.turn, tools_.budget, tools_.writer);
  };
  const imap::UidSet given_up = in_both(wanted, tools_.stumbles.given_up(name));
  const imap::UidSet needed = adopt_known(sink, wanted.without(given_up));
  const imap::UidSet unknown = affordable(needed);
  const imap::UidSet parked = needed.without(unknown);
  fetch_carefully(unknown, tools_.stumbles.places(name), tools_.stumbles.last(name), fetch);

  // Messages that did not arrive, or arrived in a form that a server in trouble sends, were
  // expunged meanwhile or are requested once more.
  imap::UidSet left = missing(draft_, wanted.without(parked));
  std::string refusal;
  if (!left.without(given_up).empty()) {
    left = only_existing(left);
    sink.look_again();
    refusal = fetch_apart(left.without(given_up), fetch);
    left = missing(draft_, left);
    if (!left.empty()) left = only_existing(left);
  }
  std::erase_if(draft_.info().skipped,
                [&](const auto& earlier) { return !parked.contains(earlier.uid); });
  // Millions of long reasons are never in memory: all of them share one limit.
  const std::size_t longest =
      left.empty() ? 0
                   : std::min<std::uint64_t>(store::kMaxReason, store::kMaxReasons / left.count());
  for (const base::Uid uid : left) {
    std::string reason =
        given_up.contains(uid) ? tools_.stumbles.reason(name, uid) : sink.why_not(uid);
    if (reason.empty()) reason = refusal.empty() ? "the server did not send it" : refusal;
    draft_.info().skipped.push_back({uid, base::shortened(reason, longest)});
  }
  shorten_reasons(draft_.info().skipped);
  std::sort(draft_.info().skipped.begin(), draft_.info().skipped.end(),
            [](const auto& a, const auto& b) { return a.uid < b.uid; });
  return parked.empty();
}

imap::UidSet MissingMessages::only_existing(const imap::UidSet& uids) {
  found_ = tools_.turn.away([&] { return tools_.session.search_all(); });
  imap::UidSet existing = in_both(uids, found_);
  gone_ += uids.count() - existing.count();
  return existing;
}

void MissingMessages::fetch_carefully(const imap::UidSet& uids, const imap::UidSet& places,
                                      const imap::UidSet& last, const Fetch& fetch) {
  const auto one_by_one = [&](const imap::UidSet& few) {
    for (const base::Uid uid : few) {
      imap::UidSet one;
      one.add(uid);
      fetch(one);
    }
  };
  const imap::UidSet first = uids.without(last);
  imap::UidSet close;
  const imap::UidSet stumbled = in_both(uids, places);
  if (!stumbled.empty()) {
    for (const base::Uid uid : first) {
      if (uid < *stumbled.begin()) continue;
      if (close.count() == kCloseLook) break;
      close.add(uid);
    }
  }
  one_by_one(close);
  fetch(first.without(close));
  one_by_one(in_both(uids, last));
}

// One message that a server can't serve may end the command for all that follow: so fewer and fewer
// are requested at a time, until it is alone. Returns the server's reason, if it refused any.
std::string MissingMessages::fetch_apart(const imap::UidSet& uids, const Fetch& fetch) {
  std::string reason;
  int refusals = 0;
  std::vector<imap::UidSet> parts = {uids};
  while (!parts.empty()) {
    const imap::UidSet part = std::move(parts.back());
    parts.pop_back();
    const imap::FetchAnswer answer = fetch(part);
    if (answer.complete) continue;
    reason = answer.reason;
    const imap::UidSet left = missing(draft_, part);
    if (left.count() < 2 || part.count() < 2 || ++refusals > kMaxRefusals) continue;
    auto [first, second] = halves(left);
    parts.push_back(std::move(second));
    parts.push_back(std::move(first));
  }
  return reason;
}

}  // namespace backupd
