#include "restore/output.h"

#include <nlohmann/json.hpp>

#include "base/program/pager.h"

namespace restore {

void print(base::OutputFormat format, const nlohmann::ordered_json& document,
           std::string_view text) {
  if (format == base::OutputFormat::kText) {
    base::print_paged(text);
    return;
  }
  using Json = nlohmann::ordered_json;
  base::print_result(document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace restore
