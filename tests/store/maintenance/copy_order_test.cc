#include "store/maintenance/copy_order.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace store {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t kWindow = 100;

using Place = std::pair<std::int64_t, std::uint32_t>;

Place stored_at(const ObjectToCopy& object) {
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
      for (int k = *rc::gen::inRange(0, 3); k > 0; --k) {
        object.features.add(*rc::gen::inRange<std::uint64_t>(0, 30));
      }
      objects.push_back(object);
    }
    return objects;
  });
}

RC_GTEST_PROP(CopyOrderProperty, EveryObjectIsThereOnceGroupedByOwner, ()) {
  std::vector<ObjectToCopy> objects = *some_objects();
  std::map<Place, Owner> before;
  for (const ObjectToCopy& object : objects) before[stored_at(object)] = object.owner;
  arrange(objects, kWindow);
  RC_ASSERT(objects.size() == before.size());
  for (std::size_t i = 0; i < objects.size(); ++i) {
    RC_ASSERT(before.at(stored_at(objects[i])) == objects[i].owner);
    before.erase(stored_at(objects[i]));
    if (i > 0) RC_ASSERT(objects[i - 1].owner <= objects[i].owner);
  }
  RC_ASSERT(before.empty());
}

RC_GTEST_PROP(CopyOrderProperty, AnObjectStaysWithinAWindow, ()) {
  std::vector<ObjectToCopy> objects = *some_objects();
  arrange(objects, kWindow);
  // Two objects that change places are at most a window apart.
  std::vector<ObjectToCopy> stored = objects;
  std::ranges::sort(stored, {}, [](const ObjectToCopy& object) {
    return std::pair(object.owner, stored_at(object));
  });
  std::map<Place, std::uint64_t> end;  // of each object, in the order in which they were stored
  std::uint64_t bytes = 0;
  for (const ObjectToCopy& object : stored) {
    bytes += object.place.length;
    end[stored_at(object)] = bytes;
  }
  for (std::size_t i = 0; i < objects.size(); ++i) {
    for (std::size_t j = i + 1; j < objects.size(); ++j) {
      const bool is_swapped =
          objects[i].owner == objects[j].owner && stored_at(objects[j]) < stored_at(objects[i]);
      if (!is_swapped) continue;
      const std::uint64_t begin = end.at(stored_at(objects[j])) - objects[j].place.length;
      RC_ASSERT(end.at(stored_at(objects[i])) - begin <= kWindow);
    }
  }
}

RC_GTEST_PROP(CopyOrderProperty, GroupsAreWholeAndInTheOrderOfTheirFirst, ()) {
  std::vector<ObjectToCopy> objects = *some_objects();
  for (ObjectToCopy& object : objects) object.owner = {};
  arrange(objects, UINT64_MAX);
  // An object that has a smaller place than the one before it begins no group.
  Place begin{};
  std::set<std::uint64_t> of_group;
  std::set<std::uint64_t> of_earlier_groups;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const bool is_new_group = i == 0 || objects[i].group != objects[i - 1].group;
    if (is_new_group) {
      if (i > 0) RC_ASSERT(begin < stored_at(objects[i]));
      begin = stored_at(objects[i]);
      of_earlier_groups.insert(of_group.begin(), of_group.end());
      of_group.clear();
    } else {
      RC_ASSERT(stored_at(objects[i - 1]) < stored_at(objects[i]));
    }
    for (const std::uint64_t feature : objects[i].features.values()) {
      RC_ASSERT(!of_earlier_groups.contains(feature));
      of_group.insert(feature);
    }
  }
}

std::vector<std::uint32_t> order_of(const std::vector<std::vector<std::uint64_t>>& features) {
  std::vector<ObjectToCopy> objects(features.size());
  for (std::uint32_t i = 0; i < objects.size(); ++i) {
    objects[i].place = {.block = 1, .start = i, .length = 1};
    for (const std::uint64_t feature : features[i]) objects[i].features.add(feature);
  }
  arrange(objects, kWindow);
  std::vector<std::uint32_t> starts;
  for (const ObjectToCopy& object : objects) starts.push_back(object.place.start);
  return starts;
}

TEST(CopyOrderTest, WhatIsSimilarFollowsTheFirst) {
  EXPECT_THAT(order_of({{1}, {2}, {}, {1}, {2}, {}}), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(order_of({{1, 2}, {}, {3, 4}, {2, 3}}), ElementsAre(0, 2, 3, 1)) << "through others";
}

}  // namespace
}  // namespace store
