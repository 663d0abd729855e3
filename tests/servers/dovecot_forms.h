// Dovecot in the forms in which it is found, beside the default of these tests.
#pragma once

#include <string>
#include <vector>

#include "tests/servers/dovecot.h"

namespace servers {

struct DovecotForm {
  const char* name;
  DovecotOptions options;
};

inline DovecotForm dovecot_with_fs_layout() {
  DovecotOptions options;
  options.location = "maildir:~/Maildir:LAYOUT=fs";
  return {"FsLayout", options};
}

inline DovecotForm dovecot_with_mdbox_below_inbox() {
  DovecotOptions options;
  options.location = "mdbox:~/mdbox";
  options.prefix = "INBOX.";
  options.separator = '.';
  return {"MdboxBelowInbox", options};
}

inline DovecotForm dovecot_with_caret() {
  DovecotOptions options;
  options.separator = '^';
  return {"Caret", options};
}

// Each folder is one file, and so has no folders below it.
inline DovecotForm dovecot_with_mbox() {
  DovecotOptions options;
  options.location = "mbox:~/mail:INBOX=~/inbox";
  options.extra = "mbox_write_locks = fcntl\n";
  return {"Mbox", options};
}

}  // namespace servers
