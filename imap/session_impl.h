// The implementation of Session, shared by session*.cc only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "imap/command.h"
#include "imap/connection.h"
#include "imap/connection_lost.h"
#include "imap/folder_listing.h"
#include "imap/session.h"

namespace imap {

class Session::Impl {
 public:
  Impl(std::unique_ptr<Transport> transport, const Limits& limits,
       std::optional<std::string_view> personal_prefix, ActingAs acting_as,
       const base::Clock& clock);

  // No-op unless the server supports it.
  void compress();

  const Capabilities& capabilities() const { return capabilities_; }
  const Namespaces& namespaces() const { return namespaces_; }
  void add_namespaces(std::span<const std::string> prefixes);
  std::vector<Folder> folders_outside();
  const std::string& open_name() const { return open_name_; }

  std::vector<Folder> list_personal_folders();
  std::vector<Folder> list_some(std::size_t count, std::size_t more);
  bool list_ahead(ListDetail detail);
  void forget_list();
  const std::optional<FolderStatus>& inbox_ahead() const { return inbox_ahead_; }
  const ListGaps& list_gaps() const { return list_gaps_; }
  const OddLines& odd_lines() const { return odd_lines_; }
  const CommandNames& done_without() const { return limits_.without; }
  void request_status_one_by_one(StatusCaution& caution) {
    caution_ = &caution;
    caution.requested.clear();
    prefetched_folders_.reset();
  }
  void list_with(ListDetail detail) { limits_.list_detail = detail; }
  std::uint64_t exists() const { return exists_; }
  std::uint64_t expunged() const { return expunged_; }
  std::vector<Folder> list(std::string_view pattern);
  std::vector<std::string> subscriptions();
  FolderStatus status(std::string_view raw_name);
  std::vector<FolderAnswer> ask(std::span<const std::string> raw_names);
  // Returns the first refusal, or OK; `received` is set even after a refusal.
  StatusResponse status_of(std::string_view raw_name, FolderStatus& received);
  OpenFolder open_folder(FixedText verb, std::string_view raw_name, const Resync* resync = nullptr,
                         const Connection::Take& take = {});
  bool can_resync() const { return has_enabled_qresync_; }
  void request_ahead(const Folder& folder);
  void send_ahead() { connection_.send_started(); }
  bool can_request_ahead(const Folder& folder) const {
    return limits_.pipeline && can_be_a_string(folder.raw_name);
  }
  void close_ahead();
  const std::optional<FolderStatus>& status_ahead() const { return status_ahead_; }
  bool is_named_ahead() const { return is_named_ahead_; }
  std::size_t requested_ahead() const;
  std::uint64_t discarded_ahead() const { return discarded_ahead_; }
  std::string_view discarding() const {
    return is_discarding_ ? std::string_view(ahead_.front().raw_name) : std::string_view();
  }
  OpenFolder examine(std::string_view raw_name, const Resync& resync, Changes& changes);
  Created create(std::string_view raw_name, std::span<const std::string> uses);
  std::vector<std::vector<AclEntry>> acls(std::span<const std::string> raw_names);
  std::vector<AclEntry> inbox_rights();
  std::vector<FolderDetails> details(std::span<const std::string> raw_names, std::size_t folders,
                                     Quotas quotas);
  void set_acl(std::string_view raw_name, const AclEntry& entry);
  void run_on_folder(FixedText verb, std::string_view raw_name);
  std::vector<QuotaRoot> quota_roots(std::string_view raw_name);
  void set_quota(std::string_view root, std::span<const QuotaResource> limits);

  FetchAnswer fetch_messages(const UidSet& uids, MessageSink& sink);
  void fetch_states(const UidSet& uids, std::optional<std::uint64_t> changed_since,
                    const std::function<void(const MessageItems&)>& take);
  void fetch_identities(const UidSet& uids, const std::function<void(const MessageItems&)>& take);
  void fetch_all_but_bodies(const UidSet& uids,
                            const std::function<void(const MessageItems&)>& take);
  UidSet search_all();

