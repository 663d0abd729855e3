// Long tables for people.
#pragma once

#include <string_view>

namespace base {

// Prints to stdout; if that is a terminal too short for the text, through the program that $PAGER
// names, or less: as `less -FRX`, without its shell escape. Without such a program, and for `cat`,
// everything is written at once. Fails as print_result() does.
void print_paged(std::string_view text);

}  // namespace base
