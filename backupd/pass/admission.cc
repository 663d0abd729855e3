#include "backupd/pass/admission.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <unordered_map>

#include <fmt/core.h>

#include "base/terminal.h"
#include "base/utf8.h"
#include "store/format/limits.h"

namespace backupd {

namespace {

// Kinds and folders listed in the report; that there are more is only mentioned.
constexpr std::size_t kMaxPlaces = 100;

// Bytes of a name in the report.
constexpr std::size_t kMaxShownName = 100;

// Counted for each flag or property in addition to its text, so that many short ones count too.
constexpr std::size_t kOverhead = 64;

// An ID that several folders have identifies none of them: it would lead to another folder's
// messages.
void drop_shared_ids(std::vector<imap::Folder>& listed) {
  std::unordered_map<std::string, std::size_t> folders;
  for (const imap::Folder& folder : listed) {
    if (folder.status && folder.status->mailbox_id) ++folders[*folder.status->mailbox_id];
  }
  for (imap::Folder& folder : listed) {
    if (!folder.status || !folder.status->mailbox_id) continue;
    if (folders[*folder.status->mailbox_id] > 1) folder.status->mailbox_id.reset();
  }
}

bool is_system_flag(std::string_view flag) {
  static constexpr std::array<std::string_view, 5> kSystem = {"\\Answered", "\\Deleted", "\\Draft",
                                                              "\\Flagged", "\\Seen"};
  return std::ranges::find(kSystem, flag) != kSystem.end();
}

// Spreads the bits of a hash, so that the sum of several is a hash of their set (splitmix64).
std::uint64_t mixed(std::uint64_t hash) {
  hash = (hash ^ (hash >> 30U)) * 0xBF58476D1CE4E5B9U;
  hash = (hash ^ (hash >> 27U)) * 0x94D049BB133111EBU;
  return hash ^ (hash >> 31U);
}

}  // namespace

void shorten_reasons(std::vector<store::SkippedMessage>& skipped) {
  if (skipped.empty()) return;
  const std::size_t limit = std::min(store::kMaxReason, store::kMaxReasons / skipped.size());
  for (store::SkippedMessage& message : skipped) {
    if (message.reason.size() > limit) message.reason = base::shortened(message.reason, limit);
  }
}

void Admission::leave_out(std::string_view raw_name, const char* what, std::size_t size,
                          std::size_t limit) {
  const Place place{raw_name.substr(0, kMaxShownName), what};
  const auto found = left_out_.find(place);
  if (found == left_out_.end() && left_out_.size() >= kMaxPlaces) {
    is_more_ = true;
    return;
  }
  Excess& excess = left_out_[place];
  excess.largest = std::max(excess.largest, size);
  excess.limit = limit;
}

bool Admission::fits(std::string_view raw_name, const char* what, std::size_t size,
                     std::size_t limit) {
  if (size <= limit) return true;
  leave_out(raw_name, what, size, limit);
  return false;
}

std::string Admission::prefix(const std::string& prefix) {
  return fits("", "the prefix of the personal namespace", prefix.size(), store::kMaxNamespacePrefix)
             ? prefix
             : "";
}

bool Admission::has_room_for_name(const imap::Folder& folder) {
  return folder.raw_name.size() <= store::kMaxFolderName;
}

void Admission::admit(std::vector<imap::Folder>& listed) {
  if (listed.size() > store::kMaxFolders) {
    most_folders_ = std::max(most_folders_, listed.size());
    listed.resize(store::kMaxFolders);
  }
  for (imap::Folder& folder : listed) {
    const std::string_view name = folder.raw_name;
    fits(name, "a folder with such a name", name.size(), store::kMaxFolderName);
    std::size_t all = 0;
    std::erase_if(folder.attributes, [&](const std::string& attribute) {
      if (!fits(name, "an attribute of LIST", attribute.size(), store::kMaxAttribute)) return true;
      all += attribute.size() + kOverhead;
      return !fits(name, "an attribute of LIST, with those before it", all, store::kMaxAttributes);
    });
    if (!folder.status || !folder.status->mailbox_id) continue;
    if (!fits(name, "the MAILBOXID", folder.status->mailbox_id->size(), store::kMaxServerId)) {
      folder.status->mailbox_id.reset();
    }
  }
  drop_shared_ids(listed);
}

void Admission::note(const imap::ListGaps& gaps) {
  is_list_empty_ = gaps.is_empty && gaps.inbox_refusal.empty();
  for (const std::string& line : gaps.odd_lines.shown) {
    if (odd_lines_.size() < kMaxPlaces) odd_lines_.insert(line);
  }
}

std::vector<std::string> Admission::other_odd_lines(const imap::OddLines& lines) const {
  std::vector<std::string> warnings;
  for (const std::string& line : lines.shown) {
    if (odd_lines_.contains(line)) continue;
    warnings.push_back("the server sent a line that is not understood and not used: " +
                       base::escape_for_terminal(line));
  }
  return warnings;
}

void Admission::admit(const std::string& raw_name, imap::OpenFolder& open) {
  if (!open.mailbox_id) return;
  if (!fits(raw_name, "the MAILBOXID", open.mailbox_id->size(), store::kMaxServerId)) {
    open.mailbox_id.reset();
  }
}

void Admission::admit(const std::string& raw_name, imap::MessageItems& items) {
  if (!fits(raw_name, "the EMAILID of a message", items.server_id.size(), store::kMaxServerId)) {
    items.server_id.clear();
  }
  if (!items.flags) return;
  limit_each(raw_name, *items.flags);
  limit_sets(raw_name, *items.flags);
}

void Admission::limit_each(const std::string& raw_name, std::vector<std::string>& flags) {
  std::size_t all = 0;
  bool is_long = false;
  for (const std::string& flag : flags) {
    all += flag.size() + kOverhead;
    is_long = is_long || flag.size() > store::kMaxFlag;
  }
  if (!is_long && all <= store::kMaxFlags) return;
  // System flags matter more, and the same flags must be kept every time.
  std::ranges::sort(flags, {}, [](const std::string& flag) {
    return std::pair(!flag.starts_with('\\'), std::string_view(flag));
  });
  all = 0;
  std::erase_if(flags, [&](const std::string& flag) {
    if (!fits(raw_name, "a flag of a message", flag.size(), store::kMaxFlag)) return true;
    all += flag.size() + kOverhead;
    return !fits(raw_name, "a flag of a message, with those before it", all, store::kMaxFlags);
  });
}

void Admission::limit_sets(const std::string& raw_name, std::vector<std::string>& flags) {
  if (folder_of_sets_ != raw_name) {
    folder_of_sets_ = raw_name;
    sets_.clear();
    set_bytes_ = 0;
  }
  std::uint64_t hash = 0;  // of the set, whatever its order
  std::size_t bytes = kOverhead;
  for (const std::string& flag : flags) {
    hash += mixed(std::hash<std::string>()(flag));
    bytes += flag.size() + kOverhead;
  }
  if (sets_.contains(hash)) return;
  if (set_bytes_ + bytes > store::kMaxFlagSets) {
    std::erase_if(flags, [&](const std::string& flag) {
      if (is_system_flag(flag)) return false;
      leave_out(raw_name, "a keyword, with the different sets of flags before it",
                set_bytes_ + bytes, store::kMaxFlagSets);
      return true;
    });
    return;
  }
  sets_.insert(hash);
  set_bytes_ += bytes;
}

// NUL separates the words of a property (store/format/account_properties.cc).
bool Admission::is_word(std::string_view raw_name, const char* what, std::string_view text,
                        std::size_t limit) {
  if (!fits(raw_name, what, text.size(), limit)) return false;
  if (text.find('\0') == std::string_view::npos) return true;
  leave_out(raw_name, what, text.size(), 0);
  return false;
}

bool Admission::takes_room(std::string_view raw_name, const char* what, std::size_t size) {
  properties_ += size + kOverhead;
  if (fits(raw_name, what, properties_, store::kMaxProperties)) return true;
  properties_ -= size + kOverhead;
  return false;
}

void Admission::admit(store::AccountProperties& properties) {
  using store::kMaxFolderName;
  using store::kMaxPropertyWord;
  properties_ = 0;
  std::erase_if(properties.subscriptions, [&](const std::string& name) {
    constexpr const char* kWhat = "a subscription";
    return !fits("", kWhat, name.size(), kMaxFolderName) ||
           !takes_room("", "subscriptions, with all before them", name.size());
  });
  std::erase_if(properties.namespaces, [&](const store::AccountNamespace& space) {
    constexpr const char* kWhat = "a namespace";
    return !is_word("", kWhat, space.delimiter, kMaxPropertyWord) ||
           !fits("", kWhat, space.prefix.size(), store::kMaxNamespacePrefix) ||
           !takes_room("", "namespaces, with all before them", space.prefix.size());
  });
  std::erase_if(properties.quota_limits, [&](const store::QuotaLimit& limit) {
    constexpr const char* kWhat = "a quota";
    return !is_word("", kWhat, limit.root, kMaxPropertyWord) ||
           !is_word("", kWhat, limit.resource, kMaxPropertyWord) ||
           !takes_room("", "quotas, with all before them",
                       limit.root.size() + limit.resource.size());
  });
  std::erase_if(properties.quota_roots, [&](const store::FolderQuotaRoot& root) {
    constexpr const char* kWhat = "a quota root";
    return !is_word(root.raw_name, kWhat, root.raw_name, kMaxFolderName) ||
           !fits(root.raw_name, kWhat, root.root.size(), kMaxPropertyWord) ||
           !takes_room("", "quota roots, with all before them",
                       root.raw_name.size() + root.root.size());
  });
  std::erase_if(properties.rights, [&](const store::FolderRight& right) {
    constexpr const char* kWhat = "a line of its access control list";
    return !is_word(right.raw_name, kWhat, right.rights, kMaxPropertyWord) ||
           !is_word(right.raw_name, kWhat, right.identifier, kMaxPropertyWord) ||
           !fits(right.raw_name, kWhat, right.raw_name.size(), kMaxFolderName) ||
           !takes_room("", "access control lists, with all before them",
                       right.raw_name.size() + right.identifier.size() + right.rights.size());
  });
  std::erase_if(properties.metadata, [&](const store::FolderMetadata& one) {
    constexpr const char* kWhat = "a METADATA value";
    return !is_word(one.raw_name, kWhat, one.raw_name, kMaxFolderName) ||
           !is_word(one.raw_name, "a METADATA entry with such a name", one.entry,
                    kMaxPropertyWord) ||
           !fits(one.raw_name, kWhat, one.value.size(), store::kMaxMetadataValue) ||
           !takes_room("", "METADATA, with all before it",
                       one.raw_name.size() + one.entry.size() + one.value.size());
  });
}

std::vector<std::string> Admission::troubles() const {
  std::vector<std::string> lines;
  if (most_folders_ > 0) {
    lines.push_back(fmt::format("all but {} of {} folders are left out: an account can't have more",
                                base::format_count(store::kMaxFolders),
                                base::format_count(most_folders_)));
  }
  if (lacks_namespaces_) {
    lines.push_back(
        fmt::format("the server reports more than {} personal namespaces, or one whose prefix has "
                    "a NUL: folders in those left out are missing unless \"namespaces\" names "
                    "their prefixes",
                    base::format_count(imap::kMaxNamespaces)));
  }
  if (!only_inbox_.empty()) {
    lines.push_back("the server names no personal namespace, and gives all folders to others: " +
                    only_inbox_);
  }
  if (is_list_empty_) {
    lines.emplace_back(
        "the server lists no folder at all, not even INBOX, which it has: others may be missing");
  }
  for (const std::string& line : odd_lines_) {
    lines.push_back("a line of LIST is not understood, so its folder may be missing: " +
                    base::escape_for_terminal(line));
  }
  for (const auto& [place, excess] : left_out_) {
    const auto& [raw_name, what] = place;
    const std::string where =
        raw_name.empty() ? "" : base::escape_for_terminal(base::shortened(raw_name, 60)) + ": ";
    if (excess.limit == 0) {
      lines.push_back(fmt::format("{}{} is left out: it contains a NUL", where, what));
    } else {
      lines.push_back(fmt::format("{}{} is left out: {} bytes, more than the limit of {}", where,
                                  what, base::format_count(excess.largest),
                                  base::format_count(excess.limit)));
    }
  }
  if (is_more_) lines.emplace_back("values of these kinds are left out in other folders too");
  return lines;
}

}  // namespace backupd
