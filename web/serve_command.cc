#include "web/serve_command.h"

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/listening_socket.h"
#include "base/log.h"
#include "base/process.h"
#include "base/stop_request.h"
#include "base/wiping_heap.h"
#include "web/http_server.h"
#include "web/job_events.h"
#include "web/renderer.h"
#include "web/settings.h"
#include "web/site.h"

namespace web {

namespace {

constexpr std::chrono::seconds kStopPatience{10};
constexpr int kBetweenTidying = 10'000;  // milliseconds

base::Fd listening_socket(const Settings& settings) {
  if (settings.listen) return base::listen_on(settings.listen->host, settings.listen->port);
  if (!settings.socket.empty()) return base::listen_on_path(settings.socket);
  std::vector<base::HandedSocket> sockets = base::handed_over_sockets();
  if (sockets.size() != 1) {
    base::fail(base::ErrorCode::kConfig,
               "serve: systemd hands over {} sockets: enable mailstow-web@self.socket, or set "
               "/socket",
               sockets.size());
  }
  return std::move(sockets.front().socket);
}

base::ExitStatus serve(const base::Path& file, base::OutputFormat /*format*/) {
  base::stop_on_request(base::OnStop::kThrow);
  base::wipe_freed_memory();  // passwords pass through
  const Settings settings = load_settings(base::real_file_system(), file);
  const DeskClient desk(connect_to(settings.desk));
  const Renderer renderer(base::sibling_program("mailstow-web"));
  Site site(settings, desk, renderer);
  HttpServer server(
      listening_socket(settings), {}, [&](HttpRequest& request) { return site.answer(request); },
      [&](HttpRequest& request, std::optional<std::uint64_t> announced) {
        return site.admit(request, announced);
      });
  base::log_info("serve: {} for {}", settings.url, word_of(settings.instance));
  pollfd stop{base::stop_descriptor(), POLLIN, 0};
  while (!base::is_stop_requested()) {
    if (::poll(&stop, 1, kBetweenTidying) < 0 && errno != EINTR) {
      base::fail_with_errno(errno, "wait");
    }
    site.forget_old();
  }
  end_all_events();
  if (!settings.socket.empty()) ::unlink(settings.socket.c_str());
  // A request may wait for the desk for minutes: nothing of it is lost with this program.
  if (!server.end(kStopPatience)) std::_Exit(static_cast<int>(base::ExitStatus::kDone));
  return base::ExitStatus::kDone;
}

}  // namespace

base::Command serve_command() {
  return {.name = "serve",
          .help = "Serve the restore page",
          .has_document = false,
          .without_environment = serve};
}

}  // namespace web
