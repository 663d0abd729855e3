// mailstow-backupd: snapshots of IMAP accounts into a store.
#include "backupd/commands.h"
#include "base/program/front.h"

int main(int argc, char** argv) {
  return base::run_program(
      {.name = "mailstow-backupd",
       .purpose = "Backs up IMAP accounts into an encrypted, deduplicated store.",
       .footer = "Exit status: 0 all done; 1 nothing done; 2 wrong usage, configuration or key;\n"
                 "3 partly done; 4 the store is damaged; 5 another process holds the store.",
       .version = MAILSTOW_VERSION,
       .groups = {{"key", "Manage the keys that open the store"}},
       .commands = {backupd::init_command(),       backupd::once_command(),
                    backupd::check_command(),      backupd::reindex_command(),
                    backupd::key_add_command(),    backupd::key_remove_command(),
                    backupd::key_list_command(),   backupd::key_export_command(),
                    backupd::key_verify_command(), backupd::prune_command(),
                    backupd::forget_command(),     backupd::pin_command(),
                    backupd::unpin_command(),      backupd::acknowledge_command(),
                    backupd::copy_command(),       backupd::drill_command(),
                    backupd::metrics_command(),    backupd::run_command(),
                    backupd::status_command(),     backupd::tell_command(),
                    backupd::doctor_command(),     backupd::extend_locks_command()}},
      argc, argv);
}
