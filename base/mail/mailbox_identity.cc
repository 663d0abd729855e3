#include "base/mail/mailbox_identity.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <unordered_map>

#include <fmt/core.h>

#include "base/terminal.h"

namespace base {

std::string MailboxIdentity::text() const {
  if (!mailbox_id.empty()) return "MAILBOXID " + escape_for_terminal(mailbox_id);
  return uid_validity != 0 ? fmt::format("UIDVALIDITY {}", uid_validity) : "unknown";
}

std::optional<bool> is_same(const MailboxIdentity& a, const MailboxIdentity& b) {
  if (!a.mailbox_id.empty() && !b.mailbox_id.empty()) return a.mailbox_id == b.mailbox_id;
  if (a.uid_validity == 0 || b.uid_validity == 0) return std::nullopt;
  return a.uid_validity == b.uid_validity;
}

bool MailboxChange::is_certain() const {
  return !was.mailbox_id.empty() && !is.mailbox_id.empty() && was.mailbox_id != is.mailbox_id;
}

bool MailboxHistory::Era::has(const MailboxObservation& sight) const {
  const std::optional<bool> same = is_same(last, sight.inbox);
  if (!same || *same) return true;
  const bool is_by_id = !last.mailbox_id.empty() && !sight.inbox.mailbox_id.empty();
  if (is_by_id || had_mail) return false;
  if (with_mail.empty()) return true;
  std::unordered_multimap<std::string_view, const MailboxIdentity*> others;
  for (const MailboxObservation::Other& now : sight.others) {
    others.emplace(now.raw_name, &now.identity);
  }
  const auto is_kept = [&](const MailboxObservation::Other& then) {
    const auto [begin, end] = others.equal_range(then.raw_name);
    return std::any_of(begin, end, [&](const auto& now) {
      return is_same(*now.second, then.identity).value_or(false);
    });
  };
  return std::ranges::any_of(with_mail, is_kept);
}

void MailboxHistory::Era::take(const MailboxObservation& sight) {
  if (!sight.inbox.mailbox_id.empty()) last.mailbox_id = sight.inbox.mailbox_id;
  if (sight.inbox.uid_validity != 0) last.uid_validity = sight.inbox.uid_validity;
  if (std::ranges::find(seen, sight.inbox) == seen.end()) seen.push_back(sight.inbox);
  had_mail = had_mail || sight.has_mail;
  std::vector<MailboxObservation::Other> others = sight.others;
  std::erase_if(others, [](const MailboxObservation::Other& other) {
    return !other.has_mail || !other.identity.is_known();
  });
  if (!others.empty()) with_mail = std::move(others);
}

bool MailboxHistory::needs_others(const MailboxObservation& next) const {
  return next.inbox.is_known() && (!next.has_mail || eras_.empty() || !eras_.back().had_mail);
}

std::size_t MailboxHistory::place(const MailboxObservation& sight) {
  if (sight.inbox.is_known()) {
    if (eras_.empty() || !eras_.back().has(sight)) eras_.emplace_back();
    eras_.back().take(sight);
  }
  return eras_.empty() ? 0 : eras_.size() - 1;
}

void MailboxHistory::add(const MailboxObservation& snapshot) {
  era_of_.push_back(place(snapshot));
}

bool MailboxHistory::is_any_same(const Era& era, std::span<const MailboxIdentity> identities) {
  return std::ranges::any_of(era.seen, [&](const MailboxIdentity& seen) {
    return std::ranges::any_of(identities, [&](const MailboxIdentity& identity) {
      return is_same(seen, identity) == true;
    });
  });
}

// An era has at most one MAILBOXID.
bool MailboxHistory::is_of_one_mailbox(const Era& a, const Era& b) {
  if (!a.last.mailbox_id.empty() && !b.last.mailbox_id.empty()) {
    return a.last.mailbox_id == b.last.mailbox_id;
  }
  return is_any_same(a, b.seen);
}

// For each era, the index of the first era of the same person.
std::vector<std::size_t> MailboxHistory::groups(const AcceptedIdentities& accepted) const {
  std::vector<std::size_t> group(eras_.size());
  std::iota(group.begin(), group.end(), std::size_t{0});
  const auto merge = [&](std::size_t a, std::size_t b) {
    const auto [to, from] = std::minmax(group[a], group[b]);
    std::ranges::replace(group, std::size_t{from}, std::size_t{to});
  };
  std::optional<std::size_t> first_accepted;
  for (std::size_t at = 0; at < eras_.size(); ++at) {
    for (std::size_t earlier = 0; earlier < at; ++earlier) {
      if (is_of_one_mailbox(eras_[at], eras_[earlier])) merge(at, earlier);
    }
    if (!is_any_same(eras_[at], accepted.identities)) continue;
    if (!first_accepted) {
      first_accepted = at;
      for (std::size_t earlier = 0; accepted.with_earlier && earlier < at; ++earlier) {
        merge(at, earlier);
      }
    }
    merge(at, *first_accepted);
  }
  return group;
}

Holder MailboxHistory::judge(const MailboxObservation& live,
                             const AcceptedIdentities& accepted) const {
  MailboxHistory all = *this;
  const std::size_t now = all.place(live);
  Holder holder;
  holder.is_of_snapshot.assign(era_of_.size(), true);
  if (all.eras_.empty()) return holder;
  const std::vector<std::size_t> group = all.groups(accepted);
  for (std::size_t at = 0; at < era_of_.size(); ++at) {
    holder.is_of_snapshot[at] = group[era_of_[at]] == group[now];
  }
  for (std::size_t era = 0; era < all.eras_.size(); ++era) {
    if (group[era] == group[now]) continue;
    holder.change = {all.eras_[era].last, live.inbox.is_known() ? live.inbox : all.eras_[now].last};
  }
  return holder;
}

std::vector<MailboxIdentity> MailboxHistory::identities() const {
  std::vector<MailboxIdentity> identities;
  for (const Era& era : eras_) {
    identities.insert(identities.end(), era.seen.begin(), era.seen.end());
  }
  return identities;
}

}  // namespace base
