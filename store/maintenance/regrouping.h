// Copies the living objects of packs into new packs: account by account, folder by folder, and
// within a folder similar objects next to each other (store/maintenance/copy_order.h).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "store/format/compression.h"
#include "store/index/index.h"
#include "store/index/object_reader.h"
#include "store/maintenance/copy_order.h"
#include "store/maintenance/marking.h"
#include "store/write_session.h"

namespace store {

// In slices, so that memory does not grow with the packs: a slice has at most 512 MiB of objects
// (before compression), or 200,000. Of a slice, 16 MiB are in memory at a time; the blocks that
// these are in are read in the order of their places.
//
// For one thread. Fails like MarkedObjects, ObjectReader and WriteSession.
class Regrouping {
 public:
  // `has_copied` is called after each 4 MiB or so, with the bytes before compression; once it
  // returns false, copying ends. All arguments must outlive the object.
  using HasCopied = std::function<bool(std::uint64_t bytes)>;
  Regrouping(WriteSession& session, ObjectReader& objects, MarkedObjects& marked,
             HasCopied has_copied);

  // Copies what is marked in one stream. Returns false if not all of it was copied; then nothing
  // can be copied any more.
  bool copy(std::span<const Index::PackRow> packs, Stream stream);

 private:
  void add(const ObjectEntry& object, const ObjectPlace& place, const Owner& owner);
  Features features_of(const ObjectEntry& object, const ObjectPlace& place);
  void write_slice(Stream stream);
  void write(std::span<const ObjectToCopy> objects);
  void report_copied();
  std::vector<base::Bytes> read(std::span<const ObjectToCopy> objects);

  WriteSession& session_;
  ObjectReader& objects_;
  MarkedObjects& marked_;
  HasCopied has_copied_;
  Compressor probing_{kProbingLevel};
  std::vector<ObjectToCopy> slice_;
  std::uint64_t slice_bytes_ = 0;
  std::uint64_t unreported_ = 0;  // bytes that were copied
  bool goes_on_ = true;
};

}  // namespace store
