// Runs of programs that read from object storage, and how they compare.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/access_log.h"
#include "tests/bench/program.h"

namespace bench {

struct StorageSample {
  Ran ran;
  double sync_seconds = 0;  // from its end until what it wrote is on the disk
  Requests requests;
};

// Lines of a table: its head, and a run in it.
void print_sample_head();
void print_sample(std::size_t turn, const std::string& name, const StorageSample& sample);

// A line for each kind.
void print_kinds(const Requests& requests);

struct MeasuredProgram {
  std::string name;
  std::vector<StorageSample> samples;  // one for each turn
};

void print_medians(const MeasuredProgram& program);

// Of the runs of the same turn: requests, seconds, and seconds until all is on the disk.
void print_ratios(const MeasuredProgram& program, const MeasuredProgram& reference);

}  // namespace bench
