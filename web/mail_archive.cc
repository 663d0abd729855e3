#include "web/mail_archive.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/handle.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/mail/mbox.h"
#include "base/time_text.h"
#include "base/utf8.h"
#include "web/file_name.h"
#include "web/problem.h"

namespace web {

namespace {

using nlohmann::ordered_json;

ssize_t append_output(struct archive* /*archive*/, void* output, const void* bytes,
                      std::size_t size) {
  static_cast<std::string*>(output)->append(static_cast<const char*>(bytes), size);
  return static_cast<ssize_t>(size);
}

std::string text_of_frame(const ordered_json& head, const char* member) {
  const auto found = head.find(member);
  return found != head.end() && found->is_string() ? found->get<std::string>() : "";
}

std::vector<std::string> flags_of(const ordered_json& head) {
  std::vector<std::string> flags;
  const auto found = head.find("flags");
  if (found == head.end() || !found->is_array()) return flags;
  for (const ordered_json& flag : *found) {
    if (flag.is_string()) flags.push_back(flag.get<std::string>());
  }
  return flags;
}

std::time_t date_of(const ordered_json& head) {
  try {
    return std::chrono::system_clock::to_time_t(
        base::parse_time(text_of_frame(head, "internal_date"), "UTC"));
  } catch (const std::exception&) {
    return 0;
  }
}

}  // namespace

struct MailArchive::Writer {
  explicit Writer(std::size_t most) : max_manifest(most) {}

  base::Handle<struct archive, archive_write_free> archive{archive_write_new()};
  std::string output;
  std::string manifest;  // its end, which is not yet in the archive
  std::size_t max_manifest;
  unsigned manifests = 0;                                       // that are in the archive
  std::map<std::string, std::string, std::less<>> directories;  // by the folder's true name
  std::map<std::string, std::string, std::less<>> taken;        // folded names of directories
  std::optional<std::string> mbox_folder;                       // whose file is being written
  std::string mbox_file;                                        // its name
  std::optional<base::MboxMessage> mbox_message;                // the same
  bool has_end = false;                                         // the frame with "end" was there
  bool has_damage = false;
  bool is_closed = false;

  void check(int result) const {
    if (result == ARCHIVE_OK || result == ARCHIVE_WARN) return;
    const char* const why = archive_error_string(archive.get());
    base::log_error("a zip file: {}", why == nullptr ? "it can't be written" : why);
    throw Problem(ProblemKind::kInternal);
  }

  void begin_file(const std::string& name, std::optional<std::uint64_t> size,
                  std::time_t date) const {
    const base::Handle<archive_entry, archive_entry_free> entry(archive_entry_new());
    archive_entry_set_pathname_utf8(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0600);
    if (size) archive_entry_set_size(entry.get(), static_cast<std::int64_t>(*size));
    archive_entry_set_mtime(entry.get(), date, 0);
    check(archive_write_header(archive.get(), entry.get()));
  }

  void write(std::string_view bytes) const {
    if (bytes.empty()) return;
    if (archive_write_data(archive.get(), bytes.data(), bytes.size()) < 0) check(ARCHIVE_FATAL);
  }

  void finish_message() {
    if (!mbox_message) return;
    write(mbox_message->finish());
    mbox_message.reset();
  }

  void write_manifest(const std::string& name) {
    begin_file(name, manifest.size(), 0);
    write(manifest);
    manifest.clear();
    mbox_folder.reset();
  }

  bool is_taken(const std::string& name) const {
    return taken.contains(name) || (name.starts_with("manifest") && name.ends_with(".jsonl"));
  }

  // Neither a manifest nor another folder has the name, whether a system ignores case and Unicode's
  // forms or not.
  std::string free_name(const std::string& folder) {
    const std::string clean = clean_file_name(folder);
    std::string name = clean;
    for (unsigned number = 2; is_taken(base::fold_case(name)); ++number) {
      name = fmt::format("{} ({})", clean, number);
    }
    taken.emplace(base::fold_case(name), folder);
    return name;
  }

