// How the commands print: a text or a document.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/program.h"
#include "store/snapshot.h"

namespace restore {

inline void print_list(base::OutputFormat format, const nlohmann::ordered_json& document,
                       std::string_view text) {
  if (format == base::OutputFormat::kText) return base::print_result(text);
  using Json = nlohmann::ordered_json;
  base::print_result(document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

inline std::string_view word(store::SnapshotStatus status) {
  switch (status) {
    case store::SnapshotStatus::kComplete:
      return "complete";
    case store::SnapshotStatus::kPartial:
      return "partial";
    case store::SnapshotStatus::kMoving:
      return "moving";
  }
  return "partial";
}

}  // namespace restore
