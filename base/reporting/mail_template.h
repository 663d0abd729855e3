// Mail templates written by the administrator: docs/man/mailstow.json.5, "user_mail".
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/file_system.h"

namespace base {

struct MailTemplate {
  std::string subject;  // verbatim: nothing is filled in, so that no outside text gets into headers
  std::string body;     // lines ended by LF
};

// Fails with kConfig, naming the file and what is wrong with it.
MailTemplate load_mail_template(FileSystem& files, const Path& path);

// `text` with each {name} that has a value replaced by that value; others stay unchanged.
std::string fill_in(std::string_view text, const std::map<std::string, std::string>& values);

}  // namespace base
