// Session's commands about folders as a whole.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/terminal.h"
#include "imap/ascii.h"
#include "imap/personal_folders.h"
#include "imap/session_impl.h"

namespace imap {

namespace {

using base::ErrorCode;

// INBOX is one folder in any case (RFC 9051, section 5.1).
std::string key_of(std::string_view raw_name) {
  return equal_ignoring_case(raw_name, "INBOX") ? "INBOX" : std::string(raw_name);
}

// Folders in the order in which they came, each once, as many as memory is set aside for.
class FolderList {
 public:
  FolderList(std::vector<Folder>& folders, std::size_t most_kept)
      : folders_(folders), most_kept_(most_kept) {}

  void add(Folder folder) {
    if (!keys_.insert(key_of(folder.raw_name)).second) return;
    kept_ += sizeof(Folder) + 2 * (folder.raw_name.size() + sizeof(std::string));
    for (const std::string& attribute : folder.attributes) {
      kept_ += attribute.size() + sizeof(std::string);
    }
    if (kept_ > most_kept_) {
      base::fail(ErrorCode::kProtocol, "the server sent folders without end");
    }
    folders_.push_back(std::move(folder));
  }

 private:
  std::vector<Folder>& folders_;
  std::unordered_set<std::string> keys_;
  std::size_t most_kept_;
  std::size_t kept_ = 0;
};

class StatusList {
 public:
  explicit StatusList(std::size_t most_kept) : most_kept_(most_kept) {}

  void add(FolderStatusResponse& response) {
    kept_ += sizeof(FolderStatus) + response.raw_name.size() + sizeof(std::string);
    if (kept_ > most_kept_) {
      base::fail(ErrorCode::kProtocol, "the server sent the status of folders without end");
    }
    FolderStatus& known = statuses_[key_of(response.raw_name)];
    merge(known.uid_validity, response.status.uid_validity);
    merge(known.uid_next, response.status.uid_next);
    merge(known.messages, response.status.messages);
    merge(known.highest_modseq, response.status.highest_modseq);
    merge(known.size, response.status.size);
    merge(known.mailbox_id, response.status.mailbox_id);
  }

  std::optional<FolderStatus> take(std::string_view raw_name) {
    auto found = statuses_.extract(key_of(raw_name));
    if (!found) return std::nullopt;
    return std::move(found.mapped());
  }

 private:
  // A folder's status comes in more than one answer.
  template <typename Value>
  static void merge(std::optional<Value>& known, std::optional<Value>& told) {
    if (told) known = std::move(told);
  }

