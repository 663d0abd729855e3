#include "restore/mail_files.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/error.h"
#include "base/mail/mbox.h"

namespace restore {

namespace {

using base::Path;
using store::MessageBytes;
using store::MessageEntry;

std::chrono::sys_seconds date_of(const MessageEntry& entry, std::chrono::sys_seconds now) {
  return entry.internal_date ? entry.internal_date->instant : now;
}

bool has_flag(const MessageEntry& entry, std::string_view flag) {
  return std::find(entry.flags.begin(), entry.flags.end(), flag) != entry.flags.end();
}

// Files that are written but not durable yet. A disk answers many syncs at a time in hardly longer
// than one, because one commit of the file system's journal serves them all.
class UnsyncedFiles {
 public:
  // Syncs first what came before if that is much.
  void add(base::FileSystem& files, const Path& path, std::chrono::sys_seconds date,
           const MessageBytes& content) {
    if (files_.size() == kMaxFiles || bytes_ > kMaxBytes) sync();
    std::unique_ptr<base::File> file = files.create(path);
    content.for_each_piece([&](base::ByteView piece) { file->write(piece); });
    file->set_modified(date);
    file->start_sync();
    files_.push_back(std::move(file));
    bytes_ += content.size();
  }

  // All files are durable when it returns. Throws the first failure once all have been synced.
  void sync() {
    bytes_ = 0;
    const std::vector<std::unique_ptr<base::File>> files = std::exchange(files_, {});
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::exception_ptr failure;  // guarded by `mutex`
    const auto sync_some = [&] {
      for (std::size_t at = next++; at < files.size(); at = next++) {
        try {
          files[at]->sync();
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!failure) failure = std::current_exception();
        }
      }
    };
    {
      std::vector<std::jthread> helpers;
      while (helpers.size() + 1 < std::min(files.size(), kMaxThreads)) {
        try {
          helpers.emplace_back(sync_some);
        } catch (const std::system_error&) {
          break;  // Fewer threads take longer.
        }
      }
      sync_some();
    }
    if (failure) std::rethrow_exception(failure);
  }

 private:
  static constexpr std::size_t kMaxFiles = 128;  // all are open
  static constexpr std::uint64_t kMaxBytes = 32U << 20U;
  static constexpr std::size_t kMaxThreads = 8;

  std::vector<std::unique_ptr<base::File>> files_;
  std::uint64_t bytes_ = 0;
};

class MboxFile : public MailFiles {
 public:
  MboxFile(base::FileSystem& files, const Path& root, const Path& path,
           std::chrono::sys_seconds now)
      : files_(files), now_(now), root_(root), path_(path.string() + ".mbox") {
    make_directories(files, (root_ / path_).parent_path());
    file_ = files.create(root_ / path_);
  }

  Path add(const MessageEntry& entry, const MessageBytes& message) override {
    base::MboxMessage mbox(date_of(entry, now_), entry.flags);
    std::string text;
    message.for_each_piece([&](base::ByteView piece) {
      text += mbox.add(base::as_text(piece));
      if (text.size() >= MessageBytes::kMaxPiece) {
        file_->write(base::as_bytes(std::exchange(text, {})));
      }
    });
    text += mbox.finish();
    file_->write(base::as_bytes(text));
    is_synced_ = false;
    return path_;
  }

  void sync() override {
    if (!is_synced_) file_->sync();
    is_synced_ = true;
  }

  void finish() override {
    sync();
    files_.sync_directory((root_ / path_).parent_path());
  }

 private:
  base::FileSystem& files_;
  std::chrono::sys_seconds now_;
  Path root_;
  Path path_;
  std::unique_ptr<base::File> file_;
  bool is_synced_ = false;
};

class Maildir : public MailFiles {
 public:
  Maildir(base::FileSystem& files, const Path& root, const Path& path, std::chrono::sys_seconds now)
      : files_(files), now_(now), root_(root), path_(path) {
    for (const char* name : {"cur", "new", "tmp"}) make_directories(files, root_ / path_ / name);
  }

  Path add(const MessageEntry& entry, const MessageBytes& message) override {
    Path file =
        path_ / "cur" /
        fmt::format("{}.U{}.mailstow,S={}:2,{}", date_of(entry, now_).time_since_epoch().count(),
                    entry.uid.value, message.size(), letters_of(entry));
    unsynced_.add(files_, root_ / file, date_of(entry, now_), message);
    return file;
  }

  void sync() override { unsynced_.sync(); }

  void finish() override {
    std::string text;
    for (std::size_t at = 0; at < keywords_.size(); ++at) {
      text += fmt::format("{} {}\n", at, keywords_[at]);
    }
    unsynced_.add(files_, root_ / path_ / "dovecot-keywords", now_,
                  MessageBytes(base::to_bytes(text)));
    sync();
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
  UnsyncedFiles unsynced_;
};

class EmlFiles : public MailFiles {
 public:
  EmlFiles(base::FileSystem& files, const Path& root, const Path& path,
           std::chrono::sys_seconds now)
      : files_(files), now_(now), root_(root), path_(path) {
    make_directories(files, root_ / path_);
  }

  Path add(const MessageEntry& entry, const MessageBytes& message) override {
    Path file = path_ / fmt::format("{:010}.eml", entry.uid.value);
    unsynced_.add(files_, root_ / file, date_of(entry, now_), message);
    return file;
  }

  void sync() override { unsynced_.sync(); }

  void finish() override {
    sync();
    files_.sync_directory(root_ / path_);
  }

 private:
  base::FileSystem& files_;
  std::chrono::sys_seconds now_;
  Path root_;
  Path path_;
  UnsyncedFiles unsynced_;
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
