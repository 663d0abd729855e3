// A folder's name as people, tables, JSON and globs have it, and its raw bytes: one for one.
//
// Shown: decoded UTF-8, the personal namespace's prefix removed, '/' between levels. Inside a level
// '/', '%', control characters (those that turn the direction of text round included) and bytes
// that are no UTF-8 are %XX, upper case, byte by byte. No two raw names of an account are shown the
// same, so three kinds that could be mistaken carry a '%' that no two hex digits follow, or an
// escape that would not be needed:
//   Entw\xC3\xBCrfe%   a level that is not modified UTF-7 ends in '%': here raw UTF-8
//   %/Public/x         a name outside the personal prefix
//   %49NBOX            a folder INBOX below a personal prefix, which is not the inbox itself
#pragma once

#include <string>
#include <string_view>

namespace imap {

// `delimiter` is 0 where the server has no hierarchy.
std::string shown_folder_name(std::string_view raw_name, char delimiter,
                              std::string_view personal_prefix);

// The inverse of shown_folder_name() for every raw name, and the way to name new folders: what is
// shown becomes modified UTF-7 level by level. A '%' that is no escape stands for itself. Without
// a delimiter '/' does too.
std::string raw_folder_name(std::string_view shown_utf8, char delimiter,
                            std::string_view personal_prefix);

}  // namespace imap
