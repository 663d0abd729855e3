#include "store/maintenance/copy_order.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <tuple>
#include <unordered_map>

namespace store {

namespace {

auto place_of(const ObjectToCopy& object) {
  return std::tuple(object.place.block, object.place.start);
}

// Numbers from 0, joined in groups. Each group is known by its smallest number.
class Groups {
 public:
  explicit Groups(std::size_t count) : leaders_(count) {
    std::iota(leaders_.begin(), leaders_.end(), std::size_t{0});
  }

  std::size_t leader(std::size_t number) {
    while (leaders_[number] != number) {
      leaders_[number] = leaders_[leaders_[number]];
      number = leaders_[number];
    }
    return number;
  }

  void join(std::size_t one, std::size_t other) {
    const auto [first, second] = std::minmax({leader(one), leader(other)});
    leaders_[second] = first;
  }

 private:
  std::vector<std::size_t> leaders_;
};

void gather_similar(std::span<ObjectToCopy> objects) {
  Groups groups(objects.size());
  std::unordered_map<std::uint64_t, std::size_t> first_with;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    for (const std::uint64_t feature : objects[i].features.values()) {
      const auto [known, is_new] = first_with.try_emplace(feature, i);
      if (!is_new) groups.join(known->second, i);
    }
  }
  for (std::size_t i = 0; i < objects.size(); ++i) objects[i].group = groups.leader(i);
  std::ranges::sort(objects, {}, [](const ObjectToCopy& object) {
    return std::tuple(object.group, place_of(object));
  });
}

}  // namespace

void arrange(std::vector<ObjectToCopy>& objects, std::uint64_t window) {
  std::ranges::sort(objects, {}, [](const ObjectToCopy& object) {
    return std::tuple(object.owner, place_of(object));
  });
  for (std::span<ObjectToCopy> rest = objects; !rest.empty();) {
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    while (count < rest.size() && rest[count].owner == rest.front().owner &&
           (count == 0 || bytes + rest[count].place.length <= window)) {
      bytes += rest[count++].place.length;
    }
    gather_similar(rest.first(count));
    rest = rest.subspan(count);
  }
}

}  // namespace store
