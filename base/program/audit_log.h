// A log of who accessed whose mail or changed the store: one line of JSON per command in a file
// that is only ever appended to. The file has some room reserved for later lines, so that a full
// disk does not keep an administrator from restoring mail.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/config/config.h"
#include "base/handle.h"
#include "base/program/invoker.h"
#include "base/program/on_behalf.h"

namespace base {

struct AuditEntry {
  std::string_view program;
  std::string command;                 // "run", "key export"
  std::string account;                 // empty: no particular account
  std::vector<std::string> arguments;  // as typed, after the program's name
  std::optional<OnBehalf> on_behalf = std::nullopt;
  const nlohmann::ordered_json* details = nullptr;  // an object: Command::audit_details
};

class AuditLog {
 public:
  // Takes Config::store. `clock` must outlive the log.
  AuditLog(const StoreConfig& store, Invoker invoker, const Clock& clock);

  // Durable when it returns; written before the command begins, so that nothing is done without a
  // line in the log. If the file can't be written, the line goes to StoreConfig::audit_socket, if
  // there is one. Writes nothing if the store's directory is missing: then there is nothing to
  // access or change. A line that does not fit leaves nothing in the file. Fails with kIo or
  // kNoSpace.
  void append(const AuditEntry& entry) const;

  // Makes sure that there is a file with room for later lines, also after it was rotated: for
  // commands that run while the disk still has room. A failure is only logged.
  void reserve() const;

 private:
  bool may_have_store() const;
  Fd open_file() const;
  void write_to_file(const std::string& line) const;
  void send_to_socket(std::string_view program, const std::string& line) const;

  StoreConfig store_;
  Invoker invoker_;
  const Clock& clock_;
};

}  // namespace base
