// STORE/quarantine: damaged key slots and tree records that repairs took out of the way, and packs
// that earlier repairs moved there. Nothing in it is ever deleted.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "store/format/location.h"
#include "store/maintenance/salvage.h"
#include "store/storage/storage.h"

namespace store {

class Quarantine {
 public:
  // Both must outlive it, and what sources() returns.
  Quarantine(const Location& location, base::FileSystem& files);

  // The files in it, without those that are still being written.
  std::vector<SalvageSource> sources();

  // Puts the blob's bytes into the quarantine, under its key or with a number behind it, and then
  // removes the blob. In a directory, what can't be read as a blob, such as a FIFO, is moved. It is
  // durable when this returns. Fails with kIo, kNoSpace and kStorage.
  void take(const BlobName& name);

  // The files that this object put there, under their new names.
  const std::vector<std::string>& taken() const { return taken_; }

 private:
  void keep(const BlobName& name, base::ByteView bytes);
  void move(const BlobName& name);

  const Location& location_;
  base::FileSystem& files_;
  std::shared_ptr<Storage> storage_;
  std::vector<std::string> taken_;
};

}  // namespace store
