// The parts of the desk that all requests use: its memory, the commands, the person.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/program/program.h"
#include "restore/desk/children.h"
#include "restore/desk/jobs.h"
#include "restore/desk/ledger.h"
#include "restore/desk/request.h"
#include "restore/desk/sessions.h"
#include "restore/desk/throttle.h"

namespace desk {

// One mutex for each account that is in use.
class AccountLocks {
 public:
  std::shared_ptr<std::mutex> of(const std::string& account);

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<std::mutex>> locks_;
};

struct Services {
  const base::Environment& environment;
  Sessions& sessions;
  Throttle& logins;
  Throttle& codes;  // attempts to guess a consent code
  Ledger& ledger;
  Children& children;
  Jobs& jobs;
  AccountLocks& locks;

  const base::WebConfig& web() const { return environment.config.web; }
};

// A person who is logged in, and the account that the request is about.
struct Caller {
  Session session;
  std::string account;  // empty: none in particular
  std::string client;   // the address of this request
  bool has_grant = false;
  bool is_covert = false;  // the grant is: nothing that is done with it is shown to the owner

  bool is_owner() const { return session.role == Role::kOwner; }
  base::OnBehalf on_behalf() const;
};

// Work after the answer is sent, such as mail: the person need not wait for it.
using Afterwards = std::vector<std::function<void()>>;

// Whether the role of one of the staff extends to the account; if not, it is as if the account did
// not exist.
bool covers(const Services& services, const Session& session, const std::string& account);

// Whether it extends to all accounts, so that the person may see what is about all of them.
bool covers_all(const Services& services, const Session& session);

// The oldest moment that an owner may see.
std::chrono::sys_seconds reach_of(const Services& services);

// The oldest jobs, grants and lines of the audit log that the person may see: of an owner, those
// within the reach that no earlier holder of the mailbox can have made; of staff, all.
std::chrono::sys_seconds seen_since(const Services& services, const Caller& caller);

// A request to a child about the caller's account, within the caller's reach.
nlohmann::ordered_json child_request(const Services& services, const Caller& caller,
                                     const char* command);

// The same about all accounts that the role of one of the staff extends to.
nlohmann::ordered_json child_request_in_scope(const Services& services, const Caller& caller,
                                              const char* command);

inline constexpr std::chrono::seconds kReadPatience{30};
inline constexpr std::chrono::seconds kPlanPatience{120};

// The document that the command prints. Fails with Refusal if that is an error. A command that
// could do only part of its work adds "exit_status".
nlohmann::ordered_json call_child(const Services& services, const Caller& caller,
                                  const nlohmann::ordered_json& request,
                                  std::chrono::seconds patience = kReadPatience);

// "created" or "expires" of a tree as `trees` lists it.
std::chrono::sys_seconds time_of_tree(const nlohmann::ordered_json& tree, const char* field);

// Removes the trees that an earlier holder of the owner's mailbox restored from such a list.
void hide_former_trees(nlohmann::ordered_json& trees, const Caller& caller);

// Counts something that the owner does today. At the bound it fails with Refusal kBound, and the
// administrator gets a mail, once a day. Staff have no bounds.
enum class Counted { kMessage, kExport, kRestore };
void count(const Services& services, const Caller& caller, Counted what, Afterwards& afterwards);

}  // namespace desk
