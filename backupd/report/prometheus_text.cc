#include "backupd/report/prometheus_text.h"

#include <fmt/core.h>

#include "base/utf8.h"

namespace backupd {

namespace {

constexpr char32_t kReplacement = 0xFFFD;

std::string escaped_label(std::string_view value) {
  std::string text;
  while (!value.empty()) {
    const auto point = base::first_code_point(value);
    const std::size_t length = point ? point->length : 1;
    if (!point) {
      base::append_utf8(text, kReplacement);
    } else if (value.front() == '\n') {
      text += "\\n";
    } else {
      if (value.front() == '\\' || value.front() == '"') text += '\\';
      text += value.substr(0, length);
    }
    value.remove_prefix(length);
  }
  return text;
}

}  // namespace

void PrometheusText::gauge(std::string_view name, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {} {}\n# TYPE {} gauge\n", name, help, name);
}

void PrometheusText::sample(std::uint64_t value, Labels labels) {
  add(std::to_string(value), labels);
}

void PrometheusText::sample(double value, Labels labels) {
  add(fmt::format("{:.6g}", value), labels);
}

void PrometheusText::add(std::string_view value, Labels labels) {
  std::string list;
  for (const auto& [name, label] : labels) {
    list += fmt::format("{}{}=\"{}\"", list.empty() ? "" : ",", name, escaped_label(label));
  }
  text_ += fmt::format("{}{} {}\n", name_, list.empty() ? "" : "{" + list + "}", value);
}

}  // namespace backupd