  std::vector<AppendAnswer> append(std::string_view raw_name,
                                   std::span<const AppendMessage> messages, Literals literals);
  AppendAnswer append_together(std::string_view raw_name, std::span<const AppendMessage> messages,
                               Literals literals);
  bool is_usable() const { return connection_.is_usable(); }
  void add_flags(const UidSet& uids, std::span<const std::string> flags);
  void expunge(const UidSet& uids);

  void logout();

 private:
  // Skips unrequested bodies.
  class NoBodies : public BodySink {
   public:
    bool wants_body(std::optional<base::Uid>) override { return false; }
    void body_piece(base::ByteView) override {}
  };

  // Commands whose silence concerns nothing but themselves (imap/optional_commands.h). The
  // arguments that distinguish them count as part of the verb.
  static constexpr FixedText kListSubscribed = "LIST (SUBSCRIBED)";
  static constexpr FixedText kListAll = "LIST \"\" \"*\"";
  static constexpr FixedText kListRoot = "LIST \"\" \"\"";

  Command command(FixedText verb) const { return {verb, literal_mode_}; }
  Connection::Tag start(Command command) {
    if (!ahead_.empty()) return_to_open_folder();
    if (list_under_way_) finish_list();
    return connection_.start(std::move(command));
  }
  StatusResponse finish(Connection::Tag tag, const Connection::Take& take = {});
  StatusResponse finish(Connection::Tag tag, const Connection::Take& take, BodySink& bodies);
  StatusResponse run(Command command, const Connection::Take& take = {}) {
    return finish(start(std::move(command)), take);
  }
  void note_progress_if(bool is_new) {
    if (is_new) connection_.note_progress();
  }
  // A folder that was requested ahead. Several are in the order in which they were requested, and
  // only the first one may be open.
  struct Ahead {
    std::string raw_name;
    std::vector<FixedText> items;  // of the UID FETCH
    Connection::Tag examine;
    std::optional<Connection::Tag> fetch;   // nullopt: no messages are expected
    std::optional<Connection::Tag> status;  // behind the fetch; nullopt: it is not needed
    bool is_named = false;                  // the fetch has X-MAILBOX
    bool is_open = false;                   // EXAMINE has succeeded
  };
  bool is_requested_ahead(std::string_view raw_name) const;
  bool expects_modseq(const FolderStatus& listed) const;
  // Finishes the EXAMINE of the first folder in `ahead_`.
  StatusResponse finish_ahead(const Connection::Take& take);
  // The open folder, if UID FETCH of all its messages was requested with these items. fetch is set.
  std::optional<Ahead> take_fetch_ahead(const UidSet& uids, const std::vector<FixedText>& items);
  // Finishes the UID FETCH, and the STATUS behind it.
  StatusResponse fetch_ahead(const Ahead& ahead, const Connection::Take& take, BodySink& bodies);
  void require_order(Connection::Tag tag) const;
  // Like finish(), of a command that was requested ahead.
  StatusResponse finish_in_order(Connection::Tag tag, const Connection::Take& take,
                                 BodySink& bodies);
  void discard_ahead();
  void return_to_open_folder();

  // Fails with kRefused unless the answer is OK.
  static void require_ok(const StatusResponse& answer);

  // Runs `verb` on a set of UIDs, as several pipelined commands if the set is too long for a line.
  // Returns the first response that is not OK, if any.
  using AddArguments = std::function<void(Command&)>;
  std::optional<StatusResponse> run_on_uids(FixedText verb, const UidSet& uids,
                                            const AddArguments& add_arguments,
                                            const Connection::Take& take, BodySink& bodies);

