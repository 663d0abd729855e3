// A letter about a job, kept beside the job's record until a mail server has it: whoever is ended
// while it sends, or finds the server away, leaves it to the next. The job's lock is needed for all
// of this (base/reporting/job_record.h).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/store_config.h"
#include "base/file_system.h"

namespace base {

struct KeptLetter {
  std::string job;
  std::chrono::sys_seconds written{};
  std::string headline;
  std::string body;
  std::vector<std::string> to;        // all it is for
  std::vector<std::string> left;      // those that it may not have reached
  std::vector<std::string> troubles;  // what they know then (base/reporting/trouble_memory.h)
  int begun = 0;                      // how often sending was begun, and nobody knows how it ended
};

// Nothing if there is none, or the file is damaged.
std::optional<KeptLetter> load_kept_letter(FileSystem& files, const StoreConfig& store,
                                           std::string_view job);

// In place of the job's earlier one. Atomic. Fails with kIo or kNoSpace.
void keep_letter(FileSystem& files, const StoreConfig& store, const KeptLetter& letter);

void drop_kept_letter(FileSystem& files, const StoreConfig& store, std::string_view job);

}  // namespace base
