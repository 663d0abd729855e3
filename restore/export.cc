#include <algorithm>
#include <memory>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/config/store_privacy.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "base/utf8.h"
#include "restore/commands.h"
#include "restore/export_path.h"
#include "restore/fresh_pass.h"
#include "restore/output.h"
#include "restore/progress_events.h"
#include "restore/selection_arguments.h"
#include "restore/selection_audit.h"
#include "store/format/crypto.h"
#include "store/format/location.h"

namespace restore {

namespace {

constexpr std::uint64_t kMaxInMemory = 32U << 20U;  // bytes of messages waiting to be written
constexpr std::size_t kMaxWaiting = 10'000;         // such messages
constexpr const char* kIncompleteManifest = "manifest-incomplete.jsonl";

struct ExportedFolder {
  std::string name;
  base::Path path;
  std::uint64_t messages = 0;
  std::uint64_t exported = 0;
  std::vector<std::pair<base::Uid, std::string>> skipped;
  bool has_damage = false;  // the store could not read a message
  std::string error = {};   // why the folder's export ended early
};

// Where the export goes. Fails with kUsage if that is in the store, or not empty.
base::Path free_directory(const base::Environment& environment, const base::Path& to) {
  base::Path directory = std::filesystem::absolute(to);
  base::refuse_in_store_or_copy(environment.config.store, environment.config.copies, directory,
                                "export");
  if (!environment.files.list(directory).empty()) {
    base::fail(base::ErrorCode::kUsage, "export to {}: the directory is not empty: name a new one",
               base::escape_for_terminal(directory.string()));
  }
  return directory;
}

// One export: its directory, the files in it, and a line in the manifest for each message.
class Export {
 public:
  Export(const base::Environment& environment, const ExportOptions& options)
      : environment_(environment),
        options_(options),
        progress_(environment.clock, options.progress_fd),
        root_(free_directory(environment, options.to)),
        reader_(
            store::Reader::open(store::location_of(environment.config.store), environment.files)),
        selection_(
            select(environment, reader_, options.account,
                   with_fresh_pass(environment, reader_, options.account, requested(options)))) {}

  base::ExitStatus carry_out() {
    base::FileSystem& files = environment_.files;
    make_directories(files, root_);
    manifest_ = files.create(root_ / kIncompleteManifest);
    ProgressEvents::Total total;
    for (const SelectedFolder& folder : selection_.folders) {
      if (folder.folder.info.completeness == store::FolderCompleteness::kContainer) continue;
      ++total.folders;
      total.messages += folder.messages.size();
      for (const store::MessageEntry& entry : folder.messages) total.bytes += entry.size;
    }
    progress_.plan(std::move(total));
    for (const SelectedFolder& folder : selection_.folders) {
      if (folder.folder.info.completeness == store::FolderCompleteness::kContainer) continue;
      export_folder(folder);
    }
    finish_manifest();
    print_report(environment_.format, to_document(), to_text());
    progress_.finish(static_cast<int>(exit_status()));
    return exit_status();
  }

 private:
  static SelectionOptions requested(const ExportOptions& options) {
    SelectionOptions selection = options.selection;
    selection.without_trees = true;
    return selection;
  }

  // The manifest gets its name once all is durable, so an export that ended early has no such file,
  // and one that failed to write some folder neither.
  void finish_manifest() {
    manifest_->sync();
    const bool is_whole = std::ranges::all_of(
        folders_, [](const ExportedFolder& folder) { return folder.error.empty(); });
    if (is_whole) {
      environment_.files.rename(root_ / kIncompleteManifest, root_ / "manifest.jsonl",
                                base::OnExisting::kReplace);
    }
    environment_.files.sync_directory(root_);
  }

  void export_folder(const SelectedFolder& folder) {
    ExportedFolder exported{
        folder.name, paths_.path_of(folder.name), folder.messages.size(), 0, {}};
    try {
      write_folder(folder, exported);
    } catch (const base::Error& error) {
      // A name that the file system refuses does not stop the export of the other folders.
      if (error.code() != base::ErrorCode::kIo) throw;
      base::log_error("{}: {}", base::escape_for_terminal(folder.name), error.what());
      exported.error = error.what();
    }
    progress_.finish_folder(folder.name);
    folders_.push_back(std::move(exported));
  }

  void write_folder(const SelectedFolder& folder, ExportedFolder& exported) {
    const auto out = make_mail_files(options_.format, environment_.files, root_, exported.path,
                                     environment_.clock.now_seconds());
    // In the order of their UIDs, at most kMaxInMemory bytes and kMaxWaiting at a time.
    for (std::size_t begin = 0; begin < folder.messages.size();) {
      std::size_t end = begin;
      for (std::uint64_t bytes = 0; end < folder.messages.size(); ++end) {
        bytes += folder.messages[end].size;
        if (end > begin && (bytes > kMaxInMemory || end - begin == kMaxWaiting)) break;
      }
      export_messages({folder.messages.data() + begin, end - begin}, *out, exported);
      std::uint64_t bytes = 0;
      for (std::size_t at = begin; at < end; ++at) bytes += folder.messages[at].size;
      progress_.advance(folder.name, end - begin, bytes);
      begin = end;
    }
    out->finish();
  }