  // One LIST of list_personal_folders().
  struct ListQuery {
    std::string pattern;
    bool with_use = false;          // RETURN SPECIAL-USE too
    std::vector<FixedText> status;  // items of RETURN STATUS; empty: no RETURN
    bool operator==(const ListQuery&) const = default;
  };
  // A list that is arriving.
  struct ListUnderWay {
    Connection::Tag tag;
    std::shared_ptr<FolderListing> listing;
    std::size_t shown = 0;                   // of its folders, by list_some()
    std::optional<StatusResponse> end = {};  // has arrived
  };

  void open_with_prefetch(std::vector<std::string> announced, std::string_view personal_prefix,
                          ActingAs acting_as);
  void request_capabilities();
  // The announced capabilities without those that are not to be used.
  Capabilities usable(std::vector<std::string> announced) const {
    return without(Capabilities(std::move(announced)), limits_.without);
  }
  void set_capabilities(const StatusResponse& answer, std::vector<std::string> names);
  void use_announced();  // the capabilities that the server announced with the login
  Connection::Tag start_enabling();
  std::optional<Connection::Tag> start_identifying();
  void take_id(const IdResponse& id);
  void request_namespaces();
  void take_namespaces(Namespaces answer);
  bool uses_list_status() const;
  std::vector<ListQuery> list_queries() const;
  // Returns the first refusal, if any.
  std::optional<StatusResponse> request_lists(FolderListing& listing);
  std::vector<Connection::Tag> start(const std::vector<ListQuery>& queries);
  // Whether one list shows everything of the account's folders.
  bool can_list_in_parts() const;
  // Before STATUS of all folders: Dovecot's is, of the folder that is open, as old as the last
  // command that looked for changes there.
  void update_open_folder();
  void start_list();
  // Receives the list that is under way until `is_enough` returns true after a response.
  void receive_list(const std::function<bool()>& is_enough);
  // Receives the rest of `list_under_way_`.
  void finish_list();
  // Requests the properties that the responses to the LIST commands did not include.
  std::vector<Folder> finish(FolderListing& listing);
  void request_status_together(FolderListing& listing);
  void request_status_one_by_one(FolderListing& listing);
  // Keeps the folders that are not the account's for folders_outside().
  void leave_out_others(FolderListing& listing);
  // Whether a folder is the account's by its name, and by its rights where those were requested.
  bool is_own(std::string_view raw_name) const;
  // Requests the user's rights on those of the folders that only the guessed namespace makes
  // personal.
  void request_my_rights(std::span<const std::string> raw_names);
  // Adds INBOX to the folders if LIST did not show it as one that can be opened.
  void find_inbox(std::vector<Folder>& folders);

  bool has_accepted(const AppendMessage& message) const;
  void remember_accepted(std::string_view raw_name, std::span<const AppendMessage> messages);

  void observe(const Response& response);
  // Fails with `code` if a line was not understood since the session counted `before` of them: it
  // may be one of those that `what` requested.
  void require_all_understood(std::uint64_t before, std::string_view what,
                              base::ErrorCode code = base::ErrorCode::kProtocol) const;
  // The lines that were understood; fails with kRefused.
  std::vector<Folder> listed(Command command);
  // By a search: for a folder without a count that can be believed.
  std::uint32_t count_messages();
  class MessageFilter;
  std::optional<StatusResponse> fetch_bodies(const UidSet& uids, MessageFilter& filter);
  std::optional<StatusResponse> fetch_bodies_one_by_one(const UidSet& uids, MessageFilter& filter);
  std::vector<FixedText> all_items(bool has_modseq) const;  // of a message, without its body
  std::vector<FixedText> all_items() const { return all_items(has_modseq_); }
  // SELECT or EXAMINE. `has_parameter`: with a parameter that the server may refuse.
  Command opening(FixedText verb, std::string_view raw_name, const Resync* resync,
                  bool& has_parameter) const;
  void note_shown(UidSet& seen, base::Uid uid);
  // Returns the first refusal, if any. A line that is not understood is left out.
  std::optional<StatusResponse> fetch_items(const UidSet& uids, const std::vector<FixedText>& items,
                                            const std::function<void(const MessageItems&)>& take);
  // Runs `fetch`, which returns the first refusal, and once more without the items of extensions if
  // the server does not understand it.
  std::optional<StatusResponse> fetch_with_or_without_extensions(
      const std::function<std::optional<StatusResponse>()>& fetch);
  bool requests_modseq() const { return has_modseq_ && !refuses_fetch_items_; }
  StatusResponse search(FixedText criteria, std::optional<UidSet>& uids);
  using StatusItems = std::vector<FixedText>;
  StatusItems status_items() const;
  StatusItems identity_items() const;  // empty: the server has none
  bool has_status_size() const { return capabilities_.has("STATUS=SIZE"); }

