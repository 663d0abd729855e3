// Session's commands for whole folders.
#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/terminal.h"
#include "imap/folder_list.h"
#include "imap/personal_folders.h"
#include "imap/session_impl.h"

namespace imap {

namespace {

// Dovecot ("Mailbox doesn't exist: x") and Cyrus ("Mailbox does not exist") give no response code.
bool says_nonexistent(std::string_view text) {
  static constexpr std::array<std::string_view, 5> kWords = {
      "doesn't exist", "does not exist", "no such mailbox", "no such folder", "unknown mailbox"};
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), base::to_lower);
  return std::ranges::any_of(
      kWords, [&](std::string_view words) { return lower.find(words) != std::string::npos; });
}

// A larger one can't be sent back to the server (RFC 7162, section 3.1).
constexpr std::uint64_t kMaxModseq = (std::uint64_t{1} << 63U) - 1;

constexpr std::size_t kMaxRoots = 1'000;  // quota roots of one folder

// Whether a server refused to open a folder, perhaps because of CONDSTORE or QRESYNC.
bool may_refuse_parameter(const StatusResponse& answer) {
  return answer.condition == Condition::kBad ||
         (answer.condition == Condition::kNo && answer.code.name.empty() &&
          !says_nonexistent(answer.text));
}

// Leaves the answer as it is if the server did not refuse.
void note_refusal(const StatusResponse& end, FolderAnswer& answer) {
  using Kind = FolderAnswer::Kind;
  if (end.condition == Condition::kOk) return;
  const bool is_no = end.condition == Condition::kNo;
  const bool is_plain = is_no && end.code.name.empty();
  if (is_no && (end.code.is("NONEXISTENT") || end.code.is("TRYCREATE") ||
                (is_plain && says_nonexistent(end.text)))) {
    answer.kind = Kind::kGone;
  } else {
    answer.kind = is_plain ? Kind::kPlainNo : Kind::kUnserved;
  }
  StatusResponse shown = end;
  if (!end.code.name.empty()) shown.text = '[' + end.code.name + "] " + end.text;
  answer.reason = refusal_of(shown);
}

}  // namespace

std::vector<Folder> Session::Impl::list(std::string_view pattern) {
  const std::uint64_t odd = odd_lines_.count;
  std::vector<Folder> folders = listed(command("LIST").text("\"\"").string(pattern));
  require_all_understood(odd, "LIST");
  return folders;
}

std::vector<Folder> Session::Impl::listed(Command command) {
  std::vector<Folder> folders;
  FolderList list(folders, limits_.max_kept);
  require_ok(run(std::move(command), [&](Response& response) {
    auto* const answer = std::get_if<ListResponse>(&response);
    if (answer != nullptr) note_progress_if(list.add(std::move(answer->folder)));
  }));
  return folders;
}

// An empty list from a server that is starting, or temporarily hides folders, must not look like an
// account that lost its mail.
void Session::Impl::find_inbox(std::vector<Folder>& folders) {
  list_gaps_ = {};
  list_gaps_.is_empty = folders.empty();
  const auto listed = std::find_if(folders.begin(), folders.end(), [](const Folder& folder) {
    return base::equal_ignoring_case(folder.raw_name, kInbox);
  });
  if (listed != folders.end() && listed->can_be_opened()) return;
  if (caution_ != nullptr && caution_->without.contains(kInbox)) {
    list_gaps_.inbox_refusal = "the connection broke over its STATUS";
    return;
  }
  if (caution_ != nullptr) caution_->requested = kInbox;
  FolderStatus received;
  const StatusResponse answer = status_of(kInbox, received);
  if (caution_ != nullptr) caution_->requested.clear();
  if (answer.condition != Condition::kOk) {
    list_gaps_.inbox_refusal = refusal_of(answer);
    list_gaps_.inbox_is_nonexistent = answer.code.is("NONEXISTENT");
    return;
  }
  Folder inbox;
  inbox.raw_name = kInbox;
  inbox.status = std::move(received);
  if (listed != folders.end()) {
    inbox.raw_name = listed->raw_name;
    inbox.delimiter = listed->delimiter;
    folders.erase(listed);
  } else if (!folders.empty()) {
    inbox.delimiter = folders.front().delimiter;
  } else if (!namespaces_.personal.empty()) {
    inbox.delimiter = namespaces_.personal.front().delimiter;
  }
  folders.insert(folders.begin(), std::move(inbox));
}

