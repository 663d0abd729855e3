// Messages in an mbox file: RFC 4155, with "From " quoted as in mboxrd. Line ends become LF; the
// date is in the From_ line; flags are Status, X-Status and X-Keywords before the header. Fields of
// these names that a message has itself are called X-Original-Status and so on, and a "From " line
// before its header becomes X-From-Line.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace base {

// One message, which may come in pieces: no more than the beginning of a line is kept of it.
class MboxMessage {
 public:
  // `flags`: as IMAP has them.
  MboxMessage(std::chrono::sys_seconds date, const std::vector<std::string>& flags);

  // The text for the message's next bytes.
  std::string add(std::string_view bytes);

  // The text after the last bytes. Call it once.
  std::string finish();

 private:
  enum class Part { kStart, kHeader, kBody };

  void take(std::string& text, std::string_view piece);  // of one line, without its end
  void begin_line(std::string& text);                    // with what is held of it
  void end_line(std::string& text);
  void write(std::string& text, std::string_view piece);

  std::string before_;         // the From_ line, until it is written
  std::string status_fields_;  // until they are written
  Part part_ = Part::kStart;
  std::string held_;  // of a line whose kind is not known yet
  bool is_inside_line_ = false;
  bool is_empty_line_ = true;
  bool holds_return_ = false;  // CR, which may be a part of the line end
};

// The flags that are keywords, and that fit into a header line or a line of a file: a line end in
// any other would start a new line.
std::vector<std::string> writable_keywords(const std::vector<std::string>& flags);

}  // namespace base
