// The process that forks the children which answer requests, and its end.
#include "restore/desk/fork_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory_file.h"
#include "restore/desk/passed_files.h"
#include "tests/memory_search.h"
#include "tests/restore/desk/own_children.h"
#include "tests/restore/written_history.h"

namespace desk {
namespace {

using programs::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string text_in(const base::Fd& file) {
  std::string text;
  std::array<char, 4'096> piece{};
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

struct Ends {
  base::Fd read;
  base::Fd write;
};

Ends new_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  return {base::Fd(ends[0]), base::Fd(ends[1])};
}

base::Fd file_with(const std::string& text) {
  return base::memory_file("text", base::as_bytes(text));
}

struct Answer {
  int status = 0;
  std::string document;

  bool operator==(const Answer&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Answer& answer) {
    return out << answer.status << ": " << answer.document;
  }
};

// A request with the files that a child gets.
class Asked {
 public:
  explicit Asked(base::Fd input) : input_(above_passed_files(input)) {
    Ends ends = new_pipe();
    answer_ = std::move(ends.read);
    output_ = above_passed_files(ends.write);
  }
  explicit Asked(const std::string& text) : Asked(file_with(text)) {}
  explicit Asked(const json& request) : Asked(request.dump()) {}

  ForkServer::Files files() const {
    return {.input = input_.get(), .output = output_.get(), .on_behalf = person_.get()};
  }

  // The child has its own.
  void forget_files() {
    input_ = base::Fd();
    output_ = base::Fd();
    person_ = base::Fd();
  }

  Answer finish(base::Child child) {
    forget_files();
    std::string document = text_in(answer_);
    return {.status = child.wait(), .document = std::move(document)};
  }

 private:
  base::Fd input_;
  base::Fd person_ =
      above_passed_files(file_with(R"({"person":"alice","role":"owner","client":"192.0.2.7"})"));
  base::Fd answer_;
  base::Fd output_;
};

class ForkServerTest : public restore::WrittenHistory {
 protected:
  ForkServerTest() {
    std::ofstream(mailstow_.directory() / "password") << "secret\n";
    add_account("alice");
    newest_ = back_up("alice", {{"INBOX", {"letter first", "letter second"}}});
    server_.emplace(mailstow_.config_file(), kShortTimes);
  }

  void add_account(const std::string& name) {
    mailstow_.config()["accounts"].push_back(
        {{"name", name},
         {"server", "main"},
         {"password_file", (mailstow_.directory() / "password").string()}});
    mailstow_.save();
  }

  // Nullopt if the fork server is not there.
  std::optional<Answer> forked(Asked asked) {
    auto child = server_->start(asked.files());
    if (!child) return std::nullopt;
    return asked.finish(*child);
  }

  Answer executed(Asked asked) const {
    std::vector<std::string> command = mailstow_.restore_command({"-q"});
    for (const std::string& word : answer_words()) command.push_back(word);
    const ForkServer::Files files = asked.files();
    const base::Child child(command, {.descriptors = {{files.input, STDIN_FILENO},
                                                      {files.output, STDOUT_FILENO},
                                                      {files.on_behalf, kOnBehalfDescriptor}},
                                      .has_own_group = true,
                                      .has_signals_unblocked = true});
    return asked.finish(child);
  }

  static json about_alice(const char* command) {
    return {{"command", command}, {"account", "alice"}};
  }

  static constexpr ForkServerTimes kShortTimes{.between_starts = std::chrono::milliseconds(100)};
  std::string newest_;
  std::optional<ForkServer> server_;
};

// A child that waits for its request.
class WaitingChild {
 public:
  explicit WaitingChild(ForkServer& server) : asked_(std::move(ends_.read)) {
    child_ = server.start(asked_.files());
    asked_.forget_files();
    if (!child_) throw std::runtime_error("there is no fork server");
  }

  base::Child& child() { return *child_; }
  pid_t pid() const { return child_->pid(); }

  Answer send(const json& request) {
    const std::string text = request.dump();
    if (::write(ends_.write.get(), text.data(), text.size()) < 0)
      return {.status = -1, .document = {}};
    ends_.write = base::Fd();
    return asked_.finish(*child_);
  }

