// Leave for the staff to look into an account's mail: given by the owner with a code, or by an
// officer who did not ask for it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "restore/desk/services.h"

namespace desk {

// One with which the person may look into the account's mail now: if possible one that is not
// covert.
std::optional<Grant> find_grant(const Services& services, const Session& session,
                                const std::string& account);

// Sends a mail to the owners about the grants that have ended since the last call, except covert
// ones. Failures are logged.
void mail_about_ended_grants(const Services& services);

// Ends what an earlier holder of the account's mailbox consented to: all before that moment.
void end_former_consent(const Services& services, const std::string& account,
                        std::chrono::sys_seconds holder_since);

// All fail with Refusal.

// The owner's code for one of the staff, valid as long as a grant.
nlohmann::ordered_json consent(const Services& services, const Caller& caller);
nlohmann::ordered_json use_code(const Services& services, const Request& request,
                                const Caller& caller);

nlohmann::ordered_json ask_grant(const Services& services, const Request& request,
                                 const Caller& caller);
nlohmann::ordered_json approve(const Services& services, const Request& request,
                               const Caller& caller);
nlohmann::ordered_json revoke(const Services& services, const Request& request,
                              const Caller& caller);

// An owner sees those of the account since the mailbox is the owner's, the help desk its own, an
// officer all.
nlohmann::ordered_json list_grants(const Services& services, const Caller& caller);

}  // namespace desk
