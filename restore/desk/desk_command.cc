#include "restore/desk/desk_command.h"

#include <cerrno>
#include <chrono>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/stop_request.h"
#include "restore/desk/desk.h"
#include "restore/desk/listeners.h"

namespace desk {

namespace {

constexpr std::chrono::minutes kBetweenCleanings{10};

void refuse_closed(const base::WebConfig& web) {
  if (!web.self.accounts.empty() || !web.staff.people.empty()) return;
  base::fail(base::ErrorCode::kConfig,
             "desk: it is closed: name the accounts whose users may log in in web.self.accounts, "
             "or people in web.staff.people");
}

base::ExitStatus run_desk(const base::Environment& environment) {
  refuse_closed(environment.config.web);
  base::stop_on_request(base::OnStop::kThrow);
  Desk desk(environment);
  const std::vector<Listener> listeners = open_listeners(environment.config.web);
  std::vector<pollfd> watched;
  watched.reserve(listeners.size() + 1);
  for (const Listener& listener : listeners) {
    watched.push_back({listener.socket.get(), POLLIN, 0});
  }
  watched.push_back({base::stop_descriptor(), POLLIN, 0});
  base::log_info("desk: it listens on {} sockets", listeners.size());
  auto cleaned = environment.clock.steady_now();
  while (!base::is_stop_requested()) {
    const auto patience = std::chrono::milliseconds(kBetweenCleanings).count();
    const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(patience));
    if (ready < 0 && errno != EINTR) base::fail_with_errno(errno, "wait for requests");
    for (std::size_t at = 0; ready > 0 && at < listeners.size(); ++at) {
      if ((watched[at].revents & POLLIN) == 0) continue;
      base::Fd socket = accept_from(listeners[at]);
      if (socket) desk.serve(std::move(socket), listeners[at].door);
    }
    if (environment.clock.steady_now() - cleaned > kBetweenCleanings) {
      cleaned = environment.clock.steady_now();
      desk.forget_old();
    }
  }
  desk.stop();
  for (const Listener& listener : listeners) {
    if (!listener.path.empty()) ::unlink(listener.path.c_str());
  }
  return base::ExitStatus::kDone;
}

}  // namespace

base::Command desk_command() {
  return {.name = "desk",
          .help = "Answer the web server of the restore page",
          .has_document = false,
          .function = run_desk};
}

}  // namespace desk
