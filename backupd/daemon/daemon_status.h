// What a running daemon says of itself, as its document "status" has it, and in words.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "backupd/daemon/job.h"
#include "base/config/store_config.h"

namespace backupd {

// Nothing if none runs. Fails with kIo if it does not answer.
std::optional<nlohmann::ordered_json> ask_about_daemon(const base::StoreConfig& store);

// What it says of one job.
nlohmann::ordered_json job_in(const nlohmann::ordered_json& status, Job job);

// How far a job is, as a run on a terminal tells it; empty if it says nothing of it.
std::string describe_progress_of(const nlohmann::ordered_json& job);

// What keeps others from the store: "the daemon backs up: 43.2 MB of ...", "the store is lent to
// forget, process 17"; empty if nothing does.
std::string describe_work(const nlohmann::ordered_json& status);

}  // namespace backupd
