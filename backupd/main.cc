// mailstow-backupd: snapshots of IMAP accounts into a store.
#include <CLI/CLI.hpp>

#include "backupd/commands.h"
#include "base/config/found_accounts.h"
#include "base/log.h"
#include "base/program/audit_log.h"
#include "base/program/command_line.h"

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
  app.add_option("--config", config_path, "The configuration file")
      ->capture_default_str()
      ->type_name("FILE");
  app.add_flag("-v,--verbose", verbose, "Log more");
  app.add_flag("-q,--quiet", quiet, "Log errors only")->excludes("--verbose");

  const auto* init = app.add_subcommand("init", "Make an empty store, and its key file if absent");
  auto* once = app.add_subcommand("once", "One pass over the accounts, for a timer");
  backupd::OnceOptions once_options;
  once->add_option("--account", once_options.accounts, "Only this account; may be repeated")
      ->expected(1)
      ->take_all();
  once->add_flag("--json", json, "Print one JSON document");
  auto* check = app.add_subcommand("check", "Whether the store is what was written");
  backupd::CheckCommand check_command;
  check->add_flag("--read-data", check_command.read_data, "Read every byte, rebuild every message");
  check->add_flag("--repair", check_command.repair,
                  "--read-data, move what is damaged aside, save what can still be read from it");
  check->add_flag("--resume", check_command.resume,
                  "--read-data, and go on where the last one was interrupted");
  check->add_option("--for", check_command.budget,
                    "--read-data for so long (30m), what was read longest ago first");
  check->add_option("--copy", check_command.copy, "A copy of the store, instead of the store")
      ->type_name("DIRECTORY");
  check->add_flag("--json", json, "Print one JSON document");
  auto* reindex = app.add_subcommand("reindex", "Make the index anew from the packs");
  reindex->add_flag("--json", json, "Print one JSON document");
  auto* key = app.add_subcommand("key", "What opens the store");
  key->require_subcommand(1);
  backupd::KeyAddOptions key_options;
  auto* key_add = key->add_subcommand("add", "Let something else open the store too");
  key_add->add_option("--key-file", key_options.key_file, "A key file; made if it is absent")
      ->type_name("FILE");
  key_add->add_flag("--passphrase", key_options.passphrase,
                    "A passphrase: asked for, or the first line of stdin");
  key_add->add_flag("--from-passphrase", key_options.from_passphrase,
                    "The configured key file is lost: make it anew with a passphrase");
  key_add
      ->add_option("--from-export", key_options.from_export,
                   "The same with what `key export` wrote")
      ->type_name("FILE");
  key_add->add_flag("--json", json, "Print one JSON document");
  std::string key_id;
  auto* key_remove = key->add_subcommand("remove", "Let a key open the store no more");
  key_remove->add_option("ID", key_id, "As `key list` shows it")->required();
  key_remove->add_flag("--json", json, "Print one JSON document");
  auto* key_list = key->add_subcommand("list", "What opens the store");
  key_list->add_flag("--json", json, "Print one JSON document");
  std::string export_file;
  auto* key_export = key->add_subcommand("export", "The master key, to print and keep elsewhere");
  key_export->add_option("FILE", export_file, "Must not exist; stdout if not given");
  auto* prune = app.add_subcommand("prune", "Drop what the retention does not keep");
  backupd::PruneCommand prune_command;
  prune->add_flag("--dry-run", prune_command.dry_run, "Say what would be done; write nothing");
  prune->add_flag("--json", json, "Print one JSON document");
  auto* forget = app.add_subcommand("forget", "Drop all snapshots of an account");
  backupd::ForgetCommand forget_command;
  forget->add_option("NAME", forget_command.account, "The account")->required();
  forget->add_flag("--yes", forget_command.yes, "Do it; else only say what would go");
  forget->add_flag("--prune", forget_command.prune, "And what only it needs, without waiting");
  forget->add_flag("--json", json, "Print one JSON document");
  auto* acknowledge =
      app.add_subcommand("acknowledge", "Take what was looked at off the list of troubles");
  backupd::AcknowledgeCommand acknowledge_command;
  auto* acknowledged_account = acknowledge->add_option(
      "NAME", acknowledge_command.account,
      "The account: what vanished from it, and that its INBOX is the same person's");
  acknowledge
      ->add_option("--server", acknowledge_command.server,
                   "After a migration: that the INBOX of each of its accounts is the same person's")
      ->option_text("NAME")
      ->excludes(acknowledged_account);
  auto* skip_folder = acknowledge->add_option("FOLDER", acknowledge_command.folder,
                                              "Of a message that can't be fetched");
  acknowledge->add_option("UID", acknowledge_command.uid, "The message's UID there")
      ->needs(skip_folder);
  acknowledge->add_flag("--json", json, "Print one JSON document");
  auto* drill = app.add_subcommand("drill", "Read a random sample back, and compare it");
  backupd::DrillCommand drill_command;
  drill->add_option("--seed", drill_command.seed, "Try again what the drill of this number tried");
  drill->add_flag("--json", json, "Print one JSON document");
  auto* metrics = app.add_subcommand("metrics", "Numbers for Prometheus");
  backupd::MetricsCommand metrics_command;
  metrics->add_flag("--write", metrics_command.write,
                    "To where `metrics` in the configuration says, as after every job");
  auto* run = app.add_subcommand("run", "The daemon: back up, sweep, prune and check on schedule");
  backupd::RunCommand run_command;
  run->add_option("--now", run_command.now,
                  "Tell the running daemon to start this job: backup, prune, check, sweep or drill")
      ->option_text("JOB");
  auto* status = app.add_subcommand("status", "What the store holds, and how fresh it is");
  status->add_flag("--json", json, "Print one JSON document");

  const auto* tell = app.add_subcommand("tell", "What no job has told yet")->group("");

  auto* doctor = app.add_subcommand("doctor", "Look at everything that must be right");
  backupd::DoctorCommand doctor_command;
  doctor->add_flag("--all", doctor_command.all, "Log in to every account, not to a few");
  doctor->add_flag("--send-test-mail", doctor_command.send_test_mail,
                   "Send a message to those who get reports");
  doctor
      ->add_option("--probe", doctor_command.probe,
                   "Restore a message of this account too, and sweep it away again")
      ->option_text("NAME");
  doctor
      ->add_option("--resolver", doctor_command.resolver,
                   "Ask this name server, ADDRESS[:PORT], instead of the system's")
      ->option_text("SERVER");
  doctor
      ->add_option("--outgoing-address", doctor_command.outgoing_address,
                   "Where our mail comes from, as the world sees it, behind a gateway")
      ->option_text("ADDRESS");
  doctor->add_flag("--json", json, "Print one JSON document");

  if (const auto ended = base::parse_command_line(app, {argv + 1, argv + argc})) {
    return static_cast<int>(*ended);
  }
  if (verbose) base::set_log_level(base::LogLevel::kDebug);
  if (quiet) base::set_log_level(base::LogLevel::kError);

  const auto is_audited = [&] {
    return *forget || *prune || *acknowledge || *reindex || *key_add || *key_remove ||
           *key_export || (*check && check_command.repair);
  };

  return static_cast<int>(base::run_guarded("mailstow-backupd", [&] {
    const auto format = json ? base::OutputFormat::kJson : base::OutputFormat::kText;
    if (*doctor) return backupd::doctor(config_path, format, doctor_command);
    base::FileSystem& files = base::real_file_system();
    const base::Environment environment{
        base::with_found_accounts(base::load_config(files, config_path), files), format, files,
        base::system_clock(), config_path};
    const base::Invoker invoker = base::invoker();
    base::become_owner_of(environment.config.store.path);
    if (is_audited()) {
      const CLI::App* command = app.get_subcommands().front();
      const bool is_key = command == key;
      base::AuditLog(environment.config.store, invoker, environment.clock)
          .append({.program = "mailstow-backupd",
                   .command = is_key ? "key " + key->get_subcommands().front()->get_name()
                                     : command->get_name(),
                   .account = *acknowledge ? acknowledge_command.account : forget_command.account,
                   .arguments = {argv + 1, argv + argc}});
    }
    if (*init) return backupd::init(environment);
    if (*once) return backupd::once(environment, once_options);
    if (*check) return backupd::check(environment, check_command);
    if (*reindex) return backupd::reindex(environment);
    if (*key_add) return backupd::key_add(environment, key_options);
    if (*key_remove) return backupd::key_remove(environment, key_id);
    if (*key_list) return backupd::key_list(environment);
    if (*key_export) return backupd::key_export(environment, export_file);
    if (*prune) return backupd::prune(environment, prune_command);
    if (*acknowledge) return backupd::acknowledge(environment, acknowledge_command);
    if (*forget) return backupd::forget(environment, forget_command);
    if (*metrics) return backupd::metrics(environment, metrics_command);
    if (*tell) return backupd::tell(environment);
    if (*drill) return backupd::drill(environment, drill_command);
    if (*run) {
      run_command.config_path = config_path;
      return backupd::run(environment, run_command);
    }
    return backupd::status(environment);
  }));
}
