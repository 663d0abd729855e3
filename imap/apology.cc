#include "imap/apology.h"

#include <algorithm>

namespace imap {

bool is_apology(std::string_view message) {
  constexpr std::string_view kSubject = "Subject: Retrieval using the ";
  constexpr std::string_view kRest = " protocol failed for the following message";
  bool has_subject = false;
  while (!message.empty()) {
    const std::size_t end = std::min(message.find('\n'), message.size() - 1) + 1;
    const std::string_view line = message.substr(0, end);
    message.remove_prefix(end);
    if (line == "\r\n" || line == "\n") break;
    if (line.starts_with("Received:")) return false;
    has_subject |= line.starts_with(kSubject) && line.find(kRest) != std::string_view::npos;
  }
  return has_subject;
}

}  // namespace imap
