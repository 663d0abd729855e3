// mailstow-web: the restore page over HTTP, without keys, index or network.
#include "base/program/front.h"
#include "web/render/render_command.h"
#include "web/serve_command.h"
#include "web/settings.h"

int main(int argc, char** argv) {
  return base::run_program(
      {.name = "mailstow-web",
       .purpose = "Serves the page on which users restore their own mail.",
       .footer = "Exit status: 0 all done; 1 nothing done; 2 wrong usage or configuration.",
       .version = MAILSTOW_VERSION,
       .config_file = web::kDefaultSettings,
       .commands = {web::serve_command(), render::render_command()}},
      argc, argv);
}
