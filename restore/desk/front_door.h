// Logins: of users with the password of their mailbox, and of people whom a single sign-on proxy
// has identified.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "restore/desk/services.h"

namespace desk {

// Returns the answer with the session's token. Fails with Refusal; for a wrong name or password
// only when web.self.refusal_after or a multiple of it has passed, whatever the reason is.
nlohmann::ordered_json log_in(const Services& services, const Request& request, Door door,
                              Afterwards& afterwards);

// A further login in the same session, for an export or a restore.
nlohmann::ordered_json confirm(const Services& services, const Request& request,
                               const Caller& caller);

// The session, for the person.
nlohmann::ordered_json describe(const Services& services, const Caller& caller);

}  // namespace desk
