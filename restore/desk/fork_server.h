// The process that forks the children which answer requests. Each start of a program loads sixty
// shared libraries and reads the configuration. A fork of a process that has done so is ten times
// as fast as a start.
//
// It is a program of its own (`mailstow-restore fork-server`, restore/desk/fork_server_command.cc):
// nothing of the desk's memory is in it. For each request it gets open files over a socket, and
// forks a process whose parent is the desk (CLONE_PARENT): the desk waits for it and ends it like
// one that it has started itself, and it goes on when the fork server ends. Before the child
// begins, it sends its number and waits for a byte from the desk: no command runs that the desk
// does not know of, and none runs twice.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/child.h"
#include "base/file_system.h"
#include "base/handle.h"
#include "base/program/file_stamp.h"

namespace desk {

// Descriptors of a child.
inline constexpr int kOnBehalfDescriptor = 3;

// The fork server's end of the socket.
inline constexpr int kForkServerSocket = 3;

// The words of the command line of a child, its program aside.
std::vector<std::string> child_words(const base::Path& config_file,
                                     const std::vector<std::string>& words);

// The words after those for `answer` on behalf of a person.
std::vector<std::string> answer_words();

struct ForkServerTimes {
  // Until a child sends its number.
  std::chrono::milliseconds patience{10'000};
  // One that ends at once is not started again and again.
  std::chrono::milliseconds between_starts{10'000};
};

class ForkServer {
 public:
  // Updates of libraries and of the time zones reach it then.
  static constexpr std::chrono::minutes kMaxLife{10};

  // Starts it. If that fails, start() tries again.
  explicit ForkServer(base::Path config_file, const ForkServerTimes& times = {});
  ForkServer(const ForkServer&) = delete;
  ForkServer& operator=(const ForkServer&) = delete;
  ~ForkServer();

  // The files of a child.
  struct Files {
    int input;      // the request
    int output;     // its answer
    int on_behalf;  // the person
  };

  // A child that carries out `answer`, in a process group of its own. Nullopt: there is no fork
  // server at the moment, and no child will run. Fails with kIo.
  std::optional<base::Child> start(const Files& files);

  // The next child comes from another process, with another layout of its memory: a child that
  // crashed may have been an attempt to find out the present one. Children that run go on.
  void replace();

  std::optional<pid_t> pid();  // nullopt: none runs

 private:
  struct Server {
    base::Child process;
    base::Fd socket;
    base::FileStamp program;
    std::chrono::steady_clock::time_point started;
  };
  // The number of the server that has got the files.
  std::optional<pid_t> send(const Files& files, const base::Fd& handshake);
  void launch();
  bool is_outdated() const;
  enum class End { kAfterItsWork, kAtOnce };
  void retire(End end);
  void reap();

  base::Path config_file_;
  ForkServerTimes times_;
  std::mutex mutex_;
  std::optional<Server> server_;
  std::vector<base::Child> retired_;  // not waited for yet
  std::vector<base::Fd> late_;        // the sockets to children that have not sent their numbers
  std::chrono::steady_clock::time_point next_start_;
};

}  // namespace desk
