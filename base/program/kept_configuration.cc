#include "base/program/kept_configuration.h"

#include <exception>
#include <utility>

#include "base/config/found_accounts.h"
#include "base/log.h"

namespace base {

void KeptConfiguration::refresh() {
  if (config_ && is_current()) return;
  config_.reset();
  try {
    read();
  } catch (const std::exception& error) {
    log_debug("keep the configuration: {}", error.what());
  }
}

// Each stamp is older than what was read: a change in between shows as a change.
void KeptConfiguration::read() {
  FileSystem& files = real_file_system();
  config_stamp_ = FileStamp::of(config_file_);
  if (!config_stamp_.is_settled(clock_)) return;
  Config config = load_config(files, config_file_);
  found_accounts_ = found_accounts_file(config.store);
  found_accounts_stamp_ = FileStamp::of(found_accounts_);
  if (!found_accounts_stamp_.is_settled(clock_)) return;
  config_ = with_found_accounts(std::move(config), files);
}

bool KeptConfiguration::is_current() const {
  return FileStamp::of(config_file_) == config_stamp_ &&
         FileStamp::of(found_accounts_) == found_accounts_stamp_;
}

Environment KeptConfiguration::open(const Path& config_file, OutputFormat format) {
  if (!config_ || config_file != config_file_) return open_environment(config_file, format);
  Config config = *std::move(config_);
  config_.reset();
  return enter_environment(std::move(config), config_file, format);
}

}  // namespace base
