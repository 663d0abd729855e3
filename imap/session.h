// One logged-in IMAP connection. Not thread-safe: one thread a session.
//
// Every call fails with base::Error: kNetwork if the connection is lost or too slow, or the server
// asks to be left alone (often as ConnectionLost, imap/connection_lost.h; the session is then of no
// more use: open another), kProtocol if the server sends what IMAP does not allow (as before),
// kRefused if it answers NO or BAD and the call does not say otherwise.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "imap/acl.h"
#include "imap/capabilities.h"
#include "imap/endpoint.h"
#include "imap/folder.h"
#include "imap/folder_details.h"
#include "imap/limits.h"
#include "imap/message.h"
#include "imap/quota.h"
#include "imap/transport.h"
#include "imap/uid_set.h"

namespace imap {

class Session {
 public:
  // Connects, secures, logs in, asks for the capabilities that hold after login, and enables
  // CONDSTORE where there is it; compresses if `endpoint` says so. Also fails with kLogin and kTls.
  static Session open(const Endpoint& endpoint, const Login& login, const Limits& limits);

  // As Login says. kOther is asked ahead for inbox_rights() too, which tell whose account it is.
  enum class ActingAs { kOneself, kOther };

  // The same as open(), and asks for list_personal_folders() before it is known what the server can
  // and what its namespaces are, from what it announced and from `personal_prefix`, which they had
  // the last time. Where both still hold, all of it is one flight; else the guess costs one
  // command. Without LIST-STATUS and with compression nothing is asked ahead.
  static Session open_and_list_ahead(const Endpoint& endpoint, const Login& login,
                                     const Limits& limits, std::string_view personal_prefix);

  // Over a transport that is logged in already. `personal_prefix`: as open_and_list_ahead().
  Session(std::unique_ptr<Transport> transport, const Limits& limits,
          std::optional<std::string_view> personal_prefix = {},
          ActingAs acting_as = ActingAs::kOneself);
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();  // without LOGOUT: closes the connection

  // From here on, if the server has COMPRESS=DEFLATE. Once.
  void compress();

  const Capabilities& capabilities() const;

  // Without the NAMESPACE extension: one personal namespace with an empty prefix and the delimiter
  // that LIST "" "" tells.
  Namespaces namespaces();

  // Every folder of the personal namespaces with its status where it can be opened, in as few round
  // trips as the server allows (LIST-STATUS, else pipelined STATUS). Each once, as the server
  // ordered them; those of other users' and shared namespaces left out. INBOX is always among them,
  // whether LIST shows it or not, unless the server refuses STATUS INBOX. Fails with kRefused if it
  // does that and lists no other folder: such an account has no mailbox, or hides it.
  std::vector<Folder> list_personal_folders();

  // What the last list_personal_folders() should have shown and did not.
  const ListGaps& list_gaps() const;

  // Below and at one name, without status. `pattern` is sent as LIST's second argument.
  std::vector<Folder> list(std::string_view pattern);

  FolderStatus status(std::string_view raw_name);

  OpenFolder examine(std::string_view raw_name);
  OpenFolder select(std::string_view raw_name);

  // With QRESYNC (RFC 7162), in the same round trip: what happened since then. Nothing is told if
  // the folder's UIDVALIDITY is another one, or its HIGHESTMODSEQ below `since`.
  struct Resync {
    std::uint32_t uid_validity = 0;
    std::uint64_t since = 0;  // a HIGHESTMODSEQ; above 0
  };
  struct Changes {
    UidSet vanished;                   // also UIDs that nobody knew
    std::vector<MessageItems> states;  // UID FLAGS MODSEQ of what changed or came
    bool has_all_states = true;        // false: there were too many to keep
  };
  bool can_resync() const;
  OpenFolder examine(std::string_view raw_name, const Resync& resync, Changes& changes);

  // Messages in the open folder, as the server last reported, asked or not.
  std::uint64_t exists() const;

  // Of the open folder; streamed, in one command each unless the set is too long for a line. `uid`
  // is always set, and always one that was asked for; messages that are gone do not come.

  // UID FLAGS INTERNALDATE SIZE BODY, and where there is such, MODSEQ and the server's id. Each
  // message comes once; those whose answers had no body come last. If what the sink throws ends the
  // call, or if a message takes longer than Limits::message, the session is of no more use.
  FetchAnswer fetch_messages(const UidSet& uids, MessageSink& sink);

  // A message may come again when its flags change meanwhile: the last holds. An answer without
  // FLAGS is a message all the same. `changed_since` is left out where the folder has no MODSEQ.
  void fetch_states(const UidSet& uids, std::optional<std::uint64_t> changed_since,
                    const std::function<void(const MessageItems&)>& take);  // UID FLAGS [MODSEQ]
  void fetch_identities(
      const UidSet& uids,
      const std::function<void(const MessageItems&)>& take);  // UID INTERNALDATE SIZE
  void fetch_all_but_bodies(  // what fetch_messages() gives, without the bodies
      const UidSet& uids, const std::function<void(const MessageItems&)>& take);
  UidSet search_all();  // the UIDs that are there

  struct Created {
    bool created = false;                   // false: it existed already, or the server said NO
    std::string reason;                     // the server's words if not created, escaped
    std::optional<std::string> mailbox_id;  // RFC 8474
  };
  Created create(std::string_view raw_name);
  // For the uses ("\\Sent", RFC 6154), where capabilities() has CREATE-SPECIAL-USE.
  Created create_for(std::string_view raw_name, std::span<const std::string> uses);
  void remove(std::string_view raw_name);  // DELETE
  // The raw names that the user subscribes to, whether such folders are there or not.
  std::vector<std::string> subscriptions();
  void subscribe(std::string_view raw_name);
  void unsubscribe(std::string_view raw_name);

  // How a message goes out. A server that refuses the line of an APPEND may take the message that
  // follows for commands (Dovecot does), so a message waits for the go-ahead in any case where its
  // folder or one of its flags is new to the session.
  enum class Literals {
    kAsAllowed,  // else without waiting, if the server has LITERAL+ or LITERAL-
    kWaiting,    // always
  };

  // One APPEND a message, pipelined as far as the server allows; one answer for each, in order.
  // Reads while it sends.
  std::vector<AppendAnswer> append(std::string_view raw_name,
                                   std::span<const AppendMessage> messages,
                                   Literals literals = Literals::kAsAllowed);

  // All in one MULTIAPPEND (RFC 3502): all are taken or none. Only where capabilities() has it.
  AppendAnswer append_together(std::string_view raw_name, std::span<const AppendMessage> messages,
                               Literals literals = Literals::kAsAllowed);

  // False after a message was refused that went out without waiting: open another session.
  bool is_usable() const;

  // Of the folder open with select().
  void add_flags(const UidSet& uids, std::span<const std::string> flags);
  void expunge(const UidSet& uids);  // UID EXPUNGE (RFC 4315); kRefused without UIDPLUS

  // One for each folder, in their order; empty where the server says nothing, for want of ACL or
  // of the right to know.
  std::vector<std::vector<AclEntry>> acls(std::span<const std::string> raw_names);
  std::vector<AclEntry> inbox_rights();
  void set_acl(std::string_view raw_name, const AclEntry& entry);

  // One for each folder, in their order, all in one flight; for the empty name, of the account:
  // METADATA alone. What the server refuses to tell is empty.
  std::vector<FolderDetails> details(std::span<const std::string> raw_names);

  // Empty if the server has no QUOTA.
  std::vector<QuotaRoot> quota_roots(std::string_view raw_name);
  void set_quota(std::string_view root, std::span<const QuotaResource> limits);

  void logout();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace imap
