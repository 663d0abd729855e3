// What systemd is told about the daemon: sd_notify(3), one datagram a word.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace backupd {

// Nothing happens where no service manager listens ($NOTIFY_SOCKET), or where it does not answer.
// `state` as sd_notify(3) has it: "READY=1", "STATUS=..." and so on, separated by line ends.
void notify_service_manager(const std::string& state);

// How often it wants to hear "WATCHDOG=1" at least; nothing if it does not.
std::optional<std::chrono::milliseconds> watchdog_interval();

}  // namespace backupd