 private:
  Ends ends_ = new_pipe();
  Asked asked_;
  std::optional<base::Child> child_;
};

TEST_F(ForkServerTest, AnswersAreThoseOfAProgram) {
  json folder = about_alice("messages");
  folder["folder"] = "INBOX";
  json unknown = about_alice("show");
  unknown["message"] = std::string(64, '0');
  const std::vector<json> requests = {about_alice("snapshots"), folder, unknown,
                                      about_alice("nothing"), json{{"command", "accounts"}}};
  for (const json& request : requests) {
    EXPECT_EQ(forked(Asked(request)), executed(Asked(request))) << request;
  }
  EXPECT_EQ(forked(Asked(std::string("no request"))), executed(Asked(std::string("no request"))));
  const auto snapshots = forked(Asked(about_alice("snapshots")));
  ASSERT_TRUE(snapshots);
  EXPECT_EQ(snapshots->status, 0);
  EXPECT_THAT(snapshots->document, HasSubstr(newest_));
  EXPECT_EQ(forked(Asked(unknown))->status, 1);
}

TEST_F(ForkServerTest, AChildIsOursAndHasNothingOfTheForkServer) {
  ASSERT_TRUE(can_see_files()) << "run it as root, or with the sanitizers";
  WaitingChild waiting(*server_);
  const pid_t pid = waiting.pid();
  EXPECT_TRUE(comes_true([&] {
    return files_of(pid) == std::set<int>{STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  })) << "neither the socket nor the document about the person stay open: "
      << testing::PrintToString(files_of(pid));
  EXPECT_EQ(field_of(pid, "PPid"), std::to_string(::getpid()));
  EXPECT_EQ(::getpgid(pid), pid);
  EXPECT_EQ(field_of(pid, "SigBlk"), "0000000000000000");
  // The two below the real-time signals are those of threads, which glibc's posix_spawn() ignores.
  constexpr std::uint64_t kOfThreads = std::uint64_t{3} << 31;
  const auto ignored = [](pid_t of) { return std::stoull(field_of(of, "SigIgn"), nullptr, 16); };
  EXPECT_EQ(ignored(pid) & ~kOfThreads, ignored(::getpid()) & ~kOfThreads);
  EXPECT_EQ(waiting.send(about_alice("snapshots")), executed(Asked(about_alice("snapshots"))));
  const pid_t server = *server_->pid();
  EXPECT_TRUE(comes_true([&] {
    return files_of(server) ==
           std::set<int>{STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, kForkServerSocket};
  })) << "it keeps nothing of a request";
}

TEST_F(ForkServerTest, AChildIsEndedLikeAProgram) {
  WaitingChild waiting(*server_);
  waiting.child().signal_group(SIGKILL);
  EXPECT_EQ(waiting.child().wait(), 128 + SIGKILL);
  EXPECT_TRUE(forked(Asked(about_alice("snapshots")))) << "it forks others";
}

TEST_F(ForkServerTest, AChildGoesOnWithoutTheForkServerAndAnotherOneComes) {
  WaitingChild waiting(*server_);
  const pid_t first = *server_->pid();
  ::kill(first, SIGKILL);
  const Answer expected = executed(Asked(about_alice("snapshots")));
  EXPECT_FALSE(forked(Asked(about_alice("snapshots")))) << "the loss is noticed";
  EXPECT_EQ(waiting.send(about_alice("snapshots")), expected);
  std::optional<Answer> answer;
  EXPECT_TRUE(comes_true([&] {
    answer = forked(Asked(about_alice("snapshots")));
    return answer.has_value();
  }));
  EXPECT_EQ(answer, expected);
  EXPECT_NE(server_->pid(), first);
}

TEST_F(ForkServerTest, AChildGoesOnWhenTheForkServerIsReplaced) {
  WaitingChild waiting(*server_);
  const pid_t first = *server_->pid();
  server_->replace();
  EXPECT_FALSE(server_->pid());
  EXPECT_TRUE(comes_true([&] {
    const auto living = children_named("fork-server");
    return std::ranges::find(living, first) == living.end();
  })) << "it ends by itself";
  EXPECT_EQ(waiting.send(about_alice("snapshots")).status, 0);
}

TEST_F(ForkServerTest, AChildThatComesTooLateIsEndedAndWaitedFor) {
  ASSERT_TRUE(can_see_files()) << "run it as root, or with the sanitizers";
  ForkServerTimes times = kShortTimes;
  times.patience = std::chrono::seconds(2);
  server_.emplace(mailstow_.config_file(), times);
  ASSERT_TRUE(comes_true([&] { return forked(Asked(about_alice("snapshots"))).has_value(); }));
  const std::vector<pid_t> before = all_children();
  const pid_t first = *server_->pid();
  ::kill(first, SIGSTOP);
  ASSERT_TRUE(comes_true([&] { return field_of(first, "State").starts_with("T"); }));
  Asked asked(about_alice("snapshots"));
  const std::size_t open = files_of(::getpid()).size();
  std::thread waiting([&] { EXPECT_FALSE(server_->start(asked.files())); });
  EXPECT_TRUE(comes_true([&] { return files_of(::getpid()).size() == open + 1; }))
      << "the socket to the child, once the fork server has got the request";
  server_->replace();
  waiting.join();
  ::kill(first, SIGCONT);
  EXPECT_TRUE(comes_true([&] { return has_ended(first); })) << "it has forked, and ends";
  EXPECT_TRUE(comes_true([&] {
    forked(Asked(about_alice("snapshots")));
    return std::ranges::all_of(all_children(), [&](pid_t child) {
      return child == server_->pid() || std::ranges::find(before, child) != before.end();
    });
  }));
}

TEST_F(ForkServerTest, AChangeOfTheConfigurationIsNoticed) {
  const json trees = {{"command", "trees"}, {"account", "carol"}};
  const auto before = forked(Asked(trees));
  ASSERT_TRUE(before);
  EXPECT_EQ(before->status, 1) << "there is no such account";
  add_account("carol");
  const auto after = forked(Asked(trees));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->status, 0) << after->document;
  std::ofstream(mailstow_.config_file()) << "{";
  const auto broken = forked(Asked(trees));
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->status, 2);
  EXPECT_THAT(broken->document, HasSubstr("invalid JSON"));
}

TEST_F(ForkServerTest, NoPasswordIsInItsMemory) {
  constexpr std::string_view kPassword = "a password that only alice knows, and types";
  json login = {{"command", "login"}, {"name", "alice"}, {"password", kPassword}};
  const auto answer = forked(Asked(login));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 0) << answer->document;
  const std::string process = std::to_string(*server_->pid());
  ASSERT_TRUE(base::Fd(::open(("/proc/" + process + "/mem").c_str(), O_RDONLY | O_CLOEXEC)))
      << "run it as root, or with the sanitizers";
  EXPECT_THAT(tests::MemorySearch(mailstow_.config_file().string()).found_in(process),
              Not(IsEmpty()));
  EXPECT_THAT(tests::MemorySearch(kPassword).found_in(process), IsEmpty());
}