  Connection connection_;
  Limits limits_;
  Capabilities capabilities_;
  LiteralMode literal_mode_ = LiteralMode::kSynchronising;
  Namespaces namespaces_;
  int namespace_answers_ = 0;  // to any command
  bool has_enabled_modseq_ = false;
  bool has_enabled_qresync_ = false;
  bool has_opened_ = false;  // some folder is open, perhaps one whose answers were discarded
  // Folders and flags that the server accepted in an APPEND of this session.
  std::set<std::string, std::less<>> accepted_folders_;
  std::set<std::string, std::less<>> accepted_flags_;

  // Extensions that the server announced, and refused when they were used.
  bool refuses_list_status_ = false;
  bool refuses_modseq_ = false;  // as a parameter of SELECT and EXAMINE
  bool refuses_esearch_ = false;
  bool refuses_fetch_items_ = false;  // MODSEQ, EMAILID, X-GM-MSGID

  StatusCaution* caution_ = nullptr;  // null: status may be requested together
  ListGaps list_gaps_;
  OddLines odd_lines_;
  std::vector<Folder> outside_;  // of the last listing, if the namespaces are guessed
  // Folders whose rights were requested, and whether they are another user's.
  std::map<std::string, bool, std::less<>> is_others_;
  std::optional<ListUnderWay> list_under_way_;
  std::optional<FolderStatus> inbox_ahead_;
  // Until list_personal_folders() or inbox_rights() takes them.
  std::optional<std::vector<Folder>> prefetched_folders_;
  std::optional<std::vector<AclEntry>> prefetched_inbox_rights_;

  // State of the open folder.
  std::string open_name_;
  std::uint64_t exists_ = 0;
  std::uint64_t expunged_ = 0;
  bool has_modseq_ = false;
  std::optional<bool> had_modseq_;  // the folder that was opened last
  std::uint32_t open_validity_ = 0;
  bool omits_uids_ = false;  // the server sent a body without the UID

  std::deque<Ahead> ahead_;
  std::optional<FolderStatus> status_ahead_;  // of the open folder
  bool is_named_ahead_ = false;               // see Session
  bool names_folders_ = false;                // by X-MAILBOX
  std::uint64_t discarded_ahead_ = 0;
  bool is_discarding_ = false;
};

// The item of UID FETCH for a whole message; does not set \Seen.
inline constexpr FixedText kBody = "BODY.PEEK[]";

// The refused command and the server's words, escaped: "STATUS: no such folder".
std::string refusal_of(const StatusResponse& answer);

// Decoded if possible, and escaped.
std::string name_in_error(std::string_view raw_name);

// Runs `work`; prefixes its errors with the operation and the folder.
template <typename Work>
auto during(const std::string& operation, std::string_view raw_name, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const ConnectionLost& lost) {
    throw ConnectionLost(fmt::format("{}: {}: {}", operation, name_in_error(raw_name), lost.what()),
                         lost.pause(), lost.cause(), lost.command(), lost.code());
  } catch (const base::Error& error) {
    base::fail(error.code(), "{}: {}: {}", operation, name_in_error(raw_name), error.what());
  }
}

}  // namespace imap
