// What a folder is called where it is restored: as its source, unless the server's spelling does
// not allow that.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace restore {

class TargetNamer {
 public:
  // `top`: the tree's shown name, or empty for names of the account itself.
  TargetNamer(std::string top, char delimiter, std::string personal_prefix);

  struct Named {
    std::string shown;
    std::string why;  // it is not the source's name; empty: it is
  };

  // Each name is given once. What can't be is mapped by rule: the server's delimiter within a level
  // becomes '_'; a name too long for some server keeps its last level, or the beginning of that,
  // and gets a digest of the whole.
  Named name(std::string_view source);

  // The longest raw name in bytes that every server takes: Maildir++ has it in one file name.
  static constexpr std::size_t kLongest = 240;

 private:
  std::string below_top(const std::string& name) const;
  bool is_too_long(const std::string& shown) const;

  std::string top_;
  char delimiter_;
  std::string personal_prefix_;
  std::set<std::string> given_;
};

}  // namespace restore
