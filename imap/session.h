// One logged-in IMAP connection. Not thread-safe: use a session in one thread only.
//
// Every call fails with base::Error: kNetwork if the connection is lost or too slow, or the server
// asks the client to wait (often as ConnectionLost, imap/connection_lost.h; the session is then
// unusable: open another), kProtocol if the server violates the IMAP protocol (the session is
// unusable, too), kRefused if it answers NO or BAD, unless the call documents another result.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "imap/acl.h"
#include "imap/capabilities.h"
#include "imap/endpoint.h"
#include "imap/folder.h"
#include "imap/folder_details.h"
#include "imap/limits.h"
#include "imap/message.h"
#include "imap/quota.h"
#include "imap/status_caution.h"
#include "imap/transport.h"
#include "imap/uid_set.h"

namespace imap {

class Session {
 public:
  // Connects, starts TLS, logs in, requests the capabilities that apply after login, and enables
  // CONDSTORE if available; compresses if `endpoint` says so. Also fails with kLogin and kTls.
  static Session open(const Endpoint& endpoint, const Login& login, const Limits& limits);

  // Whether Login::acting_as is set. With kOther, inbox_rights() is prefetched too, to verify which
  // account was opened.
  enum class ActingAs { kSelf, kOther };

  // Like open(), and prefetches list_personal_folders() before the server's capabilities and
  // namespaces are known: it assumes the capabilities announced so far and `personal_prefix`, the
  // prefix seen last time. If both still hold, everything takes one round trip; otherwise the guess
  // costs one command. Nothing is prefetched without LIST-STATUS, or with compression.
  // `logged_in` is called after the login, if it is not empty.
  static Session open_and_list_ahead(const Endpoint& endpoint, const Login& login,
                                     const Limits& limits, std::string_view personal_prefix,
                                     const std::function<void()>& logged_in = {});

  // Over a transport that is already logged in. `personal_prefix`: see open_and_list_ahead().
  // `clock` measures how long the server takes, and must outlive the session.
  Session(std::unique_ptr<Transport> transport, const Limits& limits,
          std::optional<std::string_view> personal_prefix = {},
          ActingAs acting_as = ActingAs::kSelf, const base::Clock& clock = base::system_clock());
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();  // without LOGOUT: closes the connection

  // Enables COMPRESS=DEFLATE if the server supports it. Call at most once.
  void compress();

  // Without those that lead to a command of Limits::without.
  const Capabilities& capabilities() const;
  const CommandNames& done_without() const;  // Limits::without

  // At most kMaxNamespaces. Without the NAMESPACE extension, or if the server reports no personal
  // namespace and no other with an empty prefix: one personal namespace with an empty prefix and
  // the delimiter that LIST "" "" returns.
  Namespaces namespaces();

  // Every folder of the personal namespaces, with its status if it can be opened, in as few round
  // trips as the server allows (LIST-STATUS, else pipelined STATUS). No duplicates, in the server's
  // order, without the folders of other users' and shared namespaces. INBOX is always among them,
  // whether LIST shows it or not, unless the server refuses STATUS INBOX. Fails with kRefused if it
  // does that and lists no other folder: such an account has no mailbox, or hides it.
  std::vector<Folder> list_personal_folders();

  // Requests what list_personal_folders() will return, unless that is under way, and waits until
  // `count` further folders have arrived, or the list is complete. Receives up to `more` folders if
  // they are there already, so that the server need not wait. Returns up to `count` folders
  // with their status, in the server's order, and each of them once. Returns nothing once the whole
  // list has arrived, if the server has no LIST-STATUS, and where the list alone does not show
  // whose they are. Other calls wait for the rest of the list.
  std::vector<Folder> list_some(std::size_t count, std::size_t more = 0);
  // Requested before the list that list_some() returns: INBOX may come last in that.
  const std::optional<FolderStatus>& inbox_ahead() const;
  // Requests what list_personal_folders() will return, with this detail, unless that is under way,
  // and receives what has arrived of it, so that the server need not wait: for while the caller
  // reads over another session. Returns false once the whole list has arrived or was refused, and
  // where the server has no LIST-STATUS, or one list does not show everything. Discards what is
  // requested ahead, as other calls do.
  bool list_ahead(ListDetail detail);
  // Forgets the list that the session has received or requested, once the rest of it is there.
  void forget_list();

  // From now on list_personal_folders() requests each folder's status separately, one after the
  // other, and not at all for the folders in `caution.without`. `caution` must outlive the session.
  void request_status_one_by_one(StatusCaution& caution);
  // From now on the status of folders is requested with this detail, as with Limits::list_detail.
  void list_with(ListDetail detail);
  // Counts these prefixes as personal too, whatever the server says of them. Call it before the
  // folders are listed.
  void add_namespaces(std::span<const std::string> prefixes);

