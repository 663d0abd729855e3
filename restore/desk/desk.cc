#include "restore/desk/desk.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>
#include <pwd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/finally.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/wiping_heap.h"
#include "restore/desk/front_door.h"
#include "restore/desk/granting.h"
#include "restore/desk/operating.h"
#include "restore/desk/reading.h"
#include "restore/desk/refusal.h"
#include "restore/desk/restoring.h"
#include "restore/desk/shown_command.h"
#include "store/format/location.h"

namespace desk {

namespace {

using nlohmann::ordered_json;

constexpr std::chrono::seconds kConnectionPatience{30};
constexpr std::chrono::seconds kBetweenRequests{1};  // of one session or network with too many

const base::DeskSocketConfig& socket_of(const base::WebConfig& web, Door door) {
  switch (door) {
    case Door::kProxy:
      return web.self.proxy_socket;
    case Door::kStaff:
      return web.staff.socket;
    case Door::kSelf:
      break;
  }
  return web.self.socket;
}

std::optional<uid_t> user_id(const std::string& name) {
  std::vector<char> buffer(16'384);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0) return {};
  return found == nullptr ? std::nullopt : std::optional(found->pw_uid);
}

// A page of the accounts that the role covers. No other name is in the answer, the cursor included.
ordered_json list_accounts(const Services& services, const Request& request, const Caller& caller) {
  constexpr std::size_t kAccountsPage = 200;
  const ordered_json all =
      call_child(services, caller, child_request(services, caller, "accounts"));
  auto shown = ordered_json::array();
  ordered_json next;
  for (const ordered_json& account : all.at("accounts")) {
    const auto& name = account.at("account").get_ref<const std::string&>();
    if (name <= request.text("after")) continue;  // they are sorted
    if (!covers(services, caller.session, name)) continue;
    if (shown.size() == request.number_or("limit", kAccountsPage)) {
      next = shown.back().at("account");
      break;
    }
    shown.push_back(account);
  }
  return {{"ok", true},
          {"command", shown_line("mailstow-restore", {"accounts"})},
          {"document", {{"accounts", std::move(shown)}, {"next", next}}}};
}

}  // namespace

Desk::Desk(const base::Environment& environment)
    : environment_(environment),
      sessions_(environment.clock),
      logins_(environment.clock),
      codes_(environment.clock),
      ledger_(store::SealedRecords::open(store::location_of(environment.config.store),
                                         environment.files),
              environment.clock),
      children_(environment.config_file),
      jobs_(ledger_, children_, environment.files, environment.clock,
            environment.config.store.index / "desk"),
      services_{environment, sessions_, logins_, codes_, ledger_, children_, jobs_, locks_} {
  base::wipe_freed_memory();  // passwords pass through
  jobs_.forget_old();
  jobs_.find_again();
}

Desk::~Desk() {
  stop();
  std::unique_lock lock(mutex_);
  has_left_.wait(lock, [&] { return threads_ == 0; });
}

// Restores first: they need the time until they reach a point from which they can be completed.
void Desk::stop() {
  jobs_.park();
  children_.stop();
  const std::scoped_lock lock(mutex_);
  is_stopping_ = true;
  for (Connection* const connection : present_) connection->cut();
}

// A connection that stop() cuts.
class Desk::Present {
 public:
  Present(Desk& desk, Connection& connection) : desk_(desk), connection_(connection) {
    const std::scoped_lock lock(desk_.mutex_);
    desk_.present_.insert(&connection_);
    if (desk_.is_stopping_) connection_.cut();
  }
  Present(const Present&) = delete;
  Present& operator=(const Present&) = delete;
  ~Present() {
    const std::scoped_lock lock(desk_.mutex_);
    desk_.present_.erase(&connection_);
  }

