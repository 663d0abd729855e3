// Converts a folder's name between the form that people, tables, JSON and globs use and its raw
// bytes. The mapping is one-to-one.
//
// The shown form is decoded UTF-8 with the personal namespace's prefix removed and '/' between
// hierarchy levels. Inside a level, '/', '%', control characters (including those that change the
// text direction) and bytes that are not UTF-8 are written as %XX, upper case, byte by byte. No two
// raw names of an account are shown the same, so three ambiguous kinds are marked with a '%' that
// is not followed by two hex digits, or with an otherwise unnecessary escape:
//   Entw\xC3\xBCrfe%   a level that is not modified UTF-7 ends in '%': here raw UTF-8
//   %/Public/x         a name outside the personal prefix
//   %49NBOX            a folder INBOX below a personal prefix, which is not the inbox itself
#pragma once

#include <string>
#include <string_view>

namespace imap {

// `delimiter` is 0 if the server has no hierarchy.
std::string shown_folder_name(std::string_view raw_name, char delimiter,
                              std::string_view personal_prefix);

// The inverse of shown_folder_name() for every raw name; also names new folders. The shown name is
// encoded in modified UTF-7 level by level. A '%' that does not start an escape stands for itself,
// and so does '/' without a delimiter.
std::string raw_folder_name(std::string_view shown_utf8, char delimiter,
                            std::string_view personal_prefix);

}  // namespace imap
