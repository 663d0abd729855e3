// The name under which a folder is restored: that of its source, unless the server's spelling rules
// do not allow that.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace restore {

class TargetNamer {
 public:
  // `top`: the tree's shown name, or empty for names outside a tree.
  TargetNamer(std::string top, char delimiter, std::string personal_prefix);

  struct Named {
    std::string shown;
    std::string why;  // why it differs from the source's name; empty: it does not
  };

  // Returns each name only once. Names that are not possible are mapped by rule: the server's
  // delimiter within a level, control characters, an empty level and the dots of the levels '.' and
  // '..' become '_'; a level that is not modified UTF-7 is encoded in it; a name too long for some
  // server keeps its last level, or the beginning of that, and gets a digest of the whole name.
  Named name(std::string_view source);

  // The shown name, below the top, for a folder whose name the server still refuses.
  static std::string last_resort(std::string_view source);

  // The longest raw name, in bytes, that every server accepts: Maildir++ uses it as a file name.
  static constexpr std::size_t kMaxRawName = 240;

 private:
  std::string below_top(const std::string& name) const;
  std::string raw(const std::string& name) const;  // `name` is below the top
  bool is_too_long(const std::string& name) const;

  std::string top_;
  char delimiter_;
  std::string personal_prefix_;
  std::set<std::string> given_;  // raw names
};

}  // namespace restore
