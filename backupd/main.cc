// mailstow-backupd: snapshots of IMAP accounts into a store.
#include <CLI/CLI.hpp>

#include "backupd/commands.h"
#include "base/log.h"

namespace {

constexpr const char* kFooter =
    "Exit status: 0 all done; 1 nothing done; 2 wrong usage, configuration or key;\n"
    "3 something done and something not; 4 the store is damaged; 5 another process\n"
    "holds the store.";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Backs up IMAP accounts into an encrypted, deduplicated store.", "mailstow-backupd");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", "mailstow " MAILSTOW_VERSION);
  std::string config_path(base::kDefaultConfigPath);
  bool verbose = false;
  bool quiet = false;
  bool json = false;
  app.add_option("--config", config_path, "The configuration file")->capture_default_str();
  app.add_flag("-v,--verbose", verbose, "Log more");
  app.add_flag("-q,--quiet", quiet, "Log errors only")->excludes("--verbose");

  const auto* init = app.add_subcommand("init", "Make an empty store, and its key file if absent");
  auto* once = app.add_subcommand("once", "One pass over the accounts, for a timer");
  backupd::OnceOptions once_options;
  once->add_option("--account", once_options.accounts, "Only this account; may be repeated")
      ->expected(1)
      ->take_all();
  once->add_flag("--json", json, "Print one JSON document");
  auto* status = app.add_subcommand("status", "What the store holds, and how fresh it is");
  status->add_flag("--json", json, "Print one JSON document");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int result = app.exit(error);
    return result == 0 ? 0 : static_cast<int>(base::ExitStatus::kUsage);
  }
  if (verbose) base::set_log_level(base::LogLevel::kDebug);
  if (quiet) base::set_log_level(base::LogLevel::kError);

  return static_cast<int>(base::run_guarded("mailstow-backupd", [&] {
    base::FileSystem& files = base::real_file_system();
    const base::Surroundings surroundings{
        base::load_config(files, config_path),
        json ? base::OutputFormat::kJson : base::OutputFormat::kText, files, base::system_clock()};
    if (*init) return backupd::init(surroundings);
    if (*once) return backupd::once(surroundings, once_options);
    return backupd::status(surroundings);
  }));
}
