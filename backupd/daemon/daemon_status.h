// The status document of a running daemon, and descriptions of it for people.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "backupd/daemon/job.h"
#include "base/config/store_config.h"

namespace backupd {

// Returns nullopt if no daemon runs. Fails with kIo if the daemon does not answer.
std::optional<nlohmann::ordered_json> ask_about_daemon(const base::StoreConfig& store);

// The state of one job; an empty object if `status` lacks it.
nlohmann::ordered_json job_in(const nlohmann::ordered_json& status, Job job);

// The progress of a job, as a run on a terminal shows it; empty if the job reports none.
std::string describe_progress_of(const nlohmann::ordered_json& job);

// Why the daemon does not serve the metrics that it should; empty if it does, or need not.
std::string metrics_trouble_in(const nlohmann::ordered_json& status);

// The current use of the store: "the daemon backs up: 43.2 MB of ...", "the store is lent to
// forget, process 17"; empty if nothing does.
std::string describe_work(const nlohmann::ordered_json& status);

}  // namespace backupd
