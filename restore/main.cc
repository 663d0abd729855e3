// mailstow-restore: restores mail beside the live mail, for a limited time.
#include <string>
#include <vector>

#include "base/program/front.h"
#include "restore/commands.h"
#include "restore/desk/desk_command.h"
#include "restore/reach.h"

namespace {

base::ProgramDescription describe();

int run_forked(const std::vector<std::string>& arguments, const base::OpenEnvironment& open) {
  return base::run_program(describe(), arguments, open);
}

base::ProgramDescription describe() {
  return {
      .name = "mailstow-restore",
      .purpose = "Finds mail in a store and restores it as a new tree of folders.",
      .footer =
          "Exit status: 0 all done; 1 nothing done; 2 wrong usage, configuration or key;\n"
          "3 partly done; 4 the store is damaged; 5 another process holds the store;\n"
          "6 refused because the tree would count towards quota.",
      .version = MAILSTOW_VERSION,
      .commands = restore::as_of_a_commit(restore::within_reach(
          {restore::accounts_command(), restore::snapshots_command(), restore::folders_command(),
           restore::messages_command(), restore::show_command(), restore::search_command(),
           restore::vanished_command(), restore::diff_command(), restore::run_command(),
           restore::export_command(), restore::trees_command(), restore::extend_command(),
           restore::expire_command(), restore::sweep_command(), desk::desk_command(),
           desk::fork_server_command(run_forked), restore::answer_command()}))};
}

}  // namespace

int main(int argc, char** argv) {
  return base::run_program(describe(), argc, argv);
}