 private:
  Desk& desk_;
  Connection& connection_;
};

template <typename Work>
void Desk::start_thread(Work work) {
  {
    const std::scoped_lock lock(mutex_);
    ++threads_;
  }
  const auto leave = [this] {
    const std::scoped_lock lock(mutex_);
    --threads_;
    has_left_.notify_all();
  };
  try {
    std::thread([leave, work = std::move(work)]() mutable {
      {
        Work own = std::move(work);  // what it holds is gone before the desk can be
        own();
      }
      leave();
    }).detach();
  } catch (const std::system_error& error) {
    base::log_error("desk: {}", error.what());
    leave();
  }
}

void Desk::serve(base::Fd socket, Door door) {
  auto place = connections_.take(std::to_string(static_cast<int>(door)));
  if (!place) return;
  start_thread([this, door, place = std::move(place),
                connection = std::make_unique<Connection>(std::move(socket), kConnectionPatience)] {
    answer(*connection, door);
  });
}

void Desk::forget_old() {
  jobs_.forget_old();
  start_thread([this] { mail_about_grants(); });
}

void Desk::mail_about_grants() {
  try {
    mail_about_ended_grants(services_);
  } catch (const std::exception& error) {
    base::log_error("mail about grants: {}", error.what());
  }
}

void Desk::answer(Connection& connection, Door door) {
  Afterwards afterwards;
  const Present present(*this, connection);
  try {
    if (!is_expected_user(connection, door)) return;
    auto line = connection.read_line(kMaxRequest);
    if (!line) return;
    const base::Finally wipe([&] { base::wipe(*line); });
    try {
      carry_out(parse_request(*line, door), door, connection, afterwards);
    } catch (const NoRequest& why) {
      connection.answer(Refusal(RefusalCode::kUsage, why.what()).to_json());
    } catch (const Refusal& refusal) {
      connection.answer(refusal.to_json());
    } catch (const std::exception& error) {
      if (connection.has_answered()) throw;  // it sees that the stream has no end
      const auto* const known = dynamic_cast<const base::Error*>(&error);
      const bool is_busy = known != nullptr && known->code() == base::ErrorCode::kBusy;
      connection.answer((is_busy ? Refusal(RefusalCode::kBusy, std::chrono::seconds(10))
                                 : Refusal(RefusalCode::kInternal))
                            .to_json());
      throw;
    }
  } catch (const std::exception& error) {
    base::log_error("{}", error.what());
  }
  connection.close();
  for (const auto& action : afterwards) {
    try {
      action();
    } catch (const std::exception& error) {
      base::log_error("{}", error.what());
    }
  }
}

void Desk::carry_out(const Request& request, Door door, Connection& connection,
                     Afterwards& afterwards) {
  const auto of_network = of_network_.take(network_of(request.client));
  if (!of_network) throw Refusal(RefusalCode::kBusy, kBetweenRequests);
  if (request.kind == RequestKind::kLogin) {
    connection.answer(log_in(services_, request, door, afterwards));
    return;
  }
  const Caller caller = identify(request, door);
  const auto of_session = of_session_.take(caller.session.id);
  if (!of_session) throw Refusal(RefusalCode::kBusy, kBetweenRequests);
  if (request.kind == RequestKind::kRaw || request.kind == RequestKind::kExport) {
    stream(services_, request, caller, connection, afterwards);
    return;
  }
  connection.answer(dispatch(request, caller, afterwards));
}

// Everything that decides whether the request is permitted.
Caller Desk::identify(const Request& request, Door door) {
  const RequestRule& rule = rule_of(request.kind);
  auto session = sessions_.find(request.session, door);
  if (!session) throw Refusal(RefusalCode::kUnauthenticated);
  const Access access = access_of(rule, session->role);
  if (access == Access::kNever) throw Refusal(RefusalCode::kForbidden);
  Caller caller{.session = *std::move(session), .account = {}, .client = request.client};
  if (caller.is_owner()) {
    caller.account = caller.session.account;
    // It may have been taken off the list since the login.
    if (!services_.web().self.admits(caller.account)) throw Refusal(RefusalCode::kUnauthenticated);
    if (rule.needs_recent_login &&
        !sessions_.is_recent(caller.session, services_.web().self.recent_login)) {
      throw Refusal(RefusalCode::kConfirm);
    }
    return caller;
  }
  if (access == Access::kAlways) return caller;
  if (request.account.empty()) throw Refusal(RefusalCode::kUsage, "/account: it must be there");
  if (!covers(services_, caller.session, request.account)) {
    throw Refusal(RefusalCode::kNotFound);
  }
  caller.account = request.account;
  if (const auto grant = find_grant(services_, caller.session, caller.account)) {
    caller.has_grant = true;
    caller.is_covert = grant->is_covert;
  }
  if (access == Access::kGrant && !caller.has_grant) throw Refusal(RefusalCode::kForbidden);
  return caller;
}

ordered_json Desk::dispatch(const Request& request, const Caller& caller, Afterwards& afterwards) {
  switch (request.kind) {
    case RequestKind::kConfirm:
      return confirm(services_, request, caller);
    case RequestKind::kLogout:
      sessions_.end(request.session);
      return {{"ok", true}};
    case RequestKind::kMe:
      return describe(services_, caller);
    case RequestKind::kAccounts:
      return list_accounts(services_, request, caller);
    case RequestKind::kPlan:
      return plan(services_, request, caller);
    case RequestKind::kRestore:
      return restore_plan(services_, request, caller, afterwards);
    case RequestKind::kJob:
      return show_job(services_, request, caller);
    case RequestKind::kJobs:
      return list_jobs(services_, caller);
    case RequestKind::kStop:
      return stop_job(services_, request, caller);
    case RequestKind::kContinue:
      return continue_job(services_, request, caller);
    case RequestKind::kExtend:
      return extend(services_, request, caller);
    case RequestKind::kExpire:
      return expire(services_, request, caller);
    case RequestKind::kPlanExport:
      return plan_export(services_, request, caller);
    case RequestKind::kConsent:
      return consent(services_, caller);
    case RequestKind::kAskGrant:
      return ask_grant(services_, request, caller);
    case RequestKind::kUseCode:
      return use_code(services_, request, caller);
    case RequestKind::kGrants:
      return list_grants(services_, caller);
    case RequestKind::kApprove:
      return approve(services_, request, caller);
    case RequestKind::kRevoke:
      return revoke(services_, request, caller);
    case RequestKind::kStatus:
      return show_status(services_, caller);
    case RequestKind::kHistory:
      return show_history(services_, request, caller);
    case RequestKind::kDaemonJobs:
      return show_daemon_jobs(services_, caller);
    case RequestKind::kRunJob:
      return run_job(services_, request, caller);
    case RequestKind::kAllTrees:
      return list_all_trees(services_, request, caller);
    case RequestKind::kAuditLog:
      return read_audit_log(services_, request, caller);
    case RequestKind::kSnapshots:
    case RequestKind::kFolders:
    case RequestKind::kMessages:
    case RequestKind::kShow:
    case RequestKind::kSearch:
    case RequestKind::kVanished:
    case RequestKind::kDiff:
    case RequestKind::kTrees:
    case RequestKind::kAudit:
      return read(services_, request, caller);
    case RequestKind::kLogin:
    case RequestKind::kRaw:
    case RequestKind::kExport:
      break;  // carry_out() did them
  }
  throw Refusal(RefusalCode::kInternal);
}

bool Desk::is_expected_user(const Connection& connection, Door door) const {
  const std::string& name = socket_of(services_.web(), door).user;
  const std::optional<uid_t> expected = name.empty() ? ::geteuid() : user_id(name);
  const std::optional<uid_t> user = connection.user();
  if (expected && user == expected) return true;
  base::log_warning("a program of user {} connected to a socket of {}: it is not answered",
                    user ? std::to_string(*user) : "unknown", name.empty() ? "this user" : name);
  return false;
}

}  // namespace desk
