// Who looked into whose mail, or did something to the store: one line of JSON a command in a file
// that is only ever appended to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/config/config.h"
#include "base/program/invoker.h"

namespace base {

struct AuditEntry {
  std::string_view program;
  std::string command;                 // "run", "key export"
  std::string account;                 // empty: no account's in particular
  std::vector<std::string> arguments;  // as they were typed, behind the program's name
};

class AuditLog {
 public:
  // Of Config::store. `clock` must outlive it.
  AuditLog(const StoreConfig& store, Invoker invoker, const Clock& clock);

  // Durable when it returns; written before the command begins, so that nothing is done that no
  // line tells of. Nothing is written where there is no store: there is nothing to be done to it.
  // Fails with kIo or kNoSpace.
  void append(const AuditEntry& entry) const;

 private:
  StoreConfig store_;
  Invoker invoker_;
  const Clock& clock_;
};

}  // namespace base
