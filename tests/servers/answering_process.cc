#include "tests/servers/answering_process.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"

namespace servers {

namespace {

base::Child start(const std::vector<std::string>& arguments, base::Fd& questions,
                  base::Fd& answers) {
  // A program that has ended must not kill the test.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0) base::fail_with_errno(errno, "make a pipe");
  const base::Fd its_input(in[0]);
  questions = base::Fd(in[1]);
  if (::pipe2(out.data(), O_CLOEXEC) != 0) base::fail_with_errno(errno, "make a pipe");
  answers = base::Fd(out[0]);
  const base::Fd its_output(out[1]);
  return base::Child(arguments, {.descriptors = {{its_input.get(), STDIN_FILENO},
                                                 {its_output.get(), STDOUT_FILENO}}});
}

}  // namespace

AnsweringProcess::AnsweringProcess(const std::vector<std::string>& arguments)
    : name_(arguments.front()), program_(start(arguments, questions_, answers_)) {}

AnsweringProcess::~AnsweringProcess() {
  program_.signal(SIGTERM);
  program_.wait();
}

std::string AnsweringProcess::ask(std::string question) {
  question += '\n';
  for (std::string_view rest = question; !rest.empty();) {
    const ssize_t written = ::write(questions_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) base::fail_with_errno(errno, "ask " + name_);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  std::string answer;
  std::array<char, 65536> buffer{};
  while (!answer.ends_with('\n')) {
    const ssize_t count = ::read(answers_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) base::fail(base::ErrorCode::kInternal, "ask {}: it ended", name_);
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  answer.pop_back();
  return answer;
}

}  // namespace servers
