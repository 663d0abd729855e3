#include "store/maintenance/pack_choice.h"

#include <algorithm>
#include <numeric>

#include <fmt/core.h>

namespace store {

namespace {

class Chooser {
 public:
  Chooser(std::span<const PackUse> packs, const ChoiceLimits& limits)
      : packs_(packs), limits_(limits), choices_(packs.size()) {}

  std::vector<PackChoice> run() {
    for (std::size_t i = 0; i < packs_.size(); ++i) choose_alone(i);
    choose_small();
    choose_commits();
    return std::move(choices_);
  }

 private:
  void choose(std::size_t i, PackFate fate, std::string reason) {
    choices_[i] = {.fate = fate, .reason = std::move(reason)};
    if (fate != PackFate::kRewrite) return;
    choices_[i].new_size = living_size(packs_[i]);
    rewritten_ += choices_[i].new_size;
  }

  void choose_spare(std::size_t i, std::string reason) {
    choose(i, PackFate::kRewrite, std::move(reason));
    choices_[i].is_spare = true;
  }

  // Commits die with the next checkpoint, but are not a reason to write one.
  static std::uint64_t dead_bytes(const PackUse& pack) {
    return pack.object_bytes - std::min(pack.object_bytes, pack.living_bytes + pack.commit_bytes);
  }

  static std::uint64_t dead_percent(const PackUse& pack) {
    const std::uint64_t dead = dead_bytes(pack);
    return dead == 0 ? 0 : dead * 100 / (dead + pack.living_bytes);
  }

  static std::uint64_t living_size(const PackUse& pack) {
    return pack.size * (100 - dead_percent(pack)) / 100;
  }

  void choose_alone(std::size_t i) {
    const PackUse& pack = packs_[i];
    if (pack.is_condemned) {
      if (pack.living_bytes == 0) return choose(i, PackFate::kKeep, "condemned");
      return choose(i, PackFate::kRewrite, "condemned, but it has living objects");
    }
    if (pack.living_bytes == 0) {
      if (pack.commit_bytes > 0) return choose(i, PackFate::kKeep, "it contains the last commits");
      return choose(i, PackFate::kCondemn, "it has no living objects");
    }
    const std::uint64_t dead = dead_percent(pack);
    if (dead_bytes(pack) > 0 && dead >= limits_.dead_percent) {
      return choose(i, PackFate::kRewrite, fmt::format("{} % of it is dead", dead));
    }
    if (pack.effort == Effort::kFast && recompressed_ < limits_.max_recompressed) {
      recompressed_ += pack.size;
      return choose_spare(i, "it can be compressed harder");
    }
    choose(i, PackFate::kKeep, fmt::format("{} % of it is living", 100 - dead));
  }

  // A small pack is combined with others only if together they are not much smaller than it is, so
  // that the same bytes are not rewritten every night.
  void choose_small() {
    constexpr std::uint64_t kMaxRatio = 4;
    std::vector<std::size_t> smallest_first(packs_.size());
    std::iota(smallest_first.begin(), smallest_first.end(), std::size_t{0});
    std::ranges::stable_sort(smallest_first, {}, [&](std::size_t i) { return packs_[i].size; });
    for (const std::size_t i : smallest_first) {
      const PackUse& pack = packs_[i];
      if (choices_[i].fate != PackFate::kKeep || pack.is_condemned || pack.living_bytes == 0 ||
          pack.size >= limits_.small_size || pack.size > kMaxRatio * rewritten_) {
        continue;
      }
      choose_spare(i, "it is small");
    }
  }

  // A new checkpoint makes packs of earlier commits alone useless. Two of them are reason enough to
  // write one, and so is dead data beside a commit.
  void choose_commits() {
    std::vector<std::size_t> commits;
    bool has_work = false;
    for (std::size_t i = 0; i < packs_.size(); ++i) {
      has_work = has_work || choices_[i].fate != PackFate::kKeep;
      if (!packs_[i].is_condemned && packs_[i].living_bytes == 0 && packs_[i].commit_bytes > 0) {
        commits.push_back(i);
        has_work = has_work || dead_bytes(packs_[i]) > 0;
      }
    }
    if (!has_work && commits.size() < 2) return;
    for (const std::size_t i : commits) {
      choose(i, PackFate::kCondemn, "it has only earlier commits");
    }
  }

  std::span<const PackUse> packs_;
  const ChoiceLimits& limits_;
  std::vector<PackChoice> choices_;
  std::uint64_t recompressed_ = 0;
  std::uint64_t rewritten_ = 0;  // bytes that new packs receive, approximately
};

}  // namespace

std::vector<PackChoice> choose_packs(std::span<const PackUse> packs, const ChoiceLimits& limits) {
  return Chooser(packs, limits).run();
}

}  // namespace store
