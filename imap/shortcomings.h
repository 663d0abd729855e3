// What the server of an account turned out not to do, so that later connections do without it.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/error.h"
#include "imap/optional_commands.h"

namespace imap {

// One thread at a time.
class Shortcomings {
 public:
  // After so many connections broken over it, a command is not sent any more: one alone may have
  // another reason. Silence, and anything odd after COMPRESS, counts at once.
  static constexpr int kMaxBreaks = 2;

  struct Shortcoming {
    std::string command;       // an optional command, upper case; empty: several commands at a time
    std::string text() const;  // "the server does not carry out LSUB"
  };

  // Call it with the error of a connection. Returns what this shows for the first time; nullopt:
  // the error has other reasons, or is not known well enough yet.
  std::optional<Shortcoming> note(const base::Error& error);

  // Whether a connection broke over the command, and the next one is to send it again.
  bool suspects(const std::string& command) const {
    return breaks_.contains(command) && !without_.contains(command);
  }

  // False: each command is sent only after the completion of the one before it.
  bool pipelines() const { return pipelines_; }
  const CommandNames& without() const { return without_; }

 private:
  bool pipelines_ = true;
  CommandNames without_;
  std::map<std::string, int> breaks_;  // of connections, over a command
};

}  // namespace imap
