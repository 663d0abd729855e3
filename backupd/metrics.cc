// Metrics for Prometheus: printed, or written to where a collector fetches them.
#include <cerrno>
#include <memory>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backupd/commands.h"
#include "backupd/daemon/metrics_file.h"
#include "backupd/report/metrics_text.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/handle.h"

namespace backupd {

namespace {

// The file appears whole and readable by every user: node_exporter runs as a different one.
void publish(const base::Path& file, base::ByteView text) {
  const std::string what = fmt::format("write metrics to {}", file.string());
  const base::Path temporary = file.parent_path() / fmt::format(".mailstow-{}.tmp", ::getpid());
  // A file of that name is a leftover, or a trap: with O_EXCL it is not even opened.
  ::unlink(temporary.c_str());
  const base::Fd written(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const bool is_whole =
      written &&
      ::write(written.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fchmod(written.get(), 0644) == 0 && ::fsync(written.get()) == 0 &&
      ::rename(temporary.c_str(), file.c_str()) == 0;
  if (is_whole) return;
  const int error = errno;
  ::unlink(temporary.c_str());
  base::fail_with_errno(error, what);
}

}  // namespace

void write_metrics(const base::Environment& environment) {
  const base::MetricsConfig& config = environment.config.reporting.metrics;
  if (config.file.empty() && !config.listen) {
    base::fail(base::ErrorCode::kUsage,
               "metrics --write: no destination is configured: set `metrics` with `file` or "
               "`listen`");
  }
  const std::string text = metrics_text(environment);
  // The daemon serves a file of its own.
  if (config.listen) {
    base::write_file(environment.files, served_metrics_file(environment.config.store),
                     base::as_bytes(text), base::OnExisting::kReplace);
  }
  if (!config.file.empty()) publish(config.file, base::as_bytes(text));
}

base::ExitStatus metrics(const base::Environment& environment, const MetricsOptions& options) {
  if (options.write) {
    write_metrics(environment);
  } else {
    base::print_result(metrics_text(environment));
  }
  return base::ExitStatus::kDone;
}

base::Command metrics_command() {
  const auto options = std::make_shared<MetricsOptions>();
  return {
      .name = "metrics",
      .help = "Print Prometheus metrics",
      .declare =
          [options](base::Options& declared) {
            declared.flag("--write", options->write,
                          "Write them to the places that `metrics` configures, instead of stdout");
          },
      .has_document = false,
      .function = [options](const auto& environment) { return metrics(environment, *options); }};
}

}  // namespace backupd