  std::unordered_map<std::string, FolderStatus> statuses_;
  std::size_t most_kept_;
  std::size_t kept_ = 0;
};

}  // namespace

std::vector<Folder> Session::Impl::list(std::string_view pattern) {
  std::vector<Folder> folders;
  FolderList list(folders, limits_.most_kept);
  require_ok(run(command("LIST").word("\"\"").string(pattern), [&list](Response& response) {
    if (auto* const answer = std::get_if<ListResponse>(&response)) {
      list.add(std::move(answer->folder));
    }
  }));
  return folders;
}

std::vector<std::string> Session::Impl::subscriptions() {
  std::vector<Folder> folders;
  FolderList list(folders, limits_.most_kept);
  Command listing =
      capabilities_.has("LIST-EXTENDED") ? command("LIST").word("(SUBSCRIBED)") : command("LSUB");
  require_ok(run(listing.word("\"\"").string("*"), [&list](Response& response) {
    if (auto* const answer = std::get_if<ListResponse>(&response)) {
      list.add(std::move(answer->folder));
    }
  }));
  std::vector<std::string> names;
  names.reserve(folders.size());
  for (Folder& folder : folders) names.push_back(std::move(folder.raw_name));
  return names;
}

std::string Session::Impl::status_items() const {
  std::string items = "(MESSAGES UIDNEXT UIDVALIDITY";
  if (capabilities_.has_modseq()) items += " HIGHESTMODSEQ";
  if (capabilities_.has("STATUS=SIZE")) items += " SIZE";
  return items += ')';
}

// Asked for by itself: beside other items Cyrus 3.6 answers with bytes of memory that it no longer
// owns, which may be anything, parentheses and line ends included.
std::string Session::Impl::identity_items() const {
  return capabilities_.has("OBJECTID") ? "(MAILBOXID)" : "";
}

std::vector<Folder> Session::Impl::list_personal_folders() {
  const bool has_list_status = capabilities_.has("LIST-STATUS");
  const std::string identity = identity_items();
  std::vector<Connection::Tag> tags;
  for (const std::string& pattern : personal_patterns(namespaces_)) {
    const auto list_with = [&](const std::string& options) {
      Command listing = command("LIST").word("\"\"").string(pattern);
      if (!options.empty()) listing.word("RETURN (" + options + ')');
      tags.push_back(start(std::move(listing)));
    };
    const std::string use = capabilities_.has("SPECIAL-USE") ? "SPECIAL-USE " : "";
    list_with(has_list_status ? use + "STATUS " + status_items() : "");
    if (has_list_status && !identity.empty()) list_with("STATUS " + identity);
  }

  std::vector<Folder> folders;
  FolderList list(folders, limits_.most_kept);
  StatusList statuses(limits_.most_kept);
  const auto take = [&](Response& response) {
    if (auto* const answer = std::get_if<ListResponse>(&response)) {
      if (is_personal(answer->folder.raw_name, namespaces_)) list.add(std::move(answer->folder));
    } else if (auto* const status = std::get_if<FolderStatusResponse>(&response)) {
      if (is_personal(status->raw_name, namespaces_)) statuses.add(*status);
    }
  };
  for (const Connection::Tag tag : tags) require_ok(finish(tag, take));

  if (!has_list_status) {
    tags.clear();
    for (const Folder& folder : folders) {
      if (!folder.can_be_opened()) continue;
      for (const std::string& items : {status_items(), identity}) {
        if (items.empty()) continue;
        tags.push_back(start(command("STATUS").string(folder.raw_name).word(items)));
      }
    }
    // A folder that the server says nothing about has no status; the others have.
    for (const Connection::Tag tag : tags) finish(tag, take);
  }
  for (Folder& folder : folders) {
    folder.status = statuses.take(folder.raw_name);
  }
  return folders;
}

FolderStatus Session::Impl::status(std::string_view raw_name) {
  std::vector<Connection::Tag> tags;
  for (const std::string& items : {status_items(), identity_items()}) {
    if (!items.empty()) tags.push_back(start(command("STATUS").string(raw_name).word(items)));
  }
  StatusList statuses(limits_.most_kept);
  const auto take = [&](Response& response) {
    auto* const answer = std::get_if<FolderStatusResponse>(&response);
    if (answer != nullptr) statuses.add(*answer);
  };
  std::vector<StatusResponse> ends;
  ends.reserve(tags.size());
  for (const Connection::Tag tag : tags) ends.push_back(finish(tag, take));
  for (const StatusResponse& end : ends) require_ok(end);
  return statuses.take(raw_name).value_or(FolderStatus{});
}

OpenFolder Session::Impl::open_folder(std::string_view verb, std::string_view raw_name) {
  OpenFolder folder;
  const auto take_code = [&folder](const ResponseCode& code) {
    const std::uint64_t number = code.number().value_or(0);
    const bool is_32_bits = number > 0 && number <= kLargestUid.value;
    if (code.is("CLOSED")) {
      folder = {};  // what came before was about the folder that was open until now
    } else if (code.is("UIDVALIDITY") && is_32_bits) {
      folder.uid_validity = static_cast<std::uint32_t>(number);
    } else if (code.is("UIDNEXT") && is_32_bits) {
      folder.uid_next = static_cast<std::uint32_t>(number);
    } else if (code.is("HIGHESTMODSEQ") && number > 0) {
      folder.highest_modseq = number;
    } else if (code.is("PERMANENTFLAGS")) {
      folder.permanent_flags = code.words();
    } else if (code.is("MAILBOXID")) {
      const std::vector<std::string> words = code.words();
      if (words.size() == 1) folder.mailbox_id = words.front();
    }
  };

  Command opening = command(verb).string(raw_name);
  if (capabilities_.has_modseq() && !has_enabled_modseq_) opening.word("(CONDSTORE)");
  has_modseq_ = false;
  const StatusResponse answer = run(std::move(opening), [&](Response& response) {
    if (const auto* const status = std::get_if<StatusResponse>(&response)) {
      take_code(status->code);
    } else if (const auto* const exists = std::get_if<ExistsResponse>(&response)) {
      folder.exists = exists->count;
    }
  });
  require_ok(answer);
  take_code(answer.code);
  open_name_ = raw_name;
  exists_ = folder.exists;
  has_modseq_ = folder.highest_modseq.has_value();
  return folder;
}

Session::Created Session::Impl::create(std::string_view raw_name) {
  const StatusResponse answer = run(command("CREATE").string(raw_name));
  Created created;
  created.created = answer.condition == Condition::kOk;
  if (!created.created) created.reason = base::escape_for_terminal(answer.text);
  if (answer.code.is("MAILBOXID")) {
    const std::vector<std::string> words = answer.code.words();
    if (words.size() == 1) created.mailbox_id = words.front();
  }
  return created;
}

void Session::Impl::run_on_folder(std::string_view verb, std::string_view raw_name) {
  require_ok(run(command(verb).string(raw_name)));
}

std::vector<QuotaRoot> Session::Impl::quota_roots(std::string_view raw_name) {
  if (!capabilities_.has("QUOTA")) return {};
  std::vector<QuotaRoot> roots;
  require_ok(run(command("GETQUOTAROOT").string(raw_name), [&roots](Response& response) {
    const auto find = [&roots](const std::string& name) {
      return std::find_if(roots.begin(), roots.end(),
                          [&name](const QuotaRoot& root) { return root.name == name; });
    };
    if (auto* const names = std::get_if<QuotaRootResponse>(&response)) {
      for (std::string& name : names->roots) {
        if (find(name) == roots.end()) roots.push_back({std::move(name), {}});
      }
    } else if (auto* const quota = std::get_if<QuotaResponse>(&response)) {
      const auto known = find(quota->root.name);
      if (known != roots.end()) known->resources = std::move(quota->root.resources);
    }
  }));
  return roots;
}

void Session::Impl::set_quota(std::string_view root, std::span<const QuotaResource> limits) {
  std::string list = "(";
  for (const QuotaResource& resource : limits) {
    if (list.size() > 1) list += ' ';
    list += resource.name + ' ' + std::to_string(resource.limit);
  }
  require_ok(run(command("SETQUOTA").string(root).word(list + ')')));
}

}  // namespace imap