void Session::Impl::add_namespaces(std::span<const std::string> prefixes) {
  if (list_under_way_ && !prefixes.empty()) finish_list();
  const std::optional<char> delimiter =
      namespaces_.personal.empty() ? std::nullopt : namespaces_.personal.front().delimiter;
  for (const std::string& prefix : prefixes) {
    const auto is_it = [&](const Namespace& space) { return space.prefix == prefix; };
    std::erase_if(namespaces_.other_users, is_it);
    std::erase_if(namespaces_.shared, is_it);
    const auto known = std::ranges::find_if(namespaces_.personal, is_it);
    if (known == namespaces_.personal.end()) {
      namespaces_.personal.push_back({prefix, delimiter, true});
    } else {
      known->is_configured = true;
    }
    prefetched_folders_.reset();  // they were listed without it
  }
}

// A server that announces LIST-EXTENDED, and does not have it, may still have LSUB.
std::vector<std::string> Session::Impl::subscriptions() {
  std::vector<Folder> folders;
  const std::uint64_t odd = odd_lines_.count;
  const auto list = [&](FixedText verb) {
    folders.clear();
    FolderList names(folders, limits_.max_kept);
    return run(command(verb).text("\"\"").string("*"), [&](Response& response) {
      auto* const answer = std::get_if<ListResponse>(&response);
      if (answer != nullptr) note_progress_if(names.add(std::move(answer->folder)));
    });
  };
  std::optional<StatusResponse> answer;
  if (capabilities_.has("LIST-EXTENDED") && !limits_.without.contains(kListSubscribed.view())) {
    answer = list(kListSubscribed);
  }
  const bool has_lsub = !limits_.without.contains("LSUB");
  if (has_lsub && (!answer || answer->condition != Condition::kOk)) answer = list("LSUB");
  if (!answer) base::fail(base::ErrorCode::kRefused, "the server does not answer LSUB");
  require_ok(*answer);
  if (odd_lines_.count != odd) {
    base::fail(base::ErrorCode::kRefused,
               "a line of the server's answer is not understood: what was known before is kept");
  }
  std::vector<std::string> names;
  names.reserve(folders.size());
  for (Folder& folder : folders) names.push_back(std::move(folder.raw_name));
  return names;
}

FolderStatus Session::Impl::status(std::string_view raw_name) {
  const std::uint64_t odd = odd_lines_.count;
  FolderStatus received;
  require_ok(status_of(raw_name, received));
  require_all_understood(odd, "STATUS");
  return received;
}

std::vector<FolderAnswer> Session::Impl::ask(std::span<const std::string> raw_names) {
  request_my_rights(raw_names);
  std::vector<Connection::Tag> tags;
  std::vector<std::size_t> folders;  // which each tag is about
  for (std::size_t at = 0; at < raw_names.size(); ++at) {
    if (!is_own(raw_names[at]) || !can_be_a_string(raw_names[at])) continue;
    for (const StatusItems& items : {status_items(), identity_items()}) {
      if (items.empty()) continue;
      tags.push_back(start(command("STATUS").string(raw_names[at]).list(items)));
      folders.push_back(at);
    }
  }
  StatusList statuses(limits_.max_kept);
  std::vector<FolderAnswer> answers(raw_names.size());
  for (std::size_t command = 0; command < tags.size(); ++command) {
    const StatusResponse end = finish(tags[command], [&](Response& response) {
      auto* const status = std::get_if<FolderStatusResponse>(&response);
      if (status != nullptr) note_progress_if(statuses.add(*status));
    });
    FolderAnswer& answer = answers[folders[command]];
    if (answer.kind == FolderAnswer::Kind::kExists) note_refusal(end, answer);
  }
  for (std::size_t at = 0; at < raw_names.size(); ++at) {
    if (!is_own(raw_names[at])) {
      answers[at] = {FolderAnswer::Kind::kGone, {}, "it is not one of the account's folders"};
    } else if (!can_be_a_string(raw_names[at])) {
      answers[at] = {
          FolderAnswer::Kind::kUnserved, {}, "its name has a NUL, which IMAP does not allow"};
    }
    if (answers[at].kind != FolderAnswer::Kind::kExists) continue;
    answers[at].status = statuses.take(raw_names[at]).value_or(FolderStatus{});
  }
  return answers;
}

