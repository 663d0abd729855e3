// The checks of `doctor` for each server.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "backupd/doctor/finding.h"
#include "backupd/doctor/resolver.h"
#include "backupd/doctor/url_host.h"
#include "base/config/config.h"
#include "base/program/program.h"
#include "base/server_certificate.h"
#include "imap/capabilities.h"

namespace backupd {

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
// that each glob of an exclude matches a folder, if all accounts that have it were tried, and that
// the store has a record of each restored tree.
std::vector<Finding> check_accounts(const base::Environment& environment, const std::string& name,
                                    const std::vector<base::AccountConfig>& accounts);

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

}  // namespace backupd
