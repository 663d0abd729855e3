#include "restore/sign_in.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/log.h"
#include "imap/account_login.h"
#include "restore/mailbox_holder.h"
#include "store/format/crypto.h"
#include "store/format/location.h"

namespace restore {

namespace {

// A person waits for the answer.
constexpr std::chrono::seconds kPatienceAtServer{30};

imap::Session open_with_password(const base::ServerConfig& server, const std::string& user,
                                 const base::Secret& password) {
  imap::Endpoint endpoint = imap::endpoint_of(server);
  endpoint.connect_timeout = kPatienceAtServer;
  endpoint.compression = base::Compression::kNone;
  imap::Limits limits = imap::limits_of(server);
  limits.command = kPatienceAtServer;
  imap::Login login;
  login.user = user;
  login.password = password;
  return imap::Session::open(endpoint, login, limits);
}

bool may_log_in(const base::Config& config, const base::AccountConfig& account) {
  return config.web.self.admits(account.name) && account.name != config.drill.account;
}

// The only admitted account with this name, or with this user name; nullptr if there is not exactly
// one. An account's own name wins: the password is that of its mailbox.
const base::AccountConfig* find_owner_account(const base::Config& config, const std::string& name) {
  std::vector<const base::AccountConfig*> by_user;
  for (const base::AccountConfig& account : config.accounts) {
    if (!may_log_in(config, account)) continue;
    if (account.name == name) return &account;
    if (account.user == name) by_user.push_back(&account);
  }
  return by_user.size() == 1 ? by_user.front() : nullptr;
}

// The only account that the name fits, if it is admitted. A name that is one account's and another
// one's user name, admitted or not, says nothing about whom the proxy has identified.
const base::AccountConfig* find_vouched_account(const base::Config& config,
                                                const std::string& name) {
  const base::AccountConfig* found = nullptr;
  for (const base::AccountConfig& account : config.accounts) {
    if (account.name != name && account.user != name) continue;
    if (found != nullptr) return nullptr;
    found = &account;
  }
  return found != nullptr && may_log_in(config, *found) ? found : nullptr;
}

std::string random_word() {
  std::array<std::byte, 16> bytes{};
  store::fill_random(bytes);
  return base::to_hex(bytes);
}

// Always the same server for a name, as if its account were there.
const base::ServerConfig* server_for_unknown(const base::Config& config, const std::string& name) {
  if (config.servers.empty()) return nullptr;
  const auto at = std::hash<std::string>()(name) % config.servers.size();
  return &std::next(config.servers.begin(), static_cast<std::ptrdiff_t>(at))->second;
}

SignIn refused_or_unavailable(const base::Error& error, std::string account) {
  const bool is_refused = error.code() == base::ErrorCode::kLogin;
  return {.result = is_refused ? SignInResult::kRefused : SignInResult::kUnavailable,
          .account = std::move(account),
          .why = error.what()};
}

SignIn refuse_unknown(const base::Config& config, const std::string& name) {
  SignIn answer{.why = "no account of this name may log in"};
  const base::ServerConfig* const server = server_for_unknown(config, name);
  if (server == nullptr) return answer;
  try {
    open_with_password(*server, "mailstow-unknown-" + random_word(), base::Secret(random_word()));
  } catch (const base::Error& error) {
    if (error.code() == base::ErrorCode::kLogin) return answer;
    answer.result = SignInResult::kUnavailable;
    answer.why = error.what();
  }
  return answer;
}

std::optional<imap::OpenFolder> open_inbox(imap::Session& session) {
  try {
    return session.examine(imap::kInbox);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
    return std::nullopt;
  }
}

// Limits the answer to the snapshots after all that are not of the live mailbox, and to the time
// since the first of them. False if the newest snapshot is of another mailbox.
bool limit_to_holder(SignIn& answer, const std::vector<store::SnapshotInfo>& snapshots,
                     const base::Holder& holder) {
  std::size_t first = 0;
  for (std::size_t at = 0; at < snapshots.size(); ++at) {
    const bool is_own = at < holder.is_of_snapshot.size() && holder.is_of_snapshot[at];
    if (!is_own) first = at + 1;
  }
  if (first == snapshots.size()) return false;
  answer.sequence = first == 0 ? 0 : snapshots[first - 1].sequence + 1;
  // What happened before the oldest snapshot may have been another person's doing: an earlier
  // mailbox may have no snapshots left. The clock may have been wrong.
  const auto later = std::max_element(
      snapshots.begin(), snapshots.begin() + static_cast<std::ptrdiff_t>(first) + 1,
      [](const auto& one, const auto& other) { return one.time < other.time; });
  answer.since = std::min(answer.since, later->time);
  return true;
}

SignIn admit(const base::Environment& environment, const std::string& account,
             imap::Session& session) {
  // Without a snapshot, everything that is known of the account may be of an earlier mailbox.
  SignIn answer{.result = SignInResult::kAdmitted,
                .account = account,
                .since = environment.clock.now_seconds()};
  const auto inbox = open_inbox(session);
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  const auto snapshots = reader.snapshots_in_and_out_of_reach(account);
  if (!snapshots.empty()) {
    const base::Holder holder = holder_of(environment, reader, snapshots, session, inbox);
    if (holder.change) note_mailbox_change(environment, account, *holder.change);
    if (!limit_to_holder(answer, snapshots, holder)) {
      answer.result = SignInResult::kStranger;
      answer.why = "the mailbox is not the one that was backed up: see `mailstow-backupd status`";
    }
  }
  session.logout();
  return answer;
}

SignIn sign_in_with(const base::Environment& environment, const base::AccountConfig& account,
                    const std::function<imap::Session()>& open) {
  try {
    imap::Session session = open();
    return admit(environment, account.name, session);
  } catch (const base::Error& error) {
    switch (error.code()) {
      case base::ErrorCode::kLogin:
      case base::ErrorCode::kNetwork:
      case base::ErrorCode::kTls:
      case base::ErrorCode::kProtocol:
      case base::ErrorCode::kRefused:
        return refused_or_unavailable(error, account.name);
      default:
        throw;
    }
  }
}

}  // namespace

SignIn sign_in(const base::Environment& environment, const std::string& name,
               const base::Secret& password) {
  const base::Config& config = environment.config;
  const base::AccountConfig* const account = find_owner_account(config, name);
  if (account == nullptr || password.empty()) return refuse_unknown(config, name);
  SignIn answer = sign_in_with(environment, *account, [&] {
    return open_with_password(config.server_of(*account), account->user, password);
  });
  // A server may repeat what it was sent.
  answer.why = base::masked(std::move(answer.why), password.reveal());
  return answer;
}

SignIn sign_in_vouched(const base::Environment& environment, const std::string& name) {
  const base::Config& config = environment.config;
  const base::AccountConfig* const account = find_vouched_account(config, name);
  if (account == nullptr) return {.why = "no account, or more than one, has this name"};
  SignIn answer = sign_in_with(environment, *account, [&] {
    return imap::open_account(config.server_of(*account), *account);
  });
  // The login of the backup failed, not that of the person.
  if (answer.result == SignInResult::kRefused) answer.result = SignInResult::kUnavailable;
  return answer;
}

std::string_view word_of(SignInResult result) {
  switch (result) {
    case SignInResult::kAdmitted:
      return "admitted";
    case SignInResult::kRefused:
      return "refused";
    case SignInResult::kStranger:
      return "stranger";
    case SignInResult::kUnavailable:
      return "unavailable";
  }
  return "";
}

}  // namespace restore
