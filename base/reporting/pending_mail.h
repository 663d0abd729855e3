// A mail about a job, kept beside the job's record until a mail server has accepted it: a program
// that is ended while it sends, or can't reach the server, leaves the mail to the next program. All
// functions require the job's lock (base/reporting/job_record.h).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/store_config.h"
#include "base/file_system.h"

namespace base {

// A recipient that the mail may not have reached.
struct PendingRecipient {
  std::string address;
  int attempts = 0;  // attempts to send the mail to it whose outcome is unknown
};

struct PendingMail {
  std::string job;
  std::chrono::sys_seconds written{};
  std::string headline;
  std::string body;
  std::vector<std::string> to;  // all recipients
  std::vector<PendingRecipient> undelivered;
  std::vector<std::string> troubles;  // those it reports (base/reporting/trouble_memory.h)
};

// Returns nullopt if there is no such mail, or the file is damaged.
std::optional<PendingMail> load_pending_mail(FileSystem& files, const StoreConfig& store,
                                             std::string_view job);

// Replaces the job's earlier one. Atomic. Fails with kIo or kNoSpace.
void save_pending_mail(FileSystem& files, const StoreConfig& store, const PendingMail& mail);

void remove_pending_mail(FileSystem& files, const StoreConfig& store, std::string_view job);

}  // namespace base
