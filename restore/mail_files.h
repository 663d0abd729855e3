// Messages as files that other programs read: mboxrd, Maildir, one .eml each.
//
//   mbox     FOLDER.mbox; RFC 4155 with "From " quoted as mboxrd has it; line ends become LF; the
//            date in the From_ line, flags as Status, X-Status and X-Keywords in front of the
//            header
//   maildir  FOLDER/{cur,new,tmp}; exact bytes; the date as the file's; flags in its name, keywords
//            by letters that dovecot-keywords explains
//   eml      FOLDER/UID.eml; exact bytes; the date as the file's
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/file_system.h"
#include "store/format/snapshot.h"

namespace restore {

enum class MailFormat { kMbox, kMaildir, kEml };

// The messages of one folder. Every file is new: what is there is never written to. Fails with kIo
// and kNoSpace.
class MailFiles {
 public:
  MailFiles() = default;
  MailFiles(const MailFiles&) = delete;
  MailFiles& operator=(const MailFiles&) = delete;
  virtual ~MailFiles() = default;

  // Gives the file that the message is in, relative to `root`.
  virtual base::Path add(const store::MessageEntry& entry, base::ByteView message) = 0;

  // Once, after the last one: durable when it returns.
  virtual void finish() = 0;
};

// `path` is relative to `root`.
std::unique_ptr<MailFiles> make_mail_files(MailFormat format, base::FileSystem& files,
                                           const base::Path& root, const base::Path& path);

}  // namespace restore
