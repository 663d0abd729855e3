#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "backupd/daemon/store_loan.h"
#include "backupd/passphrase.h"
#include "base/atomic_file.h"
#include "base/error.h"
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
  if (environment.format == base::OutputFormat::kJson) {
    base::print_result(ordered_json{{"id", id}}.dump(2) + "\n");
  } else {
    base::print_result(text);
  }
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
    rows.push_back({key.id, word(key.kind), created});
  }
  base::print_result(environment.format == base::OutputFormat::kJson
                         ? ordered_json{{"keys", list}}.dump(2) + "\n"
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
      const auto exported = base::read_file(files, options.from_export, kMaxExport);
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
  base::print_result(
      fmt::format("The master key is in {}: print it, keep the paper in another "
                  "place, and remove the file.\n",
                  base::escape_for_terminal(path.string())));
  return base::ExitStatus::kDone;
}

}  // namespace backupd
