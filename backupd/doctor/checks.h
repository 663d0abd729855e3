// The checks of `doctor`, in the order of their sections: this machine, each server, outgoing mail.
// Each checks one thing, and throws only if the check itself is impossible.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backupd/doctor/finding.h"
#include "backupd/doctor/resolver.h"
#include "backupd/doctor/url_host.h"
#include "base/clock.h"
#include "base/clock_sighting.h"
#include "base/config/config.h"
#include "base/program/program.h"
#include "base/server_certificate.h"
#include "imap/capabilities.h"

namespace backupd {

// This machine.

// The files from which the configuration takes passwords, tokens and keys, and the configuration
// itself: a user who can write it can run any command as the service.
std::vector<Finding> check_secrets(const base::Config& config, const base::Path& config_file);

// The key file exists, only its owner can read it, and it opens the store.
std::vector<Finding> check_key(const base::StoreConfig& config, base::FileSystem& files);

// Store and index exist, belong to this user and are writable, and no other user can read the
// index. Of a store in a bucket: what the endpoint answers, with an object of the check's own.
std::vector<Finding> check_store(const base::StoreConfig& config, base::FileSystem& files);

// Whether copies lie apart from each other and from the store, and hold no key, index or audit log,
// wherever links lead. Empty if so.
std::vector<Finding> check_places_of_copies(const std::vector<base::CopyConfig>& copies,
                                            const base::StoreConfig& store);

// A copy in a bucket, as far as its bucket and this access key go. Empty for one in a directory.
std::vector<Finding> check_copy(const base::CopyConfig& copy, base::FileSystem& files);

// Whether the locks of a bucket hold against these credentials, proven on an object of the check's
// own. Empty if nothing is to be locked there.
std::vector<Finding> check_object_lock(const base::S3Config& config);

std::vector<Finding> check_free_space(const base::StoreConfig& config, base::FileSystem& files);

// Whether the kernel's clock is synchronised; clock_keeping() returns nullopt if the system does
// not report it.
struct ClockKeeping {
  bool is_synchronised = false;
};
std::optional<ClockKeeping> clock_keeping();

// The evidence about the clock in the times recorded in the store.
struct RecordedTimes {
  std::optional<std::chrono::sys_seconds> newest_backup = {};
  std::optional<std::chrono::sys_seconds> newest_tree = {};  // of the restored ones that are there
  std::string clock_doubt = {};  // as ClockState::doubt (store/clock_state.h)
  std::size_t in_future = 0;     // snapshots, of all accounts
  std::size_t doubted = 0;       // other snapshots that a wrong clock dated
  bool may_be_behind = false;    // those in the future may be right
};
std::vector<Finding> check_clock(std::chrono::sys_seconds now, const RecordedTimes& recorded,
                                 std::optional<ClockKeeping> keeping);
RecordedTimes recorded_times(const base::StoreConfig& config, base::FileSystem& files,
                             const base::ClockSighting& now);

// Something starts backups: a running daemon, or timers. A cron job can't be detected.
std::vector<Finding> check_service(const base::StoreConfig& config);

// The restore desk, if the configuration opens it: its sockets, their users, and names that match
// nothing. Empty while it is closed and no socket of it is enabled.
std::vector<Finding> check_desk(const base::Config& config);

// Reports reach their recipients: templates, hooks, metrics, and mail that could not be sent.
std::vector<Finding> check_reporting(const base::Environment& environment);

// The alarms that `status` shows. Empty if the store can't be opened; other checks report that.
std::vector<Finding> check_alarms(const base::Environment& environment);

// Each server.

// Checks that the host name resolves, and connects to each of its addresses.
std::vector<Finding> check_addresses(const std::string& subject, const UrlHost& host,
                                     const Resolver& resolver);

// The expiry of the certificates, which have already been verified. Empty if there are no
// certificates.
std::vector<Finding> check_certificates(const std::string& subject,
                                        std::span<const base::ServerCertificate> chain,
                                        std::chrono::sys_seconds now);

// The route to the server: its name, each of its addresses, TLS and the expiry of its certificates.
std::vector<Finding> check_route(const std::string& name, const base::ServerConfig& server,
                                 const Resolver& resolver, std::chrono::sys_seconds now);

// Logs in to the accounts, which are some of those on the server, and checks that each belongs to
// the right user, as far as the server shows it: INBOX is the one that was backed up, no other
// account has the same one, and its rights name the user. Also checks the capabilities after login,
// that each glob of an exclude matches a folder, if all accounts of the server that have it were
// tried, and that the store has a record of each restored tree.
std::vector<Finding> check_accounts(const base::Environment& environment, const std::string& name,
                                    const std::vector<base::AccountConfig>& accounts);

// An exclude that matches nothing on one server may match a folder on another: keeps what
// check_accounts() of all servers found about it only if all those with accounts that have it found
// it, once for all of them.
void merge_idle_excludes(const base::Config& config, std::vector<Finding>& findings);

// Capabilities that the server lacks, and what that costs.
std::vector<Finding> check_capabilities(const std::string& subject,
                                        const base::ServerConfig& server,
                                        const imap::Capabilities& capabilities);

// Whether the quota admin may set quotas (Cyrus). Empty for servers without a quota admin.
std::vector<Finding> check_quota_admin(const std::string& name, const base::ServerConfig& server,
                                       const std::vector<base::AccountConfig>& accounts);

// Restores a message of the account and sweeps it again: checks whether restored trees count
// towards its quota, and whether headers with non-ASCII bytes are restored unchanged (Cyrus's
// munge8bit).
std::vector<Finding> check_restoring(const base::Environment& environment,
                                     const std::string& account);

// Outgoing mail: the practice for senders (RFC 1912, section 2.1; RFC 5321, section 4.1.1.1). No
// recipient's address is ever probed.

// The local address from which mail to `host` leaves this machine; if `host` is this machine, the
// address for the internet. Empty if there is no route. Nothing is sent.
std::string outgoing_address(const std::string& host);

// The server that accepts our mail, and how we look to the receivers behind it. `outgoing` is the
// address that receivers see; empty means that of this machine. `hello_name` is the name in EHLO.
std::vector<Finding> check_mail(const base::MailConfig& mail, const std::string& hello_name,
                                const Resolver& resolver, const std::string& outgoing);

// Warns if mail crosses a network in plain text; empty if not.
std::vector<Finding> check_encryption(const base::MailConfig& mail);

// Connects to that server as a sender would: TLS and the expiry of its certificates, EHLO, the
// login. No mail transaction is started.
std::vector<Finding> check_mail_server(const base::MailConfig& mail, const std::string& hello_name,
                                       std::chrono::sys_seconds now);

// Sends a message to the recipients of reports.
std::vector<Finding> send_test_mail(const base::MailConfig& mail,
                                    const base::ReportsConfig& reports, const base::Clock& clock);

// Checks that forward and reverse DNS of the address agree, and that the name is that in EHLO.
std::vector<Finding> check_sending_address(const Resolver& resolver, const std::string& address,
                                           const std::string& hello_name);

}  // namespace backupd
