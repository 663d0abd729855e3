#include "restore/desk/passed_files.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>

#include "base/error.h"

namespace desk {

namespace {

constexpr int kFirstFree = 10;
constexpr char kPayload = '.';

constexpr std::size_t kFilesSize = kPassedFiles * sizeof(int);

struct alignas(cmsghdr) ControlBuffer {
  std::array<char, CMSG_SPACE(kFilesSize)> bytes{};
};

std::vector<base::Fd> files_in(msghdr& message) {
  std::vector<base::Fd> files;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t at = 0; at < count; ++at) {
      int file = -1;
      std::memcpy(&file, CMSG_DATA(part) + at * sizeof file, sizeof file);
      files.emplace_back(file);
    }
  }
  return files;
}

}  // namespace

base::Fd above_passed_files(const base::Fd& file) {
  base::Fd moved(::fcntl(file.get(), F_DUPFD_CLOEXEC, kFirstFree));
  if (!moved) base::fail_with_errno(errno, "pass a descriptor on");
  return moved;
}

SocketPair make_socket_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    base::fail_with_errno(errno, "create a pair of sockets");
  }
  return {base::Fd(ends[0]), base::Fd(ends[1])};
}

bool send_files(const base::Fd& socket, const std::array<int, kPassedFiles>& files) {
  char payload = kPayload;
  iovec text{.iov_base = &payload, .iov_len = sizeof payload};
  ControlBuffer control;
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  cmsghdr* const part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(kFilesSize);
  std::memcpy(CMSG_DATA(part), files.data(), kFilesSize);
  for (;;) {
    const ssize_t sent = ::sendmsg(socket.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0 || errno != EINTR) return sent == sizeof payload;
  }
}

std::optional<std::vector<base::Fd>> receive_files(const base::Fd& socket) {
  char payload = 0;
  iovec text{.iov_base = &payload, .iov_len = sizeof payload};
  ControlBuffer control;
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  for (;;) {
    const ssize_t got = ::recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    break;
  }
  std::vector<base::Fd> files = files_in(message);  // closed if they are not returned
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return std::vector<base::Fd>();
  return files;
}

}  // namespace desk
