#include "restore/mail_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mail/mbox.h"

namespace restore {

namespace {

using base::ByteView;
using base::Path;
using store::MessageEntry;

std::chrono::sys_seconds date_of(const MessageEntry& entry, std::chrono::sys_seconds now) {
  return entry.internal_date ? entry.internal_date->instant : now;
}

bool has_flag(const MessageEntry& entry, std::string_view flag) {
  return std::find(entry.flags.begin(), entry.flags.end(), flag) != entry.flags.end();
}

void set_date(const Path& file, std::chrono::sys_seconds date) {
  const timespec time{static_cast<time_t>(date.time_since_epoch().count()), 0};
  const std::array<timespec, 2> times = {time, time};
  if (::utimensat(AT_FDCWD, file.c_str(), times.data(), 0) != 0) {
    base::fail_with_errno(errno, "set the date of " + file.string());
  }
}

void write_exactly(base::FileSystem& files, const Path& file, std::chrono::sys_seconds date,
                   ByteView message) {
  const auto out = files.create(file);
  out->write(message);
  out->sync();
  set_date(file, date);
}

class MboxFile : public MailFiles {
 public:
  MboxFile(base::FileSystem& files, const Path& root, const Path& path,
           std::chrono::sys_seconds now)
      : files_(files), now_(now), root_(root), path_(path.string() + ".mbox") {
    make_directories(files, (root_ / path_).parent_path());
    file_ = files.create(root_ / path_);
  }

  Path add(const MessageEntry& entry, ByteView message) override {
    base::MboxMessage mbox(date_of(entry, now_), entry.flags);
    std::string text = mbox.add(base::as_text(message));
    text += mbox.finish();
    file_->write(base::as_bytes(text));
    return path_;
  }

  void finish() override {
    file_->sync();
    files_.sync_directory((root_ / path_).parent_path());
  }

 private:
  base::FileSystem& files_;
  std::chrono::sys_seconds now_;
  Path root_;
  Path path_;
  std::unique_ptr<base::File> file_;
};

class Maildir : public MailFiles {
 public:
  Maildir(base::FileSystem& files, const Path& root, const Path& path, std::chrono::sys_seconds now)
      : files_(files), now_(now), root_(root), path_(path) {
    for (const char* name : {"cur", "new", "tmp"}) make_directories(files, root_ / path_ / name);
  }

  Path add(const MessageEntry& entry, ByteView message) override {
    Path file =
        path_ / "cur" /
        fmt::format("{}.U{}.mailstow,S={}:2,{}", date_of(entry, now_).time_since_epoch().count(),
                    entry.uid.value, message.size(), letters_of(entry));
    write_exactly(files_, root_ / file, date_of(entry, now_), message);
    return file;
  }

  void finish() override {
    std::string text;
    for (std::size_t at = 0; at < keywords_.size(); ++at) {
      text += fmt::format("{} {}\n", at, keywords_[at]);
    }
    const auto file = files_.create(root_ / path_ / "dovecot-keywords");
    file->write(base::as_bytes(text));
    file->sync();
    files_.sync_directory(root_ / path_ / "cur");
    files_.sync_directory(root_ / path_);
  }

 private:
  // In ASCII order, as the format requires. There are letters for 26 keywords; the manifest has all
  // of them.
  std::string letters_of(const MessageEntry& entry) {
    std::string letters;
    for (const auto& [flag, letter] :
         {std::pair{"\\Draft", 'D'}, std::pair{"\\Flagged", 'F'}, std::pair{"\\Answered", 'R'},
          std::pair{"\\Seen", 'S'}, std::pair{"\\Deleted", 'T'}}) {
      if (has_flag(entry, flag)) letters += letter;
    }
    constexpr std::size_t kMaxKeywords = 26;
    std::string keyword_letters;
    for (const std::string& keyword : base::writable_keywords(entry.flags)) {
      auto known = std::find(keywords_.begin(), keywords_.end(), keyword);
      if (known == keywords_.end()) {
        if (keywords_.size() == kMaxKeywords) continue;
        known = keywords_.insert(keywords_.end(), keyword);
      }
      keyword_letters += static_cast<char>('a' + (known - keywords_.begin()));
    }
    std::sort(keyword_letters.begin(), keyword_letters.end());
    return letters + keyword_letters;
  }

  base::FileSystem& files_;
  std::chrono::sys_seconds now_;
  Path root_;
  Path path_;
  std::vector<std::string> keywords_;
};

class EmlFiles : public MailFiles {
 public:
  EmlFiles(base::FileSystem& files, const Path& root, const Path& path,
           std::chrono::sys_seconds now)
      : files_(files), now_(now), root_(root), path_(path) {
    make_directories(files, root_ / path_);
  }

  Path add(const MessageEntry& entry, ByteView message) override {
    Path file = path_ / fmt::format("{:010}.eml", entry.uid.value);
    write_exactly(files_, root_ / file, date_of(entry, now_), message);
    return file;
  }

  void finish() override { files_.sync_directory(root_ / path_); }

 private:
  base::FileSystem& files_;
  std::chrono::sys_seconds now_;
  Path root_;
  Path path_;
};

}  // namespace

std::unique_ptr<MailFiles> make_mail_files(MailFormat format, base::FileSystem& files,
                                           const Path& root, const Path& path,
                                           std::chrono::sys_seconds now) {
  switch (format) {
    case MailFormat::kMbox:
      return std::make_unique<MboxFile>(files, root, path, now);
    case MailFormat::kMaildir:
      return std::make_unique<Maildir>(files, root, path, now);
    case MailFormat::kEml:
      return std::make_unique<EmlFiles>(files, root, path, now);
  }
  base::fail(base::ErrorCode::kInternal, "export: unknown format");
}

}  // namespace restore
