// Requests about restored trees: the plan, the restore that does exactly what the plan showed, and
// the trees' time.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "restore/desk/services.h"

namespace desk {

// All fail with Refusal.

// The plan of a restore, which a restore must name.
nlohmann::ordered_json plan(const Services& services, const Request& request, const Caller& caller);

// Starts the restore of a plan. The same key again is the same restore.
nlohmann::ordered_json restore_plan(const Services& services, const Request& request,
                                    const Caller& caller, Afterwards& afterwards);

nlohmann::ordered_json show_job(const Services& services, const Request& request,
                                const Caller& caller);
nlohmann::ordered_json list_jobs(const Services& services, const Caller& caller);
nlohmann::ordered_json stop_job(const Services& services, const Request& request,
                                const Caller& caller);

// Completes an interrupted restore of this person, or of any owner of the account if the person is
// one: in the tree that it began, from any session. One that runs or is over stays as it is.
nlohmann::ordered_json continue_job(const Services& services, const Request& request,
                                    const Caller& caller);

nlohmann::ordered_json extend(const Services& services, const Request& request,
                              const Caller& caller);
nlohmann::ordered_json expire(const Services& services, const Request& request,
                              const Caller& caller);

}  // namespace desk
