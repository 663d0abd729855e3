#include "tests/servers/temporary_folder.h"

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"

namespace servers {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "mailstow-test.XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) base::fail_with_errno(errno, "make folder " + pattern);
  path_ = pattern;
  if (::chmod(path_.c_str(), S_IRWXU | S_IXGRP | S_IXOTH) != 0) {
    base::fail_with_errno(errno, "open up folder " + pattern);
  }
}

TemporaryFolder::~TemporaryFolder() {
  if (is_kept_) return;
  // A server's last child may still be letting go of a file: once more then.
  for (int attempt = 0; attempt < 3; ++attempt) {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
    if (!error) return;
  }
}

}  // namespace servers
