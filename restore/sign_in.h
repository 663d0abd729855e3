// A login at the restore page: the password of a mailbox is tried at its own IMAP server.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/program/program.h"
#include "base/secret.h"

namespace restore {

enum class SignInResult {
  kAdmitted,
  kRefused,      // no such account, not admitted by web.self.accounts, or a wrong password
  kStranger,     // the mailbox is not the one that was backed up
  kUnavailable,  // the server does not answer, or not in a way that permits a login
};

struct SignIn {
  SignInResult result = SignInResult::kRefused;
  std::string account = {};  // its name; empty: unknown
  // The oldest snapshot that may be shown: those before it are, or may be, of another mailbox.
  std::uint64_t sequence = 0;
  // The same for what people did: the earliest moment at which the mailbox was certainly this one.
  std::chrono::sys_seconds since{};
  std::string why = {};  // for the log
};

// `name`: equal, byte for byte, to one account's name or its user name on the server; everything
// else is refused. So no name can contain the server's separator for a master user, unless an
// account's own name does.
//
// For an unknown name an invented user is tried at a server with an invented password, so that the
// answer takes as long, and depends as much on the server, as for a known one.
SignIn sign_in(const base::Environment& environment, const std::string& name,
               const base::Secret& password);

// The same for a person whom a single sign-on proxy has identified: opens the mailbox as a backup
// does, to see whose it is. A name that fits two accounts is refused.
SignIn sign_in_vouched(const base::Environment& environment, const std::string& name);

// "admitted", "refused", "stranger", "unavailable".
std::string_view word_of(SignInResult result);

}  // namespace restore
