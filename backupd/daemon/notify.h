// Notifies systemd of the state of the daemon: sd_notify(3), one datagram per message.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace backupd {

// Does nothing if no service manager listens ($NOTIFY_SOCKET) or the datagram can't be delivered.
// `state` has the format of sd_notify(3): "READY=1", "STATUS=..." and so on, separated by newlines.
void notify_service_manager(const std::string& state);

// The longest interval allowed between two "WATCHDOG=1"; nullopt if the watchdog is off.
std::optional<std::chrono::milliseconds> watchdog_interval();

}  // namespace backupd
