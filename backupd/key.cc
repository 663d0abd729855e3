#include <memory>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "backupd/daemon/store_loan.h"
#include "backupd/passphrase.h"
#include "base/atomic_file.h"
#include "base/config/store_privacy.h"
#include "base/error.h"
#include "base/finally.h"
#include "base/json_text.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/keys/key_ring.h"

namespace backupd {

namespace {

using base::ErrorCode;
using base::fail;
using nlohmann::ordered_json;

constexpr std::uint64_t kMaxExport = 65'536;

const char* word(store::KeyKind kind) {
  return kind == store::KeyKind::kKeyFile ? "key file" : "passphrase";
}

void print_id(const base::Environment& environment, const std::string& id,
              const std::string& text) {
  base::print_report(environment.format, base::json_text({{"id", id}}), text);
}

}  // namespace

base::ExitStatus key_list(const base::Environment& environment) {
  const auto keys =
      store::list_keys(store::location_of(environment.config.store), environment.files);
  ordered_json list = ordered_json::array();
  std::vector<std::vector<std::string>> rows;
  for (const store::KeyInfo& key : keys) {
    const std::string created = base::format_rfc3339(key.created);
    list.push_back({{"id", key.id}, {"kind", word(key.kind)}, {"created", created}});
    rows.push_back({key.id, word(key.kind), base::shown_time(key.created)});
  }
  base::print_result(environment.format, base::json_text({{"keys", list}}),
                     rows.empty()
                         ? "The store has no keys.\n"
                         : base::format_table({{"ID"}, {"OPENS WITH"}, {"CREATED"}}, rows));
  return base::ExitStatus::kDone;
}

base::ExitStatus key_add(const base::Environment& environment, const KeyAddOptions& options) {
  const store::Location location = store::location_of(environment.config.store);
  base::FileSystem& files = environment.files;
  const base::Clock& clock = environment.clock;
  const int wanted =
      static_cast<int>(options.passphrase) + static_cast<int>(options.from_passphrase) +
      static_cast<int>(!options.key_file.empty()) + static_cast<int>(!options.from_export.empty());
  if (wanted != 1) {
    fail(ErrorCode::kUsage,
         "add a key: give one of --key-file, --passphrase, --from-passphrase, --from-export");
  }
  const auto lent = [&] { return StoreLoan(environment, "key add"); };
  if (!options.key_file.empty()) {
    base::refuse_in_store_or_copy(environment.config.store, environment.config.copies,
                                  options.key_file, "add a key");
    const StoreLoan loan = lent();
    const std::string id = store::add_key_file(location, files, clock, options.key_file);
    print_id(environment, id,
             fmt::format("Key {}: {} opens the store too.\n", id,
                         base::escape_for_terminal(options.key_file)));
  } else if (options.passphrase) {
    const base::Secret passphrase = read_passphrase(PassphraseUse::kNew);
    const StoreLoan loan = lent();
    const std::string id = store::add_passphrase(location, files, clock, passphrase);
    print_id(environment, id,
             fmt::format("Key {}: the passphrase opens the store if the key file is lost: "
                         "mailstow-backupd key add --from-passphrase\n",
                         id));
  } else {
    std::string id;
    if (options.from_passphrase) {
      const base::Secret passphrase = read_passphrase(PassphraseUse::kOpen);
      const StoreLoan loan = lent();
      id = store::replace_key_file(location, files, clock, passphrase);
    } else {
      auto exported = base::read_file(files, options.from_export, kMaxExport, base::Links::kFollow);
      const base::Finally wiped([&] {
        if (exported) base::wipe(*exported);
      });
      if (!exported) fail(ErrorCode::kUsage, "read {}: there is no such file", options.from_export);
      const StoreLoan loan = lent();
      id = store::replace_key_file_from_export(location, files, clock, *exported);
    }
    print_id(environment, id,
             fmt::format("Key {}: {} opens the store again. Copy that file to another place.\n", id,
                         location.key_file.string()));
  }
  return base::ExitStatus::kDone;
}

base::ExitStatus key_remove(const base::Environment& environment, const std::string& id) {
  const StoreLoan loan(environment, "key remove");
  store::remove_key(store::location_of(environment.config.store), environment.files, id);
  print_id(environment, id,
           fmt::format(
               "Key {} revoked. Anything its holder already read remains readable to them.\n", id));
  return base::ExitStatus::kDone;
}

base::ExitStatus key_export(const base::Environment& environment, const std::string& file) {
  if (!file.empty()) {
    base::refuse_in_store_or_copy(environment.config.store, environment.config.copies, file,
                                  "export the key");
  }
  const base::Secret text =
      store::export_key(store::location_of(environment.config.store), environment.files);
  if (file.empty()) {
    base::print_result(text.reveal());
    return base::ExitStatus::kDone;
  }
  const base::Path path = std::filesystem::absolute(file);
  if (!base::write_file(environment.files, path, base::as_bytes(text.reveal()),
                        base::OnExisting::kFail)) {
    fail(ErrorCode::kUsage, "export the key: {}: already exists: choose another name",
         path.string());
  }
  base::print_report(
      fmt::format("The master key is in {}: print it, keep the paper in another "
                  "place, and remove the file.\n",
                  base::escape_for_terminal(path.string())));
  return base::ExitStatus::kDone;
}

base::ExitStatus key_verify(const base::Environment& environment, const std::string& file) {
  const store::VerifiedKey key =
      store::verify_key(store::location_of(environment.config.store), environment.files, file);
  const bool is_export = key.id.empty();
  base::print_result(
      environment.format,
      base::json_text({{"file", file},
                       {"opens", true},
                       {"kind", is_export ? "exported key" : word(store::KeyKind::kKeyFile)},
                       {"id", is_export ? ordered_json() : ordered_json(key.id)}}),
      is_export ? fmt::format("{} is the store's exported key: `key add --from-export` opens the "
                              "store with it.\n",
                              base::escape_for_terminal(file))
                : fmt::format("{} opens the store: it is key {}.\n",
                              base::escape_for_terminal(file), key.id));
  return base::ExitStatus::kDone;
}

base::Command key_add_command() {
  const auto options = std::make_shared<KeyAddOptions>();
  return {
      .name = "key add",
      .help = "Add a key that opens the store",
      .declare =
          [options](base::Options& declared) {
            declared.value("--key-file", options->key_file, "FILE",
                           "A key file; created if it is absent");
            declared.flag("--passphrase", options->passphrase,
                          "A passphrase: typed, or the first line of stdin");
            declared.flag("--from-passphrase", options->from_passphrase,
                          "Recreate a lost key file from a passphrase");
            declared.value("--from-export", options->from_export, "FILE",
                           "Recreate a lost key file from the output of `key export`");
          },
      .is_audited = base::always,
      .function = [options](const auto& environment) { return key_add(environment, *options); }};
}

base::Command key_remove_command() {
  const auto id = std::make_shared<std::string>();
  return {.name = "key remove",
          .help = "Revoke a key",
          .declare =
              [id](base::Options& declared) {
                declared.argument("ID", *id, "The key, as `key list` prints it").required();
              },
          .is_audited = base::always,
          .function = [id](const auto& environment) { return key_remove(environment, *id); }};
}

base::Command key_list_command() {
  return {.name = "key list", .help = "List the keys", .function = key_list};
}

base::Command key_verify_command() {
  const auto file = std::make_shared<std::string>();
  return {.name = "key verify",
          .help = "Test whether a copied key opens the store",
          .declare =
              [file](base::Options& declared) {
                declared.argument("FILE", *file, "A copy of a key file, or of an exported key")
                    .required();
              },
          .function = [file](const auto& environment) { return key_verify(environment, *file); }};
}

base::Command key_export_command() {
  const auto file = std::make_shared<std::string>();
  return {.name = "key export",
          .help = "Export the master key, to print and keep elsewhere",
          .declare =
              [file](base::Options& declared) {
                declared.argument("FILE", *file, "A file that must not exist (default: stdout)");
              },
          .has_document = false,
          .is_audited = base::always,
          .function = [file](const auto& environment) { return key_export(environment, *file); }};
}

}  // namespace backupd
