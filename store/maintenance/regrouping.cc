#include "store/maintenance/regrouping.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "base/stop_request.h"
#include "store/message/split.h"

namespace store {

namespace {

constexpr std::size_t kMaxObjectsOfSlice = 200'000;
// Every 16 MiB of a slice may read all of its blocks: that takes an eighth of the time in which
// they are compressed.
constexpr std::uint64_t kMaxSlice = std::uint64_t{512} << 20;
constexpr std::uint64_t kMaxInMemory = std::uint64_t{16} << 20;
constexpr std::uint64_t kReportedAfter = std::uint64_t{4} << 20;

constexpr std::uint64_t window_of(Stream stream) {
  return stream == Stream::kRecords ? kRecordWindow : kTextWindow;
}

}  // namespace

Regrouping::Regrouping(WriteSession& session, ObjectReader& objects, MarkedObjects& marked,
                       HasCopied has_copied)
    : session_(session), objects_(objects), marked_(marked), has_copied_(std::move(has_copied)) {}

bool Regrouping::copy(std::span<const Index::PackRow> packs, Stream stream) {
  for (const Index::PackRow& pack : packs) {
    if (!goes_on_) return false;
    marked_.for_each(pack, stream, Marked::kYes,
                     [&](const ObjectEntry& object, const ObjectPlace& place, const Owner& owner) {
                       if (goes_on_) add(object, place, owner);
                       if (slice_.size() >= kMaxObjectsOfSlice || slice_bytes_ >= kMaxSlice) {
                         write_slice(stream);
                       }
                     });
  }
  write_slice(stream);
  return goes_on_;
}

void Regrouping::add(const ObjectEntry& object, const ObjectPlace& place, const Owner& owner) {
  slice_.push_back(
      {.object = object, .place = place, .owner = owner, .features = features_of(object, place)});
  slice_bytes_ += object.length;
}

// The versions of a leaf follow each other as they were stored.
Features Regrouping::features_of(const ObjectEntry& object, const ObjectPlace& place) {
  if (object.type == ObjectType::kText) {
    return features_of_text(objects_.read_at(object.type, object.id, place).bytes);
  }
  if (object.type == ObjectType::kMessage) {
    const ObjectView record = objects_.read_at(object.type, object.id, place);
    return features_of_header(header_of(record.bytes));
  }
  if (object.type == ObjectType::kBinary) {
    return features_of_binary(objects_.read_at(object.type, object.id, place).bytes, probing_);
  }
  return {};
}

void Regrouping::write_slice(Stream stream) {
  std::vector<ObjectToCopy> slice = std::exchange(slice_, {});
  slice_bytes_ = 0;
  arrange(slice, window_of(stream));
  for (std::span<const ObjectToCopy> rest = slice; !rest.empty() && goes_on_;) {
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    while (count < rest.size() &&
           (count == 0 || bytes + rest[count].object.length <= kMaxInMemory)) {
      bytes += rest[count++].object.length;
    }
    write(rest.first(count));
    rest = rest.subspan(count);
  }
  if (unreported_ > 0) report_copied();
}

void Regrouping::write(std::span<const ObjectToCopy> objects) {
  std::vector<base::Bytes> contents = read(objects);
  for (std::size_t i = 0; i < objects.size() && goes_on_; ++i) {
    const ObjectEntry& object = objects[i].object;
    session_.add(object.type, object.id, std::exchange(contents[i], {}), object.message_size,
                 fmt::format("{:010}", objects[i].owner.account));
    session_.publish_if_full();
    unreported_ += object.length;
    if (unreported_ >= kReportedAfter) report_copied();
  }
}

void Regrouping::report_copied() {
  goes_on_ = has_copied_(std::exchange(unreported_, 0)) && goes_on_;
}

std::vector<base::Bytes> Regrouping::read(std::span<const ObjectToCopy> objects) {
  std::vector<std::size_t> by_place(objects.size());
  std::iota(by_place.begin(), by_place.end(), std::size_t{0});
  std::ranges::sort(by_place, {}, [&](std::size_t i) {
    return std::pair(objects[i].place.block, objects[i].place.start);
  });
  std::vector<base::Bytes> contents(objects.size());
  for (const std::size_t i : by_place) {
    base::stop_if_requested("prune", kNothingDropped);
    const ObjectEntry& object = objects[i].object;
    const ObjectView view = objects_.read_at(object.type, object.id, objects[i].place);
    // A message's id is made from its own bytes, not from its record's.
    if (object.type != ObjectType::kMessage &&
        object_id(session_.context().keys, object.type, view.bytes) != object.id) {
      base::fail(base::ErrorCode::kDamaged,
                 "copy object {}: it does not match its id: run mailstow-backupd check",
                 object.id.hex());
    }
    contents[i].assign(view.bytes.begin(), view.bytes.end());
  }
  return contents;
}

}  // namespace store
