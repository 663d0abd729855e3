// The configuration in the memory of a process that forks others which need it: with thousands of
// accounts, reading it takes longer than most commands.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/config/config.h"
#include "base/program/file_stamp.h"
#include "base/program/program.h"

namespace base {

class KeptConfiguration {
 public:
  KeptConfiguration(Path config_file, const Clock& clock)
      : config_file_(std::move(config_file)), clock_(clock) {}

  // Reads the files again if they have changed. Keeps nothing if they were changed in the last
  // moments or can't be read, for whatever reason: the command finds out itself.
  void refresh();

  bool is_kept() const { return config_.has_value(); }

  // open_environment() with the kept configuration, which is then gone, or without one.
  Environment open(const Path& config_file, OutputFormat format);

 private:
  bool is_current() const;
  void read();

  Path config_file_;
  const Clock& clock_;
  std::optional<Config> config_;
  Path found_accounts_;
  FileStamp config_stamp_;
  FileStamp found_accounts_stamp_;
};

}  // namespace base