// The messages to the fork server: those of the desk, and others.
class ForkProtocolTest : public ForkServerTest {
 protected:
  ForkProtocolTest() {
    server_.reset();
    SocketPair pair = make_socket_pair();
    const base::Fd end = above_passed_files(pair.far_end);
    process_.emplace(
        mailstow_.restore_command({"-q", "fork-server"}),
        base::ChildOptions{.descriptors = {{end.get(), kForkServerSocket}}, .has_own_group = true});
    socket_ = std::move(pair.near_end);
  }
  void TearDown() override {
    process_->signal(SIGKILL);
    process_->wait();
  }

  void send(std::string text, const std::vector<int>& files) {
    constexpr std::size_t kMost = 8;
    iovec part{.iov_base = text.data(), .iov_len = text.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMost * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!files.empty()) {
      message.msg_control = control.data();
      message.msg_controllen = CMSG_SPACE(files.size() * sizeof(int));
      cmsghdr* const header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(files.size() * sizeof(int));
      std::memcpy(CMSG_DATA(header), files.data(), files.size() * sizeof(int));
    }
    ASSERT_EQ(::sendmsg(socket_.get(), &message, MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }

  // The first message of the child.
  static pid_t pid_from(const base::Fd& handshake) {
    pid_t pid = 0;
    return ::recv(handshake.get(), &pid, sizeof pid, 0) == sizeof pid ? pid : 0;
  }

  base::Fd socket_;
  std::optional<base::Child> process_;
};

TEST_F(ForkProtocolTest, OtherMessagesStartNothingAndLeaveNothingOpen) {
  const base::Fd file = file_with("text");
  for (const std::size_t count : {0U, 1U, 3U, 5U, 8U}) {
    send(".", std::vector<int>(count, file.get()));
  }
  send("two", std::vector<int>(kPassedFiles, file.get()));
  Asked asked(about_alice("snapshots"));
  SocketPair handshake = make_socket_pair();
  const ForkServer::Files files = asked.files();
  send(".", {files.input, files.output, files.on_behalf, handshake.far_end.get()});
  handshake.far_end = base::Fd();
  const pid_t pid = pid_from(handshake.near_end);
  ASSERT_GT(pid, 0) << "the one message that is right";
  EXPECT_EQ(::send(handshake.near_end.get(), ".", 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(asked.finish(base::Child::with_pid(pid)), executed(Asked(about_alice("snapshots"))));
  if (!can_see_files()) return;
  // The child may end before the fork server has closed what it passed on.
  const std::set<int> own = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, kForkServerSocket};
  EXPECT_TRUE(comes_true([&] { return files_of(process_->pid()) == own; }))
      << testing::PrintToString(files_of(process_->pid()));
}

TEST_F(ForkProtocolTest, AChildThatTheDeskDoesNotWaitForRunsNothing) {
  const base::Fd input = above_passed_files(file_with(about_alice("snapshots").dump()));
  Ends output = new_pipe();
  const base::Fd person = file_with("{}");
  SocketPair handshake = make_socket_pair();
  send(".", {input.get(), output.write.get(), person.get(), handshake.far_end.get()});
  handshake.far_end = base::Fd();
  output.write = base::Fd();
  const pid_t pid = pid_from(handshake.near_end);
  ASSERT_GT(pid, 0);
  handshake.near_end = base::Fd();  // as if the desk had ended
  EXPECT_EQ(base::Child::with_pid(pid).wait(), 1);
  EXPECT_EQ(text_in(output.read), "");
  EXPECT_EQ(::lseek(input.get(), 0, SEEK_CUR), 0) << "the request was not read";
}

TEST_F(ForkProtocolTest, TheForkServerEndsWithTheDesk) {
  socket_ = base::Fd();
  EXPECT_EQ(process_->wait(), 0);
}

TEST_F(ForkProtocolTest, ByHandItIsRefused) {
  const auto result = mailstow_.restore({"fork-server"});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("only the restore desk starts this command"));
  EXPECT_THAT(mailstow_.restore({"fork-server", "--as-of", "1"}).err, HasSubstr("--as-of"));
}

}  // namespace
}  // namespace desk
