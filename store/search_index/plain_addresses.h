// Reads the kind of address list that most messages have, without a parser for everything that RFC
// 5322 allows.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace store {

// A list of `user@host`, `Some Name <user@host>` and `"Name, Some" <user@host>` in ASCII, as an
// Envelope shows it. Nullopt for anything else: comments, groups, routes, escapes, encoded words.
std::optional<std::string> plain_addresses(std::string_view raw);

}  // namespace store
