// Words of a command that a person pastes into a shell.
#pragma once

#include <string>
#include <string_view>

namespace base {

// `word` as one word of bash, zsh or ksh: unchanged if nothing in it is special, else in quotes.
// Control characters and bytes beyond ASCII that are not UTF-8 become \NNN in $'', so that the
// result can be printed on a terminal.
std::string shell_quoted(std::string_view word);

}  // namespace base
