// Open files on their way to another process: as numbers of a child, or over a pair of sockets.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/handle.h"

namespace desk {

// The same open file under a number above those that a child's files have, so that none of them is
// replaced before it has been passed on. Fails with kIo.
base::Fd above_passed_files(const base::Fd& file);

struct SocketPair {
  base::Fd near_end;  // stays here
  base::Fd far_end;   // is for the other process
};

// It keeps messages apart. Fails with kIo.
SocketPair make_socket_pair();

// The files of one message.
inline constexpr std::size_t kPassedFiles = 4;

// False if the other process has ended, or accepts nothing at the moment.
bool send_files(const base::Fd& socket, const std::array<int, kPassedFiles>& files);

// Waits for a message, and returns the files that came with it: fewer or more than kPassedFiles are
// not from send_files(), and of a message that is too long none are returned. Nullopt once the
// other process has closed its end.
std::optional<std::vector<base::Fd>> receive_files(const base::Fd& socket);

}  // namespace desk
