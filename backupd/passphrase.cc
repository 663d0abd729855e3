#include "backupd/passphrase.h"

#include <cerrno>
#include <string>

#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/finally.h"
#include "base/program/program.h"

namespace backupd {

namespace {

constexpr std::size_t kMaxTyped = 4'096;  // a terminal's line

class NoEcho {
 public:
  NoEcho() {
    ::tcgetattr(STDIN_FILENO, &before_);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;
  ~NoEcho() { ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }

 private:
  termios before_{};
};

// Returns false at the end of the input.
bool read_letter(char& letter) {
  ssize_t count = 0;
  do {
    count = ::read(STDIN_FILENO, &letter, 1);
  } while (count < 0 && errno == EINTR);
  return count == 1;
}

base::Secret read_line() {
  std::string line;
  line.reserve(kMaxTyped);  // a text that grows leaves copies
  const base::Finally wiped([&] { base::wipe(line); });
  // Not through stdin, whose buffer would keep a copy.
  for (char letter = 0; read_letter(letter) && letter != '\n';) line += letter;
  return base::Secret(line);
}

base::Secret ask(const char* prompt) {
  const NoEcho silence;
  base::print_to_stderr(prompt);
  base::Secret answer = read_line();
  base::print_to_stderr("\n");
  return answer;
}

}  // namespace

base::Secret read_passphrase(PassphraseUse use) {
  const bool asks = ::isatty(STDIN_FILENO) == 1;
  base::Secret passphrase = asks ? ask("Passphrase: ") : read_line();
  if (passphrase.empty()) {
    base::fail(base::ErrorCode::kUsage,
               "read a passphrase: it is empty: type it, or give it as the first line of stdin");
  }
  if (asks && use == PassphraseUse::kNew && ask("Again: ").reveal() != passphrase.reveal()) {
    base::fail(base::ErrorCode::kUsage, "read a passphrase: the two entries differ");
  }
  return passphrase;
}

}  // namespace backupd
