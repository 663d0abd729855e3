// A small database beside the index that only the holder of the store's key can read, and nothing
// else can change unnoticed: the memory of the restore desk (schema/desk.sql).
//
// Each record is sealed by itself. A further one seals the number of all changes and a sum over the
// records, so that an older version of one record, or a removed one, is found out. The number is
// also kept in the store's directory, so that an older version of the whole file is, too; for a
// store in a bucket it is in local_directory() (store/format/layout.h), so only an older version of
// this file alone is found out.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "store/format/location.h"

namespace store {

struct RecordChange {
  std::string kind;  // "job", "grant"
  std::string id;
  std::optional<std::string> text;  // nullopt: the record is removed
};

// All records are in memory: they are few. One process at a time; not thread-safe.
class SealedRecords {
 public:
  static constexpr std::size_t kMaxText = std::size_t{4} << 20U;  // of one record, in bytes

  // Creates the database if it is absent. Fails with kBusy if another process has it open, kDamaged
  // if it is not what was written last, and as the store does if that can't be opened.
  static SealedRecords open(const Location& location, base::FileSystem& files);
  SealedRecords(SealedRecords&&) noexcept;
  SealedRecords& operator=(SealedRecords&&) noexcept;
  ~SealedRecords();

  std::optional<std::string> find(const std::string& kind, const std::string& id) const;
  // Texts by id.
  std::map<std::string, std::string> list(const std::string& kind) const;

  // All or nothing; durable when it returns. Fails with kIo or kNoSpace, and kInternal for a text
  // that is too long.
  void apply(std::span<const RecordChange> changes);

  void put(const std::string& kind, const std::string& id, std::string text);
  void remove(const std::string& kind, const std::string& id);

  static base::Path file(const Location& location);  // of the database

 private:
  class Impl;
  explicit SealedRecords(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
