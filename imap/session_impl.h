// What the parts of Session share. For session*.cc alone.
#pragma once

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
#include "imap/session.h"

namespace imap {

class Session::Impl {
 public:
  Impl(std::unique_ptr<Transport> transport, const Limits& limits,
       std::optional<std::string_view> personal_prefix, ActingAs acting_as);

  // If the server can.
  void compress();

  const Capabilities& capabilities() const { return capabilities_; }
  const Namespaces& namespaces() const { return namespaces_; }
  const std::string& open_name() const { return open_name_; }

  std::vector<Folder> list_personal_folders();
  const ListGaps& list_gaps() const { return list_gaps_; }
  std::uint64_t exists() const { return exists_; }
  std::vector<Folder> list(std::string_view pattern);
  std::vector<std::string> subscriptions();
  FolderStatus status(std::string_view raw_name);
  // The first refusal, or OK; what was told all the same is in `told`.
  StatusResponse status_of(std::string_view raw_name, FolderStatus& told);
  OpenFolder open_folder(FixedText verb, std::string_view raw_name, const Resync* resync = nullptr,
                         const Connection::Take& take = {});
  bool can_resync() const { return has_enabled_qresync_; }
  OpenFolder examine(std::string_view raw_name, const Resync& resync, Changes& changes);
  Created create(std::string_view raw_name, std::span<const std::string> uses);
  std::vector<std::vector<AclEntry>> acls(std::span<const std::string> raw_names);
  std::vector<AclEntry> inbox_rights();
  std::vector<FolderDetails> details(std::span<const std::string> raw_names);
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
  // Nobody asked for bodies.
  class NoBodies : public BodySink {
   public:
    bool wants_body(std::optional<base::Uid>) override { return false; }
    void body_piece(base::ByteView) override {}
  };

  Command command(FixedText verb) const { return {verb, literal_mode_}; }
  Connection::Tag start(Command command) { return connection_.start(std::move(command)); }
  StatusResponse finish(Connection::Tag tag, const Connection::Take& take = {});
  StatusResponse finish(Connection::Tag tag, const Connection::Take& take, BodySink& bodies);
  StatusResponse run(Command command, const Connection::Take& take = {}) {
    return finish(start(std::move(command)), take);
  }
  // Fails with kRefused unless the answer is OK.
  static void require_ok(const StatusResponse& answer);

  // `verb` set `arguments`, in several commands if the set is too long for a line; all under way at
  // once. The first answer that is not OK, if there is one.
  using AddArguments = std::function<void(Command&)>;
  std::optional<StatusResponse> run_on_uids(FixedText verb, const UidSet& uids,
                                            const AddArguments& add_arguments,
                                            const Connection::Take& take, BodySink& bodies);

  // One LIST of list_personal_folders().
  struct Question {
    std::string pattern;
    bool with_use = false;          // RETURN SPECIAL-USE too
    std::vector<FixedText> status;  // items of RETURN STATUS; empty: no RETURN
    bool operator==(const Question&) const = default;
  };
  class Listing;

  void open_asking_ahead(std::vector<std::string> announced, std::string_view personal_prefix,
                         ActingAs acting_as);
  void ask_capabilities();
  Connection::Tag start_enabling();
  void ask_namespaces();
  std::vector<Question> questions() const;
  std::vector<Connection::Tag> start(const std::vector<Question>& questions);
  // Asks for what the answers to the questions leave open.
  std::vector<Folder> finish(Listing& listing);
  // Puts INBOX among the folders if LIST did not show it as one that can be opened.
  void find_inbox(std::vector<Folder>& folders);

  bool has_accepted(const AppendMessage& message) const;
  void remember_accepted(std::string_view raw_name, std::span<const AppendMessage> messages);

  void observe(const Response& response);
  std::vector<FixedText> all_items() const;  // of a message, its body aside
  void fetch_items(const UidSet& uids, const std::vector<FixedText>& items,
                   const std::function<void(const MessageItems&)>& take);
  using StatusItems = std::vector<FixedText>;
  StatusItems status_items() const;
  StatusItems identity_items() const;  // empty: the server gives none

  Connection connection_;
  Limits limits_;
  Capabilities capabilities_;
  LiteralMode literal_mode_ = LiteralMode::kSynchronising;
  Namespaces namespaces_;
  bool has_enabled_modseq_ = false;
  bool has_enabled_qresync_ = false;
  // Folders and flags that the server accepted in an APPEND of this session.
  std::set<std::string, std::less<>> accepted_folders_;
  std::set<std::string, std::less<>> accepted_flags_;

  ListGaps list_gaps_;
  std::optional<std::vector<Folder>> listed_ahead_;          // until somebody takes it
  std::optional<std::vector<AclEntry>> inbox_rights_ahead_;  // the same

  // Of the open folder.
  std::string open_name_;
  std::uint64_t exists_ = 0;
  bool has_modseq_ = false;
};

// Decoded where that can be done, and escaped.
std::string name_in_error(std::string_view raw_name);

// Runs `work`; its failures say what was being done with what.
template <typename Work>
auto during(const std::string& operation, std::string_view raw_name, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const ConnectionLost& lost) {
    throw ConnectionLost(fmt::format("{}: {}: {}", operation, name_in_error(raw_name), lost.what()),
                         lost.pause(), lost.cause());
  } catch (const base::Error& error) {
    base::fail(error.code(), "{}: {}: {}", operation, name_in_error(raw_name), error.what());
  }
}

}  // namespace imap