  // The folders that LIST shows beside the personal ones and those of namespaces that the server
  // names. If the namespaces are guessed, these are folders below customary roots of other users'
  // and shared folders, and those on which the user lacks the right to administer (MYRIGHTS), as of
  // the last list_personal_folders(). If the server names no personal namespace, and one of others
  // with an empty prefix, these are all folders but INBOX. Takes a LIST if no personal prefix is
  // empty.
  std::vector<Folder> folders_outside();

  // The gaps in the last list_personal_folders().
  const ListGaps& list_gaps() const;

  // All lines so far, of whatever kind, that were not understood whole: each call did without them,
  // unless it documents a failure.
  const OddLines& odd_lines() const;

  // The folders that match `pattern`, the second argument of LIST; without status. Fails with
  // kProtocol if a line is not understood.
  std::vector<Folder> list(std::string_view pattern);

  FolderStatus status(std::string_view raw_name);

  // The status of each folder, in the same order, all in one round trip; refusals are answers.
  // A folder that is not the account's, as for list_personal_folders(), counts as gone.
  std::vector<FolderAnswer> ask(std::span<const std::string> raw_names);

  OpenFolder examine(std::string_view raw_name);
  OpenFolder select(std::string_view raw_name);

  // The state from which examine() reports changes with QRESYNC (RFC 7162), in the same round trip.
  // The server reports none if the folder's UIDVALIDITY differs, or its HIGHESTMODSEQ is below
  // `since`.
  struct Resync {
    std::uint32_t uid_validity = 0;
    std::uint64_t since = 0;  // a HIGHESTMODSEQ; above 0
  };
  struct Changes {
    UidSet vanished;                   // may include UIDs that never existed
    std::vector<MessageItems> states;  // UID FLAGS MODSEQ of changed and new messages
    bool has_all_states = true;        // false: too many to keep
  };
  bool can_resync() const;
  OpenFolder examine(std::string_view raw_name, const Resync& resync, Changes& changes);

  // Folders are requested ahead: EXAMINE and UID FETCH 1:* are sent behind everything in progress,
  // so that the server works while the caller does. examine() and
  // fetch_messages(UidSet::all()) receive the answers if they are called for the same folders in
  // the same order. Every other call first reads and discards all answers to what was requested
  // ahead, and opens the present folder again; it fails with kNetwork if that folder has another
  // UIDVALIDITY by then. A refused EXAMINE is repeated without anything behind it.
  //
  // If the answers arrive in another order than the commands were sent, examine() and
  // fetch_messages() fail with ConnectionLost::Cause::kOutOfOrder: then messages that
  // fetch_messages() has delivered may be another folder's. A server that answers in order may
  // still have carried out the commands in another one, which no call notices.
  //
  // Only what is opened with examine() may be open meanwhile. `folder` has a status: a folder
  // without messages is only opened, and a folder without HIGHESTMODSEQ is expected to have no
  // MODSEQ; with ListDetail::kNumbers, to have it if the folder opened before has. If its size is
  // not known, the messages are requested with the name of their folder where the server has that
  // (Dovecot's X-MAILBOX, with ListDetail::kNumbers); where it has STATUS=SIZE instead, STATUS
  // follows.
  void request_ahead(const Folder& folder);
  // Sends of it what the server accepts without waiting; the other calls send the rest.
  void send_ahead();
  // The answer to that STATUS for the open folder, after fetch_messages(); else nullopt.
  const std::optional<FolderStatus>& status_ahead() const;
  // Whether each message of the open folder came with its name, likewise.
  bool is_named_ahead() const;
  // Discards the answers to everything that was requested ahead. If there was anything, no folder
  // counts as open, so that later commands open none again.
  void close_ahead();
  // False without Limits::pipeline, and for a name that no command can contain.
  bool can_request_ahead(const Folder& folder) const;
  // The folders for which examine() was not called yet, and those whose answers were discarded.
  std::size_t requested_ahead() const;
  std::uint64_t discarded_ahead() const;
  // After a call failed: the raw name of the folder whose answers it was discarding, which may be
  // the reason; empty: it discarded no answers.
  std::string_view discarding() const;

  // The number of messages in the open folder, as last reported by the server, solicited or not.
  std::uint64_t exists() const;
  // The number of messages that EXPUNGE and VANISHED have removed since the session began.
  std::uint64_t expunged() const;

  // The following calls read messages of the open folder; they stream, with one command each unless
  // the set is too long for a line. `uid` is always set, and always one that was requested;
  // messages that no longer exist are not delivered.

