// The request of a run, kept in its tree's record so that another run can resume it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/program/program.h"
#include "restore/selection.h"

namespace restore {

// Who made the request, for lists of trees; empty: unknown.
struct Requester {
  std::string user;    // the Unix user, or the one who became root through sudo
  std::string person;  // for whom another program ran the command (base/program/on_behalf.h)
  std::string role;
};

// Who runs this command.
Requester requester_of(const base::Environment& environment);

struct RestoreRequest {
  std::string account;  // the account that was backed up
  // `at` is the id of the chosen snapshot; `asked` is set, so that times relative to it stay the
  // same.
  SelectionOptions selection;
  Requester requester = {};
  std::string job = {};  // the restore desk's name for it; empty: it did not come from there
  // The highest sequence number of the account's snapshots when the tree was made, so that a tree
  // that a wrong clock dated is recognised; 0: unknown, as in requests of earlier versions.
  std::uint64_t made_after = 0;
  // A time that had certainly come when the tree was made, so that a sweep recognises a tree of a
  // clock that was behind without the account's snapshots too; nullopt: unknown, as in requests of
  // earlier versions.
  std::optional<std::chrono::sys_seconds> not_before = {};
  // The expiry that the tree had before a sweep moved it, because the tree was dated in the future
  // and the store did not show which clock was wrong; nullopt: no sweep did.
  std::optional<std::chrono::sys_seconds> promised = {};
};

std::string write_request(const RestoreRequest& request);

// Fails with kDamaged.
RestoreRequest read_request(const std::string& text);

}  // namespace restore
