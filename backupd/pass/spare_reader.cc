#include "backupd/pass/spare_reader.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/log.h"
#include "imap/connection_lost.h"

namespace backupd {

namespace {

using Turn = FoldersAhead::Turn;

// For fewer folders a further connection costs more than it saves.
constexpr std::size_t kMinFolders = 500;

// A folder with as many messages may be fetched over several connections.
constexpr std::uint32_t kLargeFolder = 1'000;

bool are_enough(const std::vector<imap::Folder>& folders, std::size_t at,
                const FoldersAhead::TurnOf& turn_of) {
  std::size_t found = 0;
  for (; at < folders.size() && found < kMinFolders; ++at) {
    if (turn_of(folders[at]) == Turn::kMayBeAhead) ++found;
  }
  return found == kMinFolders;
}

bool is_dispensable_after(const base::Error& error) {
  using Cause = imap::ConnectionLost::Cause;
  if (!base::is_connection_trouble(error.code())) return false;
  const auto* const lost = dynamic_cast<const imap::ConnectionLost*>(&error);
  return lost == nullptr ||
         (lost->cause() != Cause::kAccountTooSlow && lost->cause() != Cause::kOutOfOrder);
}

}  // namespace

bool SpareReader::request(std::vector<imap::Folder>& folders, std::size_t at,
                          const FoldersAhead::TurnOf& turn_of) {
  if (session_ != nullptr && (ahead_->is_off() || first_.is_off())) {
    drop(folders, at);
    return false;
  }
  const bool is_first_free = !list_meanwhile(folders, at, turn_of);
  const auto request_over_first = [&] {
    first_.request(tools_.session, folders, at, [&](const imap::Folder& folder) {
      if (!is_first_free) return Turn::kAlone;
      return has_requested(folder) ? Turn::kSkipped : turn_of(folder);
    });
  };
  if (session_ == nullptr) {
    request_over_first();
    if (listing_ == Listing::kUnderWay) forget_list();
    if (!open(folders, at, turn_of)) return true;
  }
  ahead_->request(*session_, folders, at, [&](const imap::Folder& folder) {
    return first_.has_requested(folder) ? Turn::kSkipped : turn_of(folder);
  });
  request_over_first();
  if (listing_ == Listing::kUnderWay && !has_requested(folders[at])) forget_list();
  return true;
}

// The server has many folders to read over the first connection meanwhile.
bool SpareReader::open(const std::vector<imap::Folder>& folders, std::size_t at,
                       const FoldersAhead::TurnOf& turn_of) {
  if (is_over_ || at < next_try_ || !first_.is_at_full_speed()) return false;
  is_over_ = !are_enough(folders, at, turn_of);
  if (is_over_) return false;
  std::vector<SpareSession> taken = tools_.spares.take(1);
  if (taken.empty()) {
    next_try_ = at + kMinFolders;
    return false;
  }
  spare_.emplace(std::move(taken.front()));
  session_ = tools_.turn.away([this] { return tools_.spares.open(*spare_); });
  if (session_ == nullptr) {
    is_over_ = true;
    spare_.reset();
    return false;
  }
  hold_.emplace(tools_.spares);
  ahead_.emplace(first_);  // with what is known about the account's folders
  ahead_->begin(*session_);
  own_tools_.emplace(PassTools{*session_, tools_.spares, tools_.writer, tools_.account, tools_.turn,
                               tools_.budget, tools_.now, tools_.departures, tools_.stumbles,
                               tools_.daily_budget, tools_.admission, tools_.known, tools_.waits,
                               tools_.stored});
  return true;
}

bool SpareReader::list_meanwhile(const std::vector<imap::Folder>& folders, std::size_t at,
                                 const FoldersAhead::TurnOf& turn_of) {
  // A list takes about as long as reading a tenth of the folders.
  constexpr std::size_t kPart = 10;
  constexpr std::size_t kRequestedAlready = 128;
  const auto left = std::span(folders).subspan(at);
  if (listing_ == Listing::kLater && session_ != nullptr &&
      left.size() <= folders.size() / kPart + kRequestedAlready) {
    const bool are_all_small = std::ranges::none_of(
        left, [&](const imap::Folder& folder) { return turn_of(folder) == Turn::kAlone; });
    listing_ = are_all_small ? Listing::kNext : Listing::kOver;
  }
  if (listing_ == Listing::kNext && session_ == nullptr) listing_ = Listing::kOver;
  const bool is_next = listing_ == Listing::kNext && tools_.session.requested_ahead() == 0;
  if (is_next || listing_ == Listing::kUnderWay) {
    const bool has_more = tools_.turn.away([&] { return tools_.session.list_ahead(kNextDetail); });
    if (is_next && has_more) first_after_list_ = at;
    listing_ = has_more ? Listing::kUnderWay : Listing::kOver;
  }
  return listing_ == Listing::kNext || listing_ == Listing::kUnderWay;
}

// A connection that is lost over the list is not lost over the folder that would wait for it.
void SpareReader::forget_list() {
  first_after_list_.reset();
  listing_ = Listing::kOver;
  tools_.turn.away([&] { tools_.session.forget_list(); });
}

void SpareReader::make_room_for(const imap::Folder& folder) {
  const bool is_large = folder.status && folder.status->messages.value_or(0) >= kLargeFolder;
  if (session_ != nullptr && is_large && session_->requested_ahead() == 0) give_back();
}

bool SpareReader::drop_after(const base::Error& error, std::vector<imap::Folder>& folders,
                             std::size_t at) {
  if (!is_dispensable_after(error)) return false;
  base::log_info("{}: the backup goes on without its second connection: {}", tools_.account,
                 error.what());
  drop(folders, at);
  return true;
}

void SpareReader::drop(std::vector<imap::Folder>& folders, std::size_t at) {
  if (session_ == nullptr) return;
  is_over_ = true;
  first_.learn_from(*ahead_);
  close();
  first_.put_requested_first(folders, at);
}

void SpareReader::finish() {
  if (session_ == nullptr) return;
  try {
    tools_.turn.away([this] { session_->close_ahead(); });
  } catch (const base::Error& error) {
    if (!is_dispensable_after(error)) throw;
    base::log_info("{}: the second connection is lost at its end: {}", tools_.account,
                   error.what());
    return close();
  }
  give_back();
}

void SpareReader::give_back() {
  std::vector<SpareSession> kept;
  kept.push_back(*std::exchange(spare_, std::nullopt));
  session_ = &kept.front().session.value();
  close();
  tools_.spares.give_back(std::move(kept));
}

void SpareReader::close() {
  for (std::string& line : tools_.admission.other_odd_lines(session_->odd_lines())) {
    warnings_.push_back(std::move(line));
  }
  session_ = nullptr;
  own_tools_.reset();
  ahead_.reset();
  hold_.reset();
  spare_.reset();
}

}  // namespace backupd