  const std::string& directory_of(const std::string& folder) {
    const auto known = directories.find(folder);
    if (known != directories.end()) return known->second;
    return directories.emplace(folder, free_name(folder)).first->second;
  }
};

MailArchive::MailArchive(FrameReader::Source source, ArchiveFormat format, std::size_t max_manifest)
    : frames_(std::move(source)), format_(format), writer_(std::make_unique<Writer>(max_manifest)) {
  struct archive* const archive = writer_->archive.get();
  writer_->check(archive_write_set_format_zip(archive));
  if (format == ArchiveFormat::kEml) {
    // Without compression: quick, and a damaged file loses only what is damaged.
    writer_->check(archive_write_zip_set_compression_store(archive));
  } else {
    // The size of a file is not known when it begins: compressed data show their end themselves.
    writer_->check(archive_write_zip_set_compression_deflate(archive));
  }
  writer_->check(archive_write_set_bytes_per_block(archive, 0));
  writer_->check(archive_write_set_options(archive, "zip:hdrcharset=UTF-8"));
  writer_->check(archive_write_open(archive, &writer_->output, nullptr, append_output, nullptr));
}

MailArchive::~MailArchive() {
  // The end of the file goes nowhere. Without closing it, libarchive would lose its buffer.
  if (!writer_->is_closed) archive_write_close(writer_->archive.get());
}

std::optional<ordered_json> MailArchive::next_head() {
  try {
    return frames_.next();
  } catch (const Problem&) {
    // All messages are here but those that can't be read, and the manifest names these.
    if (writer_->has_end && writer_->has_damage) return std::nullopt;
    throw;
  }
}

void MailArchive::begin_message(const ordered_json& head, ordered_json& line) {
  const std::string folder = text_of_frame(head, "folder");
  ++messages_;
  if (format_ == ArchiveFormat::kMbox) {
    if (writer_->mbox_folder != folder) {
      writer_->mbox_folder = folder;
      const bool continues = writer_->directories.contains(folder);
      writer_->mbox_file =
          (continues ? writer_->free_name(folder) : writer_->directory_of(folder)) + ".mbox";
      writer_->begin_file(writer_->mbox_file, std::nullopt, date_of(head));
    }
    line["file"] = writer_->mbox_file;
    writer_->mbox_message.emplace(std::chrono::floor<std::chrono::seconds>(
                                      std::chrono::system_clock::from_time_t(date_of(head))),
                                  flags_of(head));
    return;
  }
  const auto uid = head.find("uid");
  const std::string name =
      fmt::format("{}/{}-{}.eml", writer_->directory_of(folder),
                  uid != head.end() && uid->is_number_unsigned() ? uid->get<std::uint64_t>() : 0,
                  clean_file_name(text_of_frame(head, "message").substr(0, 12)));
  line["file"] = name;
  writer_->begin_file(name, frames_.left(), date_of(head));
}

void MailArchive::take_frame() {
  writer_->finish_message();
  const auto head = next_head();
  if (!head) {
    if (!writer_->has_end) throw Problem(ProblemKind::kInternal);
    writer_->write_manifest("manifest.jsonl");
    writer_->check(archive_write_close(writer_->archive.get()));
    writer_->is_closed = true;
    return;
  }
  if (head->contains("end")) {
    writer_->has_end = true;
    writer_->has_damage = head->value("damaged", 0U) > 0;
    return;
  }
  if (writer_->manifest.size() > writer_->max_manifest) {
    writer_->write_manifest(fmt::format("manifest-{}.jsonl", ++writer_->manifests));
  }
  ordered_json line = *head;
  if (head->contains("size")) {
    begin_message(*head, line);
  } else {
    ++damaged_;
  }
  writer_->manifest += base::json_line(line) + "\n";
}

std::string MailArchive::next() {
  while (writer_->output.empty() && !writer_->is_closed) {
    if (frames_.left() > 0) {
      const std::string piece = frames_.read();
      bytes_ += piece.size();
      writer_->write(writer_->mbox_message ? writer_->mbox_message->add(piece) : piece);
    } else {
      take_frame();
    }
  }
  return std::exchange(writer_->output, {});
}

}  // namespace web
