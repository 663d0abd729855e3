#include "backupd/pass/unlisted_folders.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <fmt/core.h>

#include "base/ascii.h"
#include "base/error.h"
#include "base/time_text.h"

namespace backupd {

namespace {

using Kind = imap::FolderAnswer::Kind;

// After this time of refusals without a response code a folder counts as gone: two nightly backups
// are further apart, two attempts on one evening are not.
constexpr std::chrono::hours kDoubtfulFor{12};

constexpr std::string_view kSince = "since ";
constexpr std::string_view kPlainNo = " the server neither lists it nor reports it as deleted: ";

imap::Folder folder_of(const store::FolderInfo& info) {
  imap::Folder folder;
  folder.raw_name = info.raw_name;
  folder.delimiter = info.delimiter == '\0' ? std::nullopt : std::optional(info.delimiter);
  folder.attributes = info.attributes;
  return folder;
}

// When the folder was first refused like that; nullopt: it was not refused when it was last
// recorded.
std::optional<std::chrono::sys_seconds> first_plain_no(const store::FolderInfo& last) {
  const std::string_view reason = last.trouble;
  const std::size_t end = reason.find(kPlainNo);
  const bool is_one = last.completeness == store::FolderCompleteness::kUnreadable &&
                      reason.starts_with(kSince) && end != std::string_view::npos;
  if (!is_one) return std::nullopt;
  try {
    return base::parse_time(reason.substr(kSince.size(), end - kSince.size()), "UTC");
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

// Adds the folders, in place of lines with the same names.
void put_listed(std::vector<imap::Folder>& listed, std::vector<imap::Folder> folders) {
  if (folders.empty()) return;
  std::unordered_set<std::string_view> names;
  for (const imap::Folder& folder : folders) names.insert(folder.raw_name);
  std::erase_if(listed,
                [&](const imap::Folder& folder) { return names.contains(folder.raw_name); });
  std::ranges::move(folders, std::back_inserter(listed));
}

}  // namespace

void UnlistedFolders::find(const PassTools& tools, const FolderRecords& last,
                           std::vector<imap::Folder>& listed) {
  const std::vector<std::string> names = names_to_ask(last, listed);
  if (!names.empty()) {
    const std::vector<imap::FolderAnswer> answers = ask(tools, names);
    std::vector<imap::Folder> found;
    for (std::size_t at = 0; at < names.size(); ++at) {
      judge(*last.by_name(names[at]), answers[at], tools.now, found);
    }
    put_listed(listed, std::move(found));
  }
  std::erase_if(listed, [&](const imap::Folder& folder) {
    return kept_.contains(folder.raw_name) && !folder.can_be_opened();
  });
}

std::vector<std::string> UnlistedFolders::names_to_ask(
    const FolderRecords& last, const std::vector<imap::Folder>& listed) const {
  std::unordered_set<std::string_view> names;
  std::unordered_set<std::string_view> ids;
  for (const imap::Folder& folder : listed) {
    if (!folder.can_be_opened()) continue;
    names.insert(folder.raw_name);
    if (folder.status && folder.status->mailbox_id) ids.insert(*folder.status->mailbox_id);
  }
  std::vector<std::string> asked;
  for (const store::FolderRecord& record : last.all()) {
    const store::FolderInfo& info = record.info;
    const bool is_listed = names.contains(info.raw_name) ||
                           (!info.mailbox_id.empty() && ids.contains(info.mailbox_id));
    // Every listing requests INBOX anyway.
    if (is_listed || info.completeness == store::FolderCompleteness::kContainer ||
        base::equal_ignoring_case(info.raw_name, imap::kInbox) ||
        filter_.leaves_out(folder_of(info)) || kept_.contains(info.raw_name) ||
        gone_.contains(info.raw_name)) {
      continue;
    }
    asked.push_back(info.raw_name);
  }
  return asked;
}

std::vector<imap::FolderAnswer> UnlistedFolders::ask(const PassTools& tools,
                                                     const std::vector<std::string>& names) {
  const auto ask = [&](std::span<const std::string> some) {
    return tools.turn.away([&] { return tools.session.ask(some); });
  };
  if (!asks_singly_) {
    asks_singly_ = true;  // unless all answers arrive
    std::vector<imap::FolderAnswer> answers = ask(names);
    asks_singly_ = false;
    return answers;
  }
  std::vector<imap::FolderAnswer> answers;
  for (const std::string& name : names) {
    try {
      answers.push_back(ask({&name, 1}).front());
    } catch (const base::Error& error) {
      if (base::is_connection_trouble(error.code())) {
        kept_.insert_or_assign(
            name, fmt::format("the server does not list it, and fails when it is requested: {}",
                              error.what()));
      }
      throw;
    }
  }
  return answers;
}

void UnlistedFolders::judge(const store::FolderRecord& last, const imap::FolderAnswer& answer,
                            std::chrono::sys_seconds now, std::vector<imap::Folder>& found) {
  const std::string& name = last.info.raw_name;
  if (answer.kind == Kind::kExists) {
    imap::Folder folder = folder_of(last.info);
    folder.status = answer.status;
    found.push_back(std::move(folder));
    found_.insert(name);
  } else if (answer.kind == Kind::kUnserved) {
    kept_.insert_or_assign(name, "the server does not list it, and refuses it: " + answer.reason);
  } else if (answer.kind == Kind::kPlainNo) {
    // A wrong clock noted a time of the future: then the refusals count from now.
    const std::chrono::sys_seconds since = std::min(first_plain_no(last.info).value_or(now), now);
    const bool was_never_read = last.info.uid_validity == 0 && last.receipt.messages == 0;
    if (was_never_read || now - since >= kDoubtfulFor) {
      gone_.insert(name);
    } else {
      kept_.insert_or_assign(
          name, fmt::format("{}{}{}{}", kSince, base::shown_time(since), kPlainNo, answer.reason));
    }
  } else {
    gone_.insert(name);
  }
}

std::vector<UnlistedFolders::Kept> UnlistedFolders::to_keep(const imap::ListGaps& gaps,
                                                            const FolderRecords& last) const {
  std::vector<Kept> folders;
  if (!gaps.inbox_refusal.empty()) {
    imap::Folder inbox;
    inbox.raw_name = imap::kInbox;
    folders.push_back(
        {std::move(inbox), "the server does not list INBOX and refuses it: " + gaps.inbox_refusal});
  }
  for (const auto& [name, reason] : kept_) {
    const store::FolderRecord* const record = last.by_name(name);
    if (record != nullptr) folders.push_back({folder_of(record->info), reason});
  }
  if (!gaps.is_empty) return folders;
  for (const store::FolderRecord& record : last.all()) {
    if (record.info.completeness == store::FolderCompleteness::kContainer) continue;
    folders.push_back({folder_of(record.info),
                       "the server listed no folder at all, though there were some before"});
  }
  return folders;
}

}  // namespace backupd
