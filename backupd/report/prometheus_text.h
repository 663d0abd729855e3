// Metrics in Prometheus's text format, version 0.0.4:
// https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace backupd {

class PrometheusText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // Starts a gauge: the samples that follow belong to it. `help` is one line.
  void gauge(std::string_view name, std::string_view help);

  // A label's value may be any bytes: bytes that are not UTF-8 become U+FFFD.
  void sample(std::uint64_t value, Labels labels = {});
  void sample(double value, Labels labels = {});

  const std::string& text() const { return text_; }

 private:
  void add(std::string_view value, Labels labels);

  std::string name_;
  std::string text_;
};

}  // namespace backupd
