// Mail as a zip file, made piece by piece: a file for each message, and manifest.jsonl.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "web/frames.h"

namespace web {

// Reads the frames of an export. Each message is FOLDER/UID-ID.eml, in folders whose names are
// cleaned as file names are; manifest.jsonl has a line for each, with the folder's true name, the
// flags and the date, also for messages that can't be read.
class MailArchive {
 public:
  explicit MailArchive(FrameReader::Source source);
  MailArchive(const MailArchive&) = delete;
  MailArchive& operator=(const MailArchive&) = delete;
  ~MailArchive();

  // The next bytes of the file; empty at its end. Fails with a Problem if the frames break off or
  // have no end: then the file has no end, too, and no program takes it for a complete one.
  std::string next();

 private:
  struct Writer;

  std::optional<nlohmann::ordered_json> next_head();
  void take_frame();

  FrameReader frames_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace web
