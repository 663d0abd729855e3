// What a job requested of the bucket that holds the store, in its document and its text.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "store/storage/storage.h"

namespace backupd {

// Adds "storage": {"requests", "sent_bytes", "received_bytes"}, if the storage counts them.
void add_traffic(nlohmann::ordered_json& document,
                 const std::optional<store::StorageTraffic>& traffic);

// The line about it; empty if the document has none.
std::string traffic_text(const nlohmann::ordered_json& document);

}  // namespace backupd
