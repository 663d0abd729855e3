// Leave for the staff to look into an account's mail: given by the owner with a code, or by an
// officer who did not ask for it.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "restore/desk/services.h"

namespace desk {

bool has_grant(const Services& services, const Session& session, const std::string& account);

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

// An owner sees those of the account, the help desk its own, an officer all.
nlohmann::ordered_json list_grants(const Services& services, const Caller& caller);

}  // namespace desk
