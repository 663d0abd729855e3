// Further connections to an account that is under way, for folders with many messages and for many
// small folders.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backupd/pass/account_queue.h"
#include "base/config/config.h"
#include "imap/account_login.h"
#include "imap/mailbox_witness.h"
#include "imap/session.h"
#include "imap/wait_budget.h"

namespace backupd {

// The session is closed before its place is given back.
struct SpareSession {
  AccountQueue::Spare place;
  std::optional<imap::Session> session;  // once it is open
};

// Sessions are opened when first used, and kept from folder to folder: a login takes as long as
// some hundred messages. One thread at a time, except for open().
class SpareSessions {
 public:
  using Open = std::function<imap::Session(const base::ServerConfig&, const base::AccountConfig&,
                                           const imap::CommonLimits&)>;

  // All but `open` must outlive this.
  SpareSessions(AccountQueue& queue, const base::Config& config, const base::AccountConfig& account,
                Open open = imap::open_account);
  SpareSessions(const SpareSessions&) = delete;
  SpareSessions& operator=(const SpareSessions&) = delete;
  ~SpareSessions() = default;  // as drop()

  // The account's first session, and each in place of a lost one: the list of its folders. Fails
  // with kLogin if it shows a different mailbox than the first one did.
  void prove(std::span<const imap::Folder> listed);
  // The same for INBOX alone, until the list has arrived. Returns false if that proves nothing.
  bool prove(const std::optional<imap::FolderStatus>& inbox);

  // While it exists, one of the sessions that were taken stays taken from folder to folder. The
  // sessions must outlive it.
  class Hold {
   public:
    explicit Hold(SpareSessions& spares) : spares_(spares) { ++spares_.held_; }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { --spares_.held_; }

   private:
    SpareSessions& spares_;
  };

  // Returns `wanted` sessions or fewer: at most as many as the server's connections_per_account
  // allows in addition to the first and those that are held, and none while other accounts wait for
  // the server.
  std::vector<SpareSession> take(unsigned wanted);

  // Returns the session with the folder open at this UIDVALIDITY; if that fails, or if a new
  // session opened a different mailbox, closes the session and returns null. Any thread.
  imap::Session* open(SpareSession& spare, const std::string& raw_name,
                      std::uint32_t uid_validity) const;
  // The same, whatever folder is open then.
  imap::Session* open(SpareSession& spare) const;

  // Sessions opened from now on share this budget.
  void wait_within(std::shared_ptr<imap::WaitBudget> waits) { common_.waits = std::move(waits); }

  // Sessions opened from now on list folders, and are given listed ones, with this detail.
  void list_with(imap::ListDetail detail) { common_.list_detail = detail; }

  // Keeps those that are open for the next folder.
  void give_back(std::vector<SpareSession> spares);

  // Logs out of the kept sessions; a stop request interrupts it, like any exchange with a server.
  void log_out();

  // Sessions opened from now on send one command at a time.
  void stop_pipelining() { server_.pipeline = false; }

  // Sessions opened from now on do not send this command.
  void do_without(const std::string& command) { common_.without.insert(command); }

  // Drops the kept sessions without LOGOUT: for when waiting for the server must be avoided.
  void drop();

 private:
  imap::Session* open_if(SpareSession& spare,
                         const std::function<bool(imap::Session&)>& is_usable) const;

  AccountQueue& queue_;
  base::ServerConfig server_;
  const base::AccountConfig& account_;
  Open open_;
  imap::CommonLimits common_;
  imap::MailboxWitness witness_;
  bool has_seen_inbox_only_ = false;  // the list shows more
  std::vector<SpareSession> idle_;
  unsigned held_ = 0;
};

}  // namespace backupd
