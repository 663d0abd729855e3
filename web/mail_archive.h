// Mail as a zip file, made piece by piece: a file for each message or folder, and manifest.jsonl.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "web/frames.h"

namespace web {

enum class ArchiveFormat {
  kEml,   // each message is FOLDER/UID-ID.eml, not compressed
  kMbox,  // each folder is FOLDER.mbox (base/mail/mbox.h), compressed
};

// Reads the frames of an export, in which the messages of a folder follow one another. The names of
// folders are cleaned as file names are; manifest.jsonl has a line for each message, with the
// folder's true name, the flags and the date, also for messages that can't be read. Of a long
// export, the manifest's beginning is in manifest-1.jsonl, manifest-2.jsonl and so on, and a folder
// that such a part interrupts continues in another mbox file.
class MailArchive {
 public:
  static constexpr std::size_t kMaxManifest = std::size_t{8} << 20U;  // bytes, 25,000 messages

  explicit MailArchive(FrameReader::Source source, ArchiveFormat format = ArchiveFormat::kEml,
                       std::size_t max_manifest = kMaxManifest);
  MailArchive(const MailArchive&) = delete;
  MailArchive& operator=(const MailArchive&) = delete;
  ~MailArchive();

  // The next bytes of the file; empty at its end. Fails with a Problem if the frames break off or
  // have no end: then the file has no end, too, and no program takes it for a complete one.
  std::string next();

  std::uint64_t messages() const { return messages_; }  // so far, the present one included
  std::uint64_t damaged() const { return damaged_; }    // that can't be read, besides these
  std::uint64_t bytes() const { return bytes_; }        // of mail, as far as it was read

 private:
  struct Writer;

  std::optional<nlohmann::ordered_json> next_head();
  void take_frame();
  void begin_message(const nlohmann::ordered_json& head, nlohmann::ordered_json& line);

  FrameReader frames_;
  ArchiveFormat format_;
  std::uint64_t messages_ = 0;
  std::uint64_t damaged_ = 0;
  std::uint64_t bytes_ = 0;
  std::unique_ptr<Writer> writer_;
};

}  // namespace web
