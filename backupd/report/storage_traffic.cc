#include "backupd/report/storage_traffic.h"

#include <cstdint>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/terminal.h"

namespace backupd {

void add_traffic(nlohmann::ordered_json& document,
                 const std::optional<store::StorageTraffic>& traffic) {
  if (!traffic) return;
  document["storage"] = {{"requests", traffic->requests},
                         {"sent_bytes", traffic->sent_bytes},
                         {"received_bytes", traffic->received_bytes}};
}

std::string traffic_text(const nlohmann::ordered_json& document) {
  if (!document.contains("storage")) return "";
  const auto number = [&](const char* key) {
    return document.at("storage").at(key).get<std::uint64_t>();
  };
  return fmt::format(
      "Storage: {}, {} sent, {} received\n", base::format_count(number("requests"), "request"),
      base::format_size(number("sent_bytes")), base::format_size(number("received_bytes")));
}

}  // namespace backupd
