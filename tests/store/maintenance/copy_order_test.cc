#include "store/maintenance/copy_order.h"

#include <map>
#include <set>
#include <utility>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace store {
namespace {

constexpr std::uint64_t kWindow = 100;

using Place = std::pair<std::int64_t, std::uint32_t>;

Place place_of(const ObjectToCopy& object) {
  return {object.place.block, object.place.start};
}

// Each at a place of its own.
rc::Gen<std::vector<ObjectToCopy>> some_objects() {
  return rc::gen::exec([] {
    std::vector<ObjectToCopy> objects;
    const int count = *rc::gen::inRange(0, 60);
    for (int i = 0; i < count; ++i) {
      ObjectToCopy object;
      object.place = {.block = *rc::gen::inRange(0, 5),
                      .start = static_cast<std::uint32_t>(i),
                      .length = *rc::gen::inRange<std::uint32_t>(1, 150)};
      object.owner = {.account = *rc::gen::inRange<std::uint32_t>(0, 3),
                      .folder = *rc::gen::inRange<std::uint32_t>(0, 3)};
      object.similarity = {.first = *rc::gen::inRange<std::uint64_t>(0, 4), .second = 0};
      objects.push_back(object);
    }
    return objects;
  });
}

RC_GTEST_PROP(CopyOrderProperty, EveryObjectIsThereOnceGroupedByOwner, ()) {
  std::vector<ObjectToCopy> objects = *some_objects();
  std::map<Place, Owner> before;
  for (const ObjectToCopy& object : objects) before[place_of(object)] = object.owner;
  arrange(objects, kWindow);
  RC_ASSERT(objects.size() == before.size());
  for (std::size_t i = 0; i < objects.size(); ++i) {
    RC_ASSERT(before.at(place_of(objects[i])) == objects[i].owner);
    before.erase(place_of(objects[i]));
    if (i > 0) RC_ASSERT(objects[i - 1].owner <= objects[i].owner);
  }
  RC_ASSERT(before.empty());
}

RC_GTEST_PROP(CopyOrderProperty, AWindowIsBoundedSortedAndInItsPlace, ()) {
  std::vector<ObjectToCopy> objects = *some_objects();
  arrange(objects, kWindow);
  std::map<std::pair<Owner, std::uint32_t>, std::vector<ObjectToCopy>> windows;
  for (const ObjectToCopy& object : objects) {
    windows[{object.owner, object.window}].push_back(object);
  }
  std::map<Owner, Place> last;  // of the windows before
  for (const auto& [window, members] : windows) {
    std::uint64_t bytes = 0;
    Place first = place_of(members.front());
    Place end = first;
    for (std::size_t i = 0; i < members.size(); ++i) {
      bytes += members[i].place.length;
      first = std::min(first, place_of(members[i]));
      end = std::max(end, place_of(members[i]));
      if (i == 0) continue;
      RC_ASSERT(std::pair(members[i - 1].similarity, place_of(members[i - 1])) <
                std::pair(members[i].similarity, place_of(members[i])));
    }
    RC_ASSERT(bytes <= kWindow || members.size() == 1);
    const auto before = last.find(window.first);
    if (before != last.end()) RC_ASSERT(before->second < first);
    last[window.first] = end;
  }
}

TEST(CopyOrderTest, SimilarObjectsMeet) {
  std::vector<ObjectToCopy> objects(4);
  for (std::uint32_t i = 0; i < 4; ++i) {
    objects[i].place = {.block = 1, .start = i, .length = 1};
    objects[i].similarity = {.first = i % 2, .second = 0};
  }
  arrange(objects, kWindow);
  std::vector<std::uint32_t> starts;
  for (const ObjectToCopy& object : objects) starts.push_back(object.place.start);
  EXPECT_EQ((std::vector<std::uint32_t>{0, 2, 1, 3}), starts);
}

}  // namespace
}  // namespace store
