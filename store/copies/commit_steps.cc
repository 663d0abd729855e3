#include "store/copies/commit_steps.h"

#include <algorithm>

#include "base/log.h"
#include "store/index/commit_log.h"

namespace store {

namespace {

std::vector<CommitStep> steps_in_index(Index& index) {
  std::vector<CommitStep> steps;
  for (const Index::CommitRow& row : index.commit_rows()) {
    const bool follows =
        !steps.empty() && steps.back().pack == row.pack && steps.back().last + 1 == row.number;
    if (!follows) {
      steps.push_back({.first = row.number,
                       .last = 0,
                       .commit = {},
                       .previous = row.previous,
                       .pack = row.pack});
    }
    steps.back().last = row.number;
    steps.back().commit = row.id;
  }
  return steps;
}

}  // namespace

std::vector<CommitStep> steps_after(Storage& storage, const BlockContext& context, Index& index,
                                    const CommitMark& position) {
  std::vector<CommitStep> known = steps_in_index(index);
  if (position.number == 0 || known.empty()) return known;
  std::vector<CommitStep> steps;
  if (position.number + 1 < known.front().first) {
    CommitLog log(storage, context);
    for (const CommitRecord& record : log.after(position.number)) {
      if (record.number >= known.front().first) break;
      steps.push_back({.first = record.number,
                       .last = record.last,
                       .commit = record.commit,
                       .previous = record.previous,
                       .pack = record.pack});
    }
    // A checkpoint takes their place, so `check` reports them.
    for (const std::string& line : log.take_damage()) base::log_debug("{}", line);
  }
  std::ranges::copy_if(known, std::back_inserter(steps),
                       [&](const CommitStep& step) { return step.last > position.number; });
  return steps;
}

}  // namespace store
