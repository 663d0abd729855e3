// What `doctor` looks at on each server.
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

// The host's name, and each of its addresses.
std::vector<Finding> look_at_addresses(const std::string& subject, const UrlHost& host,
                                       const Resolver& resolver);

// How long the certificates, which have been verified, last. Nothing where there are none.
std::vector<Finding> look_at_certificates(const std::string& subject,
                                          std::span<const base::ServerCertificate> chain,
                                          std::chrono::sys_seconds now);

// The way there: its name, each of its addresses, TLS and how long its certificates last.
std::vector<Finding> look_at_way(const std::string& name, const base::ServerConfig& server,
                                 const Resolver& resolver, std::chrono::sys_seconds now);

// Logs in to the accounts, which are some of the server's, and sees whether each is whose it should
// be, as far as the server tells: INBOX is the one that was backed up, it is nobody else's too, and
// its rights name the user. What the server can and cannot once somebody is in.
std::vector<Finding> look_at_accounts(const base::Environment& environment, const std::string& name,
                                      const std::vector<base::AccountConfig>& accounts);

// What a server lacks, and what that costs.
std::vector<Finding> look_at_capabilities(const std::string& subject,
                                          const base::ServerConfig& server,
                                          const imap::Capabilities& capabilities);

// Whether who is to set quotas may (Cyrus). Nothing for servers where nobody is to.
std::vector<Finding> look_at_quota_admin(const std::string& name, const base::ServerConfig& server,
                                         const std::vector<base::AccountConfig>& accounts);

// Restores a message of the account and sweeps it away again: whether restored trees count towards
// its quota, and whether headers with bytes beyond ASCII come back as they were (Cyrus's
// munge8bit).
std::vector<Finding> look_at_restoring(const base::Environment& environment,
                                       const std::string& account);

}  // namespace backupd
