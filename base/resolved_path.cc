#include "base/resolved_path.h"

#include <filesystem>
#include <list>
#include <system_error>

namespace base {

namespace fs = std::filesystem;

Path resolved_path(const Path& path) {
  constexpr int kMaxLinks = 40;  // as in Linux
  std::error_code error;
  const Path whole = fs::absolute(path, error);
  std::list<Path> rest(whole.begin(), whole.end());
  Path place = "/";
  int links = 0;
  while (!rest.empty()) {
    const Path name = rest.front();
    rest.pop_front();
    if (name.empty() || name == "." || name == "/") continue;
    if (name == "..") {
      place = place.parent_path();
      continue;
    }
    const Path next = place / name;
    const bool is_link = fs::is_symlink(fs::symlink_status(next, error));
    const Path target = is_link && links < kMaxLinks ? fs::read_symlink(next, error) : Path();
    if (target.empty()) {
      place = next;
      continue;
    }
    ++links;
    if (target.is_absolute()) place = "/";
    rest.insert(rest.begin(), target.begin(), target.end());
  }
  return place;
}

bool lies_in(const Path& path, const Path& directory) {
  if (path.empty() || directory.empty()) return false;  // resolved, it would be the root
  const Path wanted = resolved_path(directory);
  for (Path place = resolved_path(path);; place = place.parent_path()) {
    std::error_code error;
    if (place == wanted || fs::equivalent(place, wanted, error)) return true;
    if (!place.has_relative_path()) return false;
  }
}

}  // namespace base
