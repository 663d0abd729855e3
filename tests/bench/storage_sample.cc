#include "tests/bench/storage_sample.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/core.h>
#include <fmt/ranges.h>

namespace bench {

namespace {

double megabytes(const RequestCount& count) {
  return static_cast<double>(count.bytes) / 1e6;
}

double seconds_of_run(const StorageSample& sample) {
  return sample.ran.seconds;
}

double seconds_until_durable(const StorageSample& sample) {
  return sample.ran.seconds + sample.sync_seconds;
}

double requests_of_run(const StorageSample& sample) {
  return static_cast<double>(sample.requests.all.requests);
}

using Measure = double (*)(const StorageSample&);

double median_of(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

double median_of(const std::vector<StorageSample>& samples, Measure measure) {
  std::vector<double> values;
  values.reserve(samples.size());
  for (const StorageSample& sample : samples) values.push_back(measure(sample));
  return median_of(std::move(values));
}

void print_ratio(const std::string& what, const MeasuredProgram& program,
                 const MeasuredProgram& reference, Measure measure) {
  std::vector<double> ratios;
  ratios.reserve(program.samples.size());
  for (std::size_t i = 0; i < program.samples.size(); ++i) {
    ratios.push_back(measure(program.samples[i]) / measure(reference.samples[i]));
  }
  fmt::print("{} / {}, {}: {:.2f} (median), samples {:.2f}\n", program.name, reference.name, what,
             median_of(ratios), fmt::join(ratios, " "));
}

}  // namespace

void print_sample_head() {
  fmt::print("{:4}  {:24} {:>9} {:>9} {:>9} {:>10}\n", "turn", "", "seconds", "sync s", "requests",
             "MB");
}

void print_sample(std::size_t turn, const std::string& name, const StorageSample& sample) {
  fmt::print("{:4}  {:24} {:9.3f} {:9.3f} {:9} {:10.3f}\n", turn, name, sample.ran.seconds,
             sample.sync_seconds, sample.requests.all.requests, megabytes(sample.requests.all));
  static_cast<void>(std::fflush(stdout));
}

void print_kinds(const Requests& requests) {
  for (const auto& [kind, count] : requests.by_kind) {
    fmt::print("      {:24} {:9} {:10.3f} MB\n", kind, count.requests, megabytes(count));
  }
}

void print_medians(const MeasuredProgram& program) {
  fmt::print("{}, medians: {:.3f} s, with sync {:.3f} s, {:.0f} requests\n", program.name,
             median_of(program.samples, seconds_of_run),
             median_of(program.samples, seconds_until_durable),
             median_of(program.samples, requests_of_run));
}

void print_ratios(const MeasuredProgram& program, const MeasuredProgram& reference) {
  print_ratio("requests", program, reference, requests_of_run);
  print_ratio("seconds", program, reference, seconds_of_run);
  print_ratio("seconds with sync", program, reference, seconds_until_durable);
}

}  // namespace bench
