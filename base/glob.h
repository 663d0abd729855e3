// Globs over shown folder names (README, "Names"): `*` matches across levels, `?` matches one
// character within a level, everything else matches itself. A literal star or question mark is
// written %2A or %3F, which no folder's shown name contains. A character includes its marks,
// however they are encoded: "Gro*" does not match "Größe". A byte that is not UTF-8 is a character.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

// Which characters count as the same.
enum class Likeness {
  kSame,     // those that look the same: "ü" in one character is "u" with its mark in two
  kCase,     // and letters of either case (fold_case())
  kLetters,  // and letters with and without accents (fold_letters())
};

// A folder that is typed is compared in these ways, one after the other, until one finds something.
inline constexpr std::array kLikenesses = {Likeness::kSame, Likeness::kCase, Likeness::kLetters};

// The first of kLikenesses with which `matches` accepts one of the names; nullopt: with none.
std::optional<Likeness> strictest_likeness(
    const std::vector<std::string>& names,
    const std::function<bool(const std::string& name, Likeness likeness)>& matches);

// Takes at most time proportional to the product of both lengths.
bool glob_matches(std::string_view glob, std::string_view name, Likeness likeness = {});

// The same for a folder's name: INBOX as the first level may be written in any case.
bool folder_glob_matches(std::string_view glob, std::string_view name, Likeness likeness = {});

// A folder's name, shown or raw, with INBOX in capitals if that is its first level: in any case it
// is the same folder (RFC 9051, section 5.1), and servers list folders below it in a case of their
// own. `delimiter` separates the levels; 0: there is only one.
std::string with_inbox(std::string_view name, char delimiter);

// Whether the names differ in the case of INBOX at most.
bool is_same_folder(std::string_view left, std::string_view right, char delimiter);

// The glob that matches only this name.
std::string glob_for(std::string_view name);

}  // namespace base