StatusResponse Session::Impl::status_of(std::string_view raw_name, FolderStatus& received) {
  std::vector<Connection::Tag> tags;
  for (const StatusItems& items : {status_items(), identity_items()}) {
    if (!items.empty()) tags.push_back(start(command("STATUS").string(raw_name).list(items)));
  }
  StatusList statuses(limits_.max_kept);
  const auto take = [&](Response& response) {
    auto* const answer = std::get_if<FolderStatusResponse>(&response);
    if (answer != nullptr) note_progress_if(statuses.add(*answer));
  };
  std::vector<StatusResponse> ends;
  ends.reserve(tags.size());
  for (const Connection::Tag tag : tags) ends.push_back(finish(tag, take));
  received = statuses.take(raw_name).value_or(FolderStatus{});
  const auto refusal = std::find_if(ends.begin(), ends.end(), [](const StatusResponse& end) {
    return end.condition != Condition::kOk;
  });
  return refusal == ends.end() ? ends.front() : *refusal;
}

Command Session::Impl::opening(FixedText verb, std::string_view raw_name, const Resync* resync,
                               bool& has_parameter) const {
  Command opening = command(verb).string(raw_name);
  has_parameter = !refuses_modseq_;
  if (refuses_modseq_) {
    // The server announced an extension that it does not have.
  } else if (resync != nullptr) {
    opening.resync(resync->uid_validity, resync->since);
  } else if (capabilities_.has_modseq() && !has_enabled_modseq_) {
    opening.text("(CONDSTORE)");
  } else {
    has_parameter = false;
  }
  return opening;
}

OpenFolder Session::Impl::open_folder(FixedText verb, std::string_view raw_name,
                                      const Resync* resync, const Connection::Take& take) {
  has_opened_ = true;
  OpenFolder folder;
  bool is_counted = false;  // EXISTS was sent, and nothing was taken away since
  bool has_two_validities = false;
  bool has_two_ids = false;
  const auto reset = [&] {
    folder = {};
    is_counted = has_two_validities = has_two_ids = false;
  };
  const auto take_code = [&](const ResponseCode& code) {
    const std::uint64_t number = code.number().value_or(0);
    const bool is_32_bits = number > 0 && number <= kMaxUid.value;
    if (code.is("CLOSED")) {
      reset();  // earlier responses were about the previously open folder
    } else if (code.is("UIDVALIDITY") && is_32_bits) {
      const auto validity = static_cast<std::uint32_t>(number);
      // With two of them, a UID says nothing about earlier messages.
      has_two_validities =
          has_two_validities || (folder.uid_validity != 0 && folder.uid_validity != validity);
      folder.uid_validity = has_two_validities ? 0 : validity;
    } else if (code.is("UIDNEXT") && is_32_bits) {
      // The lower one of two numbers hides no later message or change.
      const auto next = static_cast<std::uint32_t>(number);
      folder.uid_next = std::min(folder.uid_next.value_or(next), next);
    } else if (code.is("HIGHESTMODSEQ") && number > 0 && number <= kMaxModseq) {
      folder.highest_modseq = std::min(folder.highest_modseq.value_or(number), number);
    } else if (code.is("PERMANENTFLAGS")) {
      folder.permanent_flags = code.words();
    } else if (code.is("MAILBOXID")) {
      const std::vector<std::string> words = code.words();
      if (words.size() != 1) return;
      has_two_ids = has_two_ids || (folder.mailbox_id && *folder.mailbox_id != words.front());
      folder.mailbox_id = has_two_ids ? std::nullopt : std::optional(words.front());
    }
  };

  const bool is_ahead =
      verb == FixedText("EXAMINE") && resync == nullptr && is_requested_ahead(raw_name);
  if (!is_ahead) discard_ahead();
  status_ahead_.reset();
  is_named_ahead_ = false;
  has_modseq_ = false;
  const Connection::Take take_state = [&](Response& response) {
    if (const auto* const status = std::get_if<StatusResponse>(&response)) {
      take_code(status->code);
    } else if (const auto* const exists = std::get_if<ExistsResponse>(&response)) {
      // Only EXPUNGE and VANISHED take messages away.
      folder.exists = std::max(folder.exists, exists->count);
      is_counted = true;
    } else if (std::holds_alternative<ExpungeResponse>(response)) {
      if (folder.exists > 0) --folder.exists;
      is_counted = false;
    } else if (const auto* const gone = std::get_if<VanishedResponse>(&response)) {
      const std::uint64_t count = gone->is_earlier ? 0 : gone->uids.count();
      folder.exists -= static_cast<std::uint32_t>(std::min<std::uint64_t>(folder.exists, count));
      is_counted = is_counted && gone->is_earlier;
    }
    if (take) take(response);
  };
  bool has_parameter = false;
  StatusResponse answer;
  if (is_ahead) answer = finish_ahead(take_state);
  if (!is_ahead || answer.condition != Condition::kOk) {
    discard_ahead();
    reset();
    answer = run(opening(verb, raw_name, resync, has_parameter), take_state);
  }
  if (has_parameter && may_refuse_parameter(answer)) {
    reset();
    answer = run(command(verb).string(raw_name), take_state);
    refuses_modseq_ = answer.condition == Condition::kOk;
  }
  require_ok(answer);
  take_code(answer.code);
  // A server without CONDSTORE can't be trusted to report all changes.
  if (refuses_modseq_) folder.highest_modseq.reset();
  open_name_ = raw_name;
  open_validity_ = folder.uid_validity;
  exists_ = folder.exists;
  had_modseq_ = has_modseq_ = folder.highest_modseq.has_value();
  if (folder.exists == 0 && !is_counted) folder.exists = count_messages();
  return folder;
}