  // UID FLAGS INTERNALDATE SIZE BODY, and where available MODSEQ and the server's ID. Each message
  // is delivered once; those whose responses had no body come last. If the server sends bodies
  // without UIDs, each message is requested by itself. If the sink throws, or if a
  // message takes longer than Limits::message, the session is unusable. Fails with ConnectionLost
  // if more than Limits::max_items messages come, and of UidSet::all(), if 1,000 more come than
  // exists() had reported.
  FetchAnswer fetch_messages(const UidSet& uids, MessageSink& sink);

  // A message may be delivered again if its flags change meanwhile: the last one is valid. A
  // response without FLAGS is still a message. `changed_since` is ignored if the folder has no
  // MODSEQ. The message of a line that is not understood is missing: see odd_lines().
  void fetch_states(const UidSet& uids, std::optional<std::uint64_t> changed_since,
                    const std::function<void(const MessageItems&)>& take);  // UID FLAGS [MODSEQ]
  // UID INTERNALDATE SIZE. Fails with kProtocol if a line is not understood.
  void fetch_identities(const UidSet& uids, const std::function<void(const MessageItems&)>& take);
  void fetch_all_but_bodies(  // like fetch_messages(), without the bodies
      const UidSet& uids, const std::function<void(const MessageItems&)>& take);
  UidSet search_all();  // the existing UIDs, at most Limits::max_items

  struct Created {
    bool created = false;  // false: it existed already, or the server refused
    std::string reason;    // if not created: the command and the server's text, escaped
    std::optional<std::string> mailbox_id;  // RFC 8474
  };
  Created create(std::string_view raw_name);
  // Creates a folder for special uses ("\\Sent", RFC 6154). Requires CREATE-SPECIAL-USE in
  // capabilities().
  Created create_for(std::string_view raw_name, std::span<const std::string> uses);
  void remove(std::string_view raw_name);  // DELETE
  // The raw names that the user subscribes to, whether such folders exist or not. Fails with
  // kRefused if a line is not understood, or Limits::without has LSUB.
  std::vector<std::string> subscriptions();
  void subscribe(std::string_view raw_name);
  void unsubscribe(std::string_view raw_name);

  // How a message is sent. A server that refuses the command line of an APPEND may interpret the
  // message that follows as commands (Dovecot does), so a message always waits for the go-ahead if
  // its folder or one of its flags is new to the session.
  enum class Literals {
    kAsAllowed,  // otherwise without waiting, if the server has LITERAL+ or LITERAL-
    kWaiting,    // always
  };

  // One APPEND for each message, pipelined as far as the server allows; one result for each, in
  // order. Reads while sending.
  std::vector<AppendAnswer> append(std::string_view raw_name,
                                   std::span<const AppendMessage> messages,
                                   Literals literals = Literals::kAsAllowed);

  // Appends all messages in one MULTIAPPEND (RFC 3502): all or nothing. Requires MULTIAPPEND in
  // capabilities().
  AppendAnswer append_together(std::string_view raw_name, std::span<const AppendMessage> messages,
                               Literals literals = Literals::kAsAllowed);

  // False after the server refused a message that was sent without waiting: open another session.
  bool is_usable() const;

  // The next two calls change messages of the folder opened with select().
  void add_flags(const UidSet& uids, std::span<const std::string> flags);
  void expunge(const UidSet& uids);  // UID EXPUNGE (RFC 4315); kRefused without UIDPLUS

  // One list for each folder, in the same order; empty if the server has no ACL extension or does
  // not allow the user to read the rights.
  std::vector<std::vector<AclEntry>> acls(std::span<const std::string> raw_names);
  std::vector<AclEntry> inbox_rights();
  void set_acl(std::string_view raw_name, const AclEntry& entry);

  // One result for each folder, in the same order, all in one round trip. The empty name stands for
  // the account, with METADATA only. Properties that the server refuses to report are empty. In an
  // account of more than 100 folders, the quota roots of 4 are requested, of more than 1,000 of 2,
  // of more than 5,000 of one, if possible INBOX; if they agree, the others have the same, and
  // otherwise a second round trip requests them. `folders`: the number in the account, if these are
  // not all.
  std::vector<FolderDetails> details(std::span<const std::string> raw_names,
                                     std::size_t folders = 0, Quotas quotas = Quotas::kRequested);

  // Empty if the server has no QUOTA. Fails with kRefused if a line is not understood.
  std::vector<QuotaRoot> quota_roots(std::string_view raw_name);
  void set_quota(std::string_view root, std::span<const QuotaResource> limits);

  void logout();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace imap
