// `mailstow-web render`, as the page starts it: one message in, one frame out, and nothing else.
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/file_system.h"
#include "base/memory_file.h"
#include "tests/temporary_directory.h"
#include "web/problem.h"
#include "web/render/confinement.h"
#include "web/renderer.h"

namespace web {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr std::uint64_t kPlenty = std::uint64_t{64} << 20U;

class RenderTest : public testing::Test {
 protected:
  Renderer::Rendered render(const std::string& message, const std::vector<std::string>& words,
                            std::uint64_t most = kPlenty) {
    return renderer_.run(base::memory_file("a message", base::as_bytes(message)),
                         {.words = words, .most = most});
  }

  // A program that was taken over: a script in place of the renderer.
  std::string program(const std::string& script) {
    const base::Path path = directory_.path() / ("program" + std::to_string(++programs_));
    std::ofstream(path) << "#!/bin/sh\n" << script;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path.string();
  }
  static Renderer::Rendered run(const Renderer& renderer, const std::string& sharer = "",
                                const std::string& word = "html") {
    return renderer.run(base::memory_file("a message", {}),
                        {.words = {word}, .most = kPlenty, .sharer = sharer});
  }

  tests::TemporaryDirectory directory_;
  int programs_ = 0;

  Renderer renderer_{std::string(MAILSTOW_BIN_DIRECTORY) + "/mailstow-web"};
};

const std::string kMessage =
    "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/html; charset=windows-1251\r\n\r\n<p>\xcf\xf0\xe8</p>\r\n"
    "--b\r\nContent-Type: application/x\r\nContent-Disposition: attachment; filename=a.bin\r\n\r\n"
    "content\r\n--b--\r\n";

TEST_F(RenderTest, AMessageBecomesAListADocumentAndFiles) {
  const json parts = json::parse(render(kMessage, {"parts"}).bytes);
  EXPECT_EQ(parts["subject"], "x");
  EXPECT_EQ(parts["has_html"], true);
  EXPECT_EQ(parts["parts"][1]["name"], "a.bin");
  EXPECT_EQ(parts["parts"][1]["size"], 7);
  EXPECT_THAT(render(kMessage, {"html"}).bytes, HasSubstr("<p>При</p>"))
      << "in a character set that was loaded before";
  EXPECT_THAT(render(kMessage, {"text"}).bytes, HasSubstr("&lt;p&gt;"));
  EXPECT_THAT(render(kMessage, {"source"}).bytes, HasSubstr("Content-Type: multipart/mixed"));
  const auto part = render(kMessage, {"part", "2"});
  EXPECT_EQ(part.bytes, "content");
  EXPECT_EQ(json::parse(part.head)["name"], "a.bin");
  EXPECT_TRUE(json::parse(render(kMessage, {"part", "3"}).head).contains("missing"));
}

TEST_F(RenderTest, WhatIsTooLargeOrNoMessageIsAProblem) {
  EXPECT_THROW(render(kMessage, {"part", "2"}, 6), Problem);
  EXPECT_THROW(render("", {"html"}), Problem);
  EXPECT_THROW(render(kMessage, {"nonsense"}), Problem);
  EXPECT_THROW(run(Renderer("/nonexistent")), std::exception);
}

TEST_F(RenderTest, AProcessThatDoesNotEndIsEnded) {
  const std::string id_file = (directory_.path() / "id").string();
  for (const char* const script :
       {"exec sleep 1000", "printf '{\"size\":4}\\nab'; exec sleep 1000",
        "printf '{\"size\":4}\\nabcd'; exec >&-; exec sleep 1000",
        "printf '{\"size\":1000000}\\n'; while :; do printf a; sleep 0.05; done"}) {
    const Renderer renderer(program("echo $$ > " + id_file + "\n" + script + "\n"),
                            {.run = std::chrono::milliseconds(700)});
    EXPECT_THROW(run(renderer), Problem) << script;
    pid_t id = 0;
    std::ifstream(id_file) >> id;
    EXPECT_TRUE(id == 0 || ::kill(id, 0) != 0) << script;
  }
}

TEST_F(RenderTest, OneSharerLeavesPlacesToTheOthers) {
  const base::Path begun = directory_.path() / "begun";
  const base::Path end = directory_.path() / "end";
  const Renderer renderer(
      program("if test $2 = slow; then echo x >> " + begun.string() + "; while test ! -e " +
              end.string() + "; do sleep 0.05; done; fi\nprintf '{\"size\":2}\\nok'\n"),
      {.queue = std::chrono::milliseconds(50), .run = std::chrono::minutes(2)});
  std::vector<std::thread> slow;
  for (unsigned count = 0; count < Renderer::kMaxOfSharer; ++count) {
    slow.emplace_back([&] { EXPECT_EQ(run(renderer, "alice", "slow").bytes, "ok"); });
  }
  while (!std::filesystem::exists(begun) ||
         std::filesystem::file_size(begun) < std::uintmax_t{2} * Renderer::kMaxOfSharer) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  try {
    run(renderer, "alice");
    ADD_FAILURE() << "a third one at a time";
  } catch (const Problem& problem) {
    EXPECT_EQ(problem.kind(), ProblemKind::kBusy);
  }
  EXPECT_EQ(run(renderer, "bob").bytes, "ok");
  std::ofstream(end) << "now";
  for (std::thread& thread : slow) thread.join();
  EXPECT_EQ(run(renderer, "alice").bytes, "ok");
}

TEST_F(RenderTest, ItsErrorsGoNowhere) {
  const Renderer renderer(
      program("link=$(readlink /proc/$$/fd/2)\nprintf '{\"size\":%d}\\n%s' ${#link} \"$link\"\n"));
  EXPECT_EQ(run(renderer).bytes, "/dev/null");
}

TEST_F(RenderTest, AMessageNestedWithoutEndHarmsOnlyItsOwnProcess) {
  std::string message;
  for (int depth = 0; depth < 20'000; ++depth) {
    const std::string number = std::to_string(depth);
    message += "Content-Type: multipart/mixed; boundary=" + number + "\r\n\r\n--" + number + "\r\n";
  }
  try {
    EXPECT_THAT(render(message, {"html"}).bytes, HasSubstr("<!DOCTYPE html>"));
  } catch (const Problem& problem) {
    EXPECT_EQ(problem.kind(), ProblemKind::kUnshowable);
  }
  EXPECT_THAT(render(kMessage, {"html"}).bytes, HasSubstr("<p>"));
}

// The number of the probe that the confined process could do; 0: it could do nothing of it.
int confined(const base::Path& file, int listening) {
  const pid_t child = ::fork();
  if (child == 0) {
    render::confine();
    if (::open("/etc/passwd", O_RDONLY) >= 0) ::_exit(1);
    if (::open(file.c_str(), O_WRONLY | O_CREAT, 0600) >= 0) ::_exit(2);
    if (::socket(AF_UNIX, SOCK_STREAM, 0) >= 0) ::_exit(3);
    if (::socket(AF_INET, SOCK_STREAM, 0) >= 0) ::_exit(4);
    if (::fork() == 0) ::_exit(5);
    char program[] = "/bin/true";
    char* const arguments[] = {program, nullptr};
    ::execv(program, arguments);
    if (::kill(::getppid(), 0) == 0) ::_exit(6);
    char byte = 0;
    if (::read(listening, &byte, 1) >= 0) ::_exit(7);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  // In a build without sanitizers the first forbidden call ends the process.
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGSYS ? 0 : 100 + WTERMSIG(status);
  return WEXITSTATUS(status);
}

// Its stdout is a file, which it opened before.
int written_to_file_when_confined(const base::Fd& file) {
  const pid_t child = ::fork();
  if (child == 0) {
    static_cast<void>(std::signal(SIGXFSZ, SIG_IGN));
    ::dup2(file.get(), STDOUT_FILENO);
    render::confine();
    ::_exit(::write(STDOUT_FILENO, "x", 1) < 0 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST_F(RenderTest, AConfinedProcessWritesToNoFile) {
  const base::Path path = directory_.path() / "file";
  const base::Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_TRUE(file);
  EXPECT_EQ(written_to_file_when_confined(file), 0);
  EXPECT_EQ(std::filesystem::file_size(path), 0U);
}

TEST_F(RenderTest, AConfinedProcessIsTheFirstToEndIfMemoryIsShort) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const base::Fd ours(ends[0]);
  base::Fd the_childs(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(the_childs.get(), STDIN_FILENO);
    ::dup2(the_childs.get(), STDOUT_FILENO);
    render::confine();
    char byte = 'x';
    if (::write(STDOUT_FILENO, &byte, 1) != 1) ::_exit(1);
    ::_exit(::read(STDIN_FILENO, &byte, 1) == 0 ? 0 : 1);
  }
  the_childs = base::Fd();
  char byte = 0;
  EXPECT_EQ(::recv(ours.get(), &byte, 1, 0), 1);
  int score = 0;
  std::ifstream("/proc/" + std::to_string(child) + "/oom_score_adj") >> score;
  EXPECT_EQ(score, 1'000);
  ::shutdown(ours.get(), SHUT_WR);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(RenderTest, AConfinedProcessHasNeitherFilesNorSocketsNorPrograms) {
  const tests::TemporaryDirectory directory;
  const base::Fd open(::open("/dev/zero", O_RDONLY));
  ASSERT_TRUE(open);
  EXPECT_EQ(confined(directory.path() / "new", open.get()), 0);
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "new"));
}

}  // namespace
}  // namespace web