// A folder without an EXISTS is not an empty one.
std::uint32_t Session::Impl::count_messages() {
  exists_ = 1;  // so that search_all() fails without a result
  exists_ = search_all().count();
  return static_cast<std::uint32_t>(exists_);
}

OpenFolder Session::Impl::examine(std::string_view raw_name, const Resync& resync,
                                  Changes& changes) {
  constexpr std::size_t kMaxStates = 50'000;
  changes = {};
  UidSet changed_uids;
  std::size_t bytes = 0;
  return open_folder("EXAMINE", raw_name, &resync, [&](Response& response) {
    if (const auto* const status = std::get_if<StatusResponse>(&response)) {
      // Earlier responses were about the previously open folder.
      if (status->code.is("CLOSED")) changes = {};
    } else if (const auto* const gone = std::get_if<VanishedResponse>(&response)) {
      for (const UidRange& range : gone->uids.ranges()) {
        note_progress_if(changes.vanished.add(range));
      }
      if (changes.vanished.ranges().size() > limits_.max_items) {
        base::fail(base::ErrorCode::kProtocol,
                   "the server reports more vanished messages than a folder can hold");
      }
    } else if (auto* const changed = std::get_if<FetchResponse>(&response)) {
      if (!changed->items.uid) return;
      note_shown(changed_uids, *changed->items.uid);
      bytes += memory_of(changed->items);
      if (changes.states.size() < kMaxStates && bytes <= limits_.max_kept) {
        changes.states.push_back(std::move(changed->items));
      } else {
        changes.has_all_states = false;
      }
    } else if (std::holds_alternative<OddResponse>(response)) {
      changes.has_all_states = false;
    }
  });
}

Session::Created Session::Impl::create(std::string_view raw_name,
                                       std::span<const std::string> uses) {
  Command creating = command("CREATE").string(raw_name);
  if (!uses.empty()) creating.uses(uses);
  const StatusResponse answer = run(std::move(creating));
  Created created;
  created.created = answer.condition == Condition::kOk;
  if (!created.created) created.reason = refusal_of(answer);
  if (answer.code.is("MAILBOXID")) {
    const std::vector<std::string> words = answer.code.words();
    if (words.size() == 1) created.mailbox_id = words.front();
  }
  return created;
}

void Session::Impl::run_on_folder(FixedText verb, std::string_view raw_name) {
  require_ok(run(command(verb).string(raw_name)));
}

std::vector<QuotaRoot> Session::Impl::quota_roots(std::string_view raw_name) {
  if (!capabilities_.has("QUOTA")) return {};
  std::vector<QuotaRoot> roots;
  const std::uint64_t odd = odd_lines_.count;
  require_ok(run(command("GETQUOTAROOT").string(raw_name), [&roots](Response& response) {
    const auto find = [&roots](const std::string& name) {
      return std::find_if(roots.begin(), roots.end(),
                          [&name](const QuotaRoot& root) { return root.name == name; });
    };
    if (auto* const names = std::get_if<QuotaRootResponse>(&response)) {
      for (std::string& name : names->roots) {
        if (find(name) != roots.end()) continue;
        if (roots.size() == kMaxRoots) {
          base::fail(base::ErrorCode::kRefused, "the server reports more than {} quota roots",
                     kMaxRoots);
        }
        roots.push_back({std::move(name), {}});
      }
    } else if (auto* const quota = std::get_if<QuotaResponse>(&response)) {
      const auto known = find(quota->root.name);
      if (known != roots.end()) known->resources = std::move(quota->root.resources);
    }
  }));
  // A root without its limits would look unlimited.
  require_all_understood(odd, "GETQUOTAROOT", base::ErrorCode::kRefused);
  return roots;
}

void Session::Impl::set_quota(std::string_view root, std::span<const QuotaResource> limits) {
  require_ok(run(command("SETQUOTA").string(root).limits(limits)));
}

}  // namespace imap
