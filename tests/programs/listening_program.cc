#include "tests/programs/listening_program.h"

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <utility>

#include <unistd.h>

#include "tests/text_of.h"
#include "tests/unix_socket.h"

namespace programs {

ListeningProgram::ListeningProgram(std::vector<std::string> command, base::Path socket,
                                   base::Path log, std::vector<std::string> environment)
    : command_(std::move(command)),
      socket_(std::move(socket)),
      log_(std::move(log)),
      environment_(std::move(environment)) {
  start();
}

void ListeningProgram::start() {
  process_ = std::make_unique<servers::Process>(command_, environment_,
                                                servers::Account{::getuid(), ::getgid()}, log_);
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!tests::connect_to_socket(socket_)) {
    if (!process_->is_running() || std::chrono::steady_clock::now() > end) {
      throw std::runtime_error(command_.front() + " does not start: " + tests::text_of(log_));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void ListeningProgram::kill() {
  ::kill(process_->pid(), SIGKILL);
  while (process_->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

void ListeningProgram::stop() {
  process_->end(std::chrono::seconds(30));
}

}  // namespace programs
