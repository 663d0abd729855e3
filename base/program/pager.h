// Long tables for people.
#pragma once

#include <string_view>

namespace base {

// To stdout, and where that is a terminal that does not show all at once, through the program that
// $PAGER names, or less: as `less -FRX`, which does without a shell of its own. Without such a
// program, and for `cat`, all is written at once. Fails as print_result() does.
void print_paged(std::string_view text);

}  // namespace base