  void export_messages(std::span<const store::MessageEntry> entries, MailFiles& out,
                       ExportedFolder& exported) {
    std::vector<store::MessageId> ids;
    ids.reserve(entries.size());
    for (const store::MessageEntry& entry : entries) ids.push_back(entry.message);
    std::vector<std::optional<store::MessageBytes>> messages(entries.size());
    reader_.read_messages(
        ids,
        [&](std::size_t position, const store::MessageBytes& bytes) { messages[position] = bytes; },
        [&](std::size_t position, const base::Error& why) {
          exported.skipped.emplace_back(entries[position].uid, why.what());
          exported.has_damage = exported.has_damage || why.code() != base::ErrorCode::kNoSpace;
        });
    std::string lines;
    std::uint64_t written = 0;
    for (std::size_t at = 0; at < entries.size(); ++at) {
      if (!messages[at]) continue;
      const base::Path file = out.add(entries[at], *messages[at]);
      lines += manifest_line(exported.name, file, entries[at], *messages[at]);
      ++written;
      messages[at].reset();
    }
    // The manifest and the report have only messages that are whole on the disk.
    out.sync();
    manifest_->write(base::as_bytes(lines));
    exported.exported += written;
  }

  static std::string manifest_line(const std::string& folder, const base::Path& file,
                                   const store::MessageEntry& entry,
                                   const store::MessageBytes& bytes) {
    const nlohmann::ordered_json line = {{"file", file.string()},
                                         {"folder", folder},
                                         {"uid", entry.uid.value},
                                         {"message", entry.message.object.hex()},
                                         {"sha256", store::sha256(bytes).hex()},
                                         {"internal_date", date_json(entry.internal_date)},
                                         {"size", bytes.size()},
                                         {"flags", entry.flags}};
    return base::json_line(line) + "\n";
  }

  std::uint64_t exported() const {
    std::uint64_t messages = 0;
    for (const ExportedFolder& folder : folders_) messages += folder.exported;
    return messages;
  }

  base::ExitStatus exit_status() const {
    base::ExitStatus status = base::ExitStatus::kDone;
    for (const ExportedFolder& folder : folders_) {
      if (folder.has_damage) return base::ExitStatus::kDamaged;
      if (folder.error.empty() && folder.skipped.empty()) continue;
      status = exported() == 0 ? base::ExitStatus::kNothingDone : base::ExitStatus::kPartial;
    }
    return status;
  }

  nlohmann::ordered_json to_document() const {
    auto folders = nlohmann::ordered_json::array();
    for (const ExportedFolder& folder : folders_) {
      auto skipped = nlohmann::ordered_json::array();
      for (const auto& [uid, reason] : folder.skipped) {
        skipped.push_back({{"uid", uid.value}, {"reason", reason}});
      }
      folders.push_back({{"folder", folder.name},
                         {"path", folder.path.string()},
                         {"messages", folder.messages},
                         {"exported", folder.exported},
                         {"skipped", std::move(skipped)}});
      if (!folder.error.empty()) folders.back()["error"] = folder.error;
    }
    nlohmann::ordered_json document = {{"account", options_.account}};
    add_origin(document, {selection_.snapshot, selection_.passed_over});
    document["to"] = root_.string();
    // Bytes that are not UTF-8 are lost in JSON text.
    if (!base::is_utf8(root_.string())) {
      document["to_hex"] = base::to_hex(base::as_bytes(root_.string()));
    }
    document["undated"] = selection_.undated;
    document["notes"] = left_out_notes(selection_, "exported");
    document["folders"] = std::move(folders);
    return document;
  }

  std::string to_text() const {
    std::string text;
    for (const ExportedFolder& folder : folders_) {
      for (const auto& [uid, reason] : folder.skipped) {
        text +=
            fmt::format("not exported: {}, UID {}: {}\n", base::escape_for_terminal(folder.name),
                        uid.value, base::escape_for_terminal(reason));
      }
      if (folder.error.empty()) continue;
      text += fmt::format("incomplete: {}: {}\n", base::escape_for_terminal(folder.name),
                          base::escape_for_terminal(folder.error));
    }
    text += undated_text(selection_.undated);
    for (const std::string& note : left_out_notes(selection_, "exported")) {
      text += base::escape_for_terminal(note) + "\n";
    }
    return text +
           fmt::format("{}: {} of {} {} in {}\n", base::escape_for_terminal(options_.account),
                       base::format_count(exported(), "message"),
                       base::format_count(folders_.size(), "folder"),
                       exported() == 1 ? "is" : "are", base::escape_for_terminal(root_.string())) +
           origin_text(selection_.snapshot, environment_.config.restore.time_zone);
  }

  const base::Environment& environment_;
  const ExportOptions& options_;
  ProgressEvents progress_;
  base::Path root_;
  store::Reader reader_;
  Selection selection_;
  ExportPaths paths_;
  std::unique_ptr<base::File> manifest_;
  std::vector<ExportedFolder> folders_;
};

}  // namespace

base::ExitStatus export_mail(const base::Environment& environment, const ExportOptions& options) {
  return Export(environment, options).carry_out();
}

base::Command export_command() {
  const auto options = std::make_shared<ExportOptions>();
  const auto format = std::make_shared<std::string>();
  return {.name = "export",
          .help = "Write a selection to files",
          .declare =
              [options, format](base::Options& declared) {
                declared.argument("NAME", options->account, "The account").required();
                declare_selection(declared, options->selection);
                declared
                    .choice("--format", *format, {"mbox", "maildir", "eml"}, "FORMAT",
                            "mbox, maildir or eml")
                    .required();
                declared.value("--to", options->to, "DIRECTORY", "A directory that is new or empty")
                    .required();
                declare_progress(declared, options->progress_fd);
              },
          .is_audited = base::always,
          .account = [options] { return options->account; },
          .read_input = [options] { options->selection = given_selection(options->selection); },
          .audit_details = [options] { return audit_details(options->selection); },
          .function =
              [options, format](const auto& environment) {
                options->format = *format == "mbox"      ? MailFormat::kMbox
                                  : *format == "maildir" ? MailFormat::kMaildir
                                                         : MailFormat::kEml;
                return export_mail(environment, *options);
              }};
}

}  // namespace restore
