#include "imap/account_opener.h"

#include "base/log.h"
#include "base/terminal.h"

namespace imap {

Session AccountOpener::open() {
  for (;;) {
    base::ServerConfig server = server_;
    CommonLimits common;
    {
      const std::lock_guard lock(mutex_);
      server.pipeline = server.pipeline && shortcomings_.pipelines();
      common.without = shortcomings_.without();
    }
    try {
      return open_account(server, account_, common);
    } catch (const ConnectionLost& lost) {
      if (!works_around(lost)) throw;
    }
  }
}

bool AccountOpener::works_around(const ConnectionLost& lost) {
  const std::lock_guard lock(mutex_);
  const auto found = shortcomings_.note(lost);
  if (!found) return !lost.pause() && shortcomings_.suspects(lost.command());
  base::log_warning("{}: {}, so this is done without: {}", base::escape_for_terminal(account_.name),
                    found->text(), lost.what());
  return true;
}

}  // namespace imap
