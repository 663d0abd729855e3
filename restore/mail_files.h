// Messages as files that other programs read: mboxrd, Maildir, or one .eml file each.
//
//   mbox     FOLDER.mbox; see base/mail/mbox.h
//   maildir  FOLDER/{cur,new,tmp}; exact bytes; the date as the file's date; flags in the file
//            name, keywords as letters that dovecot-keywords explains
//   eml      FOLDER/UID.eml; exact bytes; the date as the file's date
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/file_system.h"
#include "store/format/snapshot.h"
#include "store/message/message_bytes.h"

namespace restore {

enum class MailFormat { kMbox, kMaildir, kEml };

// The messages of one folder. Every file is new: existing files are never written to. Fails with
// kIo and kNoSpace.
class MailFiles {
 public:
  MailFiles() = default;
  MailFiles(const MailFiles&) = delete;
  MailFiles& operator=(const MailFiles&) = delete;
  virtual ~MailFiles() = default;

  // Returns the file that the message is in, relative to `root`. Until sync() returns, a crash may
  // leave that file shorter than the message.
  virtual base::Path add(const store::MessageEntry& entry, const store::MessageBytes& message) = 0;

  // The content of all files so far is durable when it returns. After a failure, that of those
  // added since the last sync() is unknown.
  virtual void sync() = 0;

  // Call once, after the last message: everything is durable when it returns, names included.
  virtual void finish() = 0;
};

// `path` is relative to `root`. `now`: the date written for messages that have none.
std::unique_ptr<MailFiles> make_mail_files(MailFormat format, base::FileSystem& files,
                                           const base::Path& root, const base::Path& path,
                                           std::chrono::sys_seconds now);

}  // namespace restore
