#include "tests/servers/maildir.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/handle.h"

namespace servers {

namespace {

// The letters of the system flags in Maildir file names.
struct FlagLetter {
  std::string_view flag;
  char letter;
};
constexpr std::array<FlagLetter, 5> kFlagLetters = {{{"\\Draft", 'D'},
                                                     {"\\Flagged", 'F'},
                                                     {"\\Answered", 'R'},
                                                     {"\\Seen", 'S'},
                                                     {"\\Deleted", 'T'}}};

// A file name that is unique in this process and ascending: Dovecot assigns UIDs in the order of
// the number at the start of the name.
std::int64_t next_number() {
  static std::atomic<std::int64_t> number = std::chrono::duration_cast<std::chrono::milliseconds>(
                                                std::chrono::system_clock::now().time_since_epoch())
                                                .count();
  return ++number;
}

void write_file(const base::Path& path, std::string_view bytes, std::chrono::sys_seconds mtime,
                const Account& owner) {
  const base::Fd fd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd) base::fail_with_errno(errno, "deliver to " + path.string());
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd.get(), bytes.data(), bytes.size());
    if (count < 0) base::fail_with_errno(errno, "deliver to " + path.string());
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  const timespec time = {mtime.time_since_epoch().count(), 0};
  const std::array<timespec, 2> times = {time, time};
  bool done = ::futimens(fd.get(), times.data()) == 0;
  if (::geteuid() == 0) done = done && ::fchown(fd.get(), owner.uid, owner.gid) == 0;
  if (!done) base::fail_with_errno(errno, "deliver to " + path.string());
}

void make_one(const base::Path& path, const ServerUser& owner) {
  if (std::filesystem::create_directory(path)) give_to(owner, path);
}

}  // namespace

Maildir::Maildir(base::Path root, char separator, ServerUser owner)
    : root_(std::move(root)), separator_(separator), owner_(std::move(owner)) {}

base::Path Maildir::path_of(std::string_view folder) const {
  if (folder == "INBOX") return root_;
  std::string name = fmt::format(".{}", folder);
  std::replace(name.begin(), name.end(), separator_, '.');
  return root_ / name;
}

void Maildir::make_folder(std::string_view folder) {
  const base::Path path = path_of(folder);
  make_one(root_, owner_);
  make_one(path, owner_);
  for (const char* part : {"cur", "new", "tmp"}) make_one(path / part, owner_);
  // The file that marks a directory as a folder, for delivery agents that check for it.
  if (path != root_) write(path / "maildirfolder", "", {});
}

void Maildir::deliver(std::string_view folder, const Delivery& message) {
  const base::Path path = path_of(folder);
  if (!keywords_.contains(path)) {
    make_folder(folder);
    std::vector<std::string>& keywords = keywords_[path];
    std::ifstream file(path / "dovecot-keywords");
    std::string number;
    for (std::string keyword; file >> number >> keyword;) keywords.push_back(keyword);
  }
  const std::string name =
      fmt::format("{}.P{}.mailstow:2,{}", next_number(), ::getpid(), info(path, message.flags));
  write(path / "cur" / name, message.bytes, message.internal_date);
}

void Maildir::write(const base::Path& path, std::string_view bytes,
                    std::chrono::sys_seconds mtime) const {
  const base::Path unfinished = root_.parent_path() / fmt::format("unfinished-{}", next_number());
  write_file(unfinished, bytes, mtime, owner_.account);
  std::filesystem::rename(unfinished, path);
}

std::string Maildir::info(const base::Path& directory, const std::vector<std::string>& flags) {
  std::set<char> letters;  // Maildir requires them sorted
  for (const std::string& flag : flags) {
    const auto* known = std::find_if(kFlagLetters.begin(), kFlagLetters.end(),
                                     [&](const FlagLetter& one) { return one.flag == flag; });
    letters.insert(known != kFlagLetters.end() ? known->letter : keyword_letter(directory, flag));
  }
  return {letters.begin(), letters.end()};
}

char Maildir::keyword_letter(const base::Path& directory, const std::string& keyword) {
  static constexpr std::size_t kLetters = 26;
  std::vector<std::string>& keywords = keywords_[directory];
  const auto found = std::find(keywords.begin(), keywords.end(), keyword);
  const auto index = static_cast<std::size_t>(found - keywords.begin());
  if (index >= kLetters) {
    base::fail(base::ErrorCode::kInternal,
               "deliver: {}: a Maildir folder has at most 26 keywords: use APPEND", keyword);
  }
  if (found == keywords.end()) {
    keywords.push_back(keyword);
    std::string text;
    for (std::size_t at = 0; at < keywords.size(); ++at) {
      text += fmt::format("{} {}\n", at, keywords[at]);
    }
    write(directory / "dovecot-keywords", text,
          std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now()));
  }
  return static_cast<char>('a' + index);
}

}  // namespace servers
