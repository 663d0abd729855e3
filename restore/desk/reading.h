// Requests that show what the backups hold.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "restore/desk/connection.h"
#include "restore/desk/services.h"

namespace desk {

// Lists: {"ok": true, "command": its command line, "document": what the command prints}. Fails with
// Refusal.
nlohmann::ordered_json read(const Services& services, const Request& request, const Caller& caller);

// The folders and sizes of an export, and its command lines by format. It counts nothing.
nlohmann::ordered_json plan_export(const Services& services, const Request& request,
                                   const Caller& caller);

// The trees of all accounts that the person's role covers, each with "commands"; those of the
// document are about all of them: "sweep".
nlohmann::ordered_json list_all_trees(const Services& services, const Request& request,
                                      const Caller& caller);

// The audit log, about all accounts that the role covers or one of them; for the help desk what the
// person did.
nlohmann::ordered_json read_audit_log(const Services& services, const Request& request,
                                      const Caller& caller);

// A message's bytes, or those of a selection, as a stream (restore/framed_mail.h). Fails with
// Refusal before the answer begins; later, the last line says that it is incomplete.
void stream(const Services& services, const Request& request, const Caller& caller,
            Connection& connection, Afterwards& afterwards);

}  // namespace desk
