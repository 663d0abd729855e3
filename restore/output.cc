#include "restore/output.h"

#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "base/program/pager.h"

namespace restore {

void print(base::OutputFormat format, const nlohmann::ordered_json& document,
           std::string_view text) {
  if (format == base::OutputFormat::kText) {
    base::print_paged(text);
    return;
  }
  base::print_result(base::json_text(document));
}

}  // namespace restore
