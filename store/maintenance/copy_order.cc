#include "store/maintenance/copy_order.h"

#include <algorithm>
#include <tuple>

namespace store {

namespace {

auto place_of(const ObjectToCopy& object) {
  return std::tuple(object.place.block, object.place.start);
}

}  // namespace

void arrange(std::vector<ObjectToCopy>& objects, std::uint64_t window) {
  std::ranges::sort(objects, {}, [](const ObjectToCopy& object) {
    return std::tuple(object.owner, place_of(object));
  });
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const bool is_same_folder = i > 0 && objects[i].owner == objects[i - 1].owner;
    objects[i].window = is_same_folder ? objects[i - 1].window : 0;
    if (!is_same_folder) bytes = 0;
    bytes += objects[i].place.length;
    if (bytes > window && bytes > objects[i].place.length) {
      ++objects[i].window;
      bytes = objects[i].place.length;
    }
  }
  std::ranges::sort(objects, {}, [](const ObjectToCopy& object) {
    return std::tuple(object.owner, object.window, object.similarity, place_of(object));
  });
}

}  // namespace store
