// Reads the kind of address list that most messages have, without a parser for everything that RFC
// 5322 allows: while GMime read every list, the search index's thread took 30 % of the processor
// time of a first backup; with this, among other changes, it takes 7 % (docs/benchmarks.md, "Where
// a backup's time goes").
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace store {

// A list of `user@host`, `Some Name <user@host>` and `"Name, Some" <user@host>` in ASCII, as an
// Envelope shows it. Nullopt for anything else: comments, groups, routes, escapes, encoded words.
std::optional<std::string> plain_addresses(std::string_view raw);

}  // namespace store
