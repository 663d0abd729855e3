#include "base/nearest.h"

#include <algorithm>
#include <numeric>

#include <fmt/core.h>

#include "base/terminal.h"
#include "base/utf8.h"

namespace base {

namespace {

// The Levenshtein distance in bytes.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  std::optional<std::string> best;
  const std::string folded = fold_letters(word);
  std::size_t best_distance = std::max<std::size_t>(2, folded.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t steps = distance(folded, fold_letters(candidate));
    if (steps < best_distance) {
      best = candidate;
      best_distance = steps;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  const auto guess = nearest(word, candidates);
  return guess ? fmt::format(": did you mean \"{}\"?", escape_for_terminal(*guess)) : "";
}

}  // namespace base
