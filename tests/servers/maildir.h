// Direct access to a user's mail on disk: for messages that APPEND would refuse or change, and for
// delivering thousands per second.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "tests/servers/delivery.h"
#include "tests/servers/server_user.h"

namespace servers {

// Dovecot finds delivered messages when it next opens the folder. It assigns UIDs in the order of
// delivery.
class Maildir {
 public:
  Maildir(base::Path root, char separator, ServerUser owner);

  // Creates the folder if it does not exist. `folder` is a raw name: modified UTF-7, levels
  // separated by the server's separator (and so without "." in a level, which separates them on
  // disk).
  void deliver(std::string_view folder, const Delivery& message);

  void make_folder(std::string_view folder);

  // The directory of a folder.
  base::Path path_of(std::string_view folder) const;

 private:
  // A running server looks at any time: a file is whole and the server's when it gets its name.
  void write(const base::Path& path, std::string_view bytes, std::chrono::sys_seconds mtime) const;
  char keyword_letter(const base::Path& directory, const std::string& keyword);
  std::string info(const base::Path& directory, const std::vector<std::string>& flags);

  base::Path root_;
  char separator_;
  ServerUser owner_;
  std::map<base::Path, std::vector<std::string>> keywords_;  // by folder directory
};

}  // namespace servers
