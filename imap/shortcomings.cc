#include "imap/shortcomings.h"

#include <fmt/core.h>

#include "imap/connection_lost.h"

namespace imap {

std::string Shortcomings::Shortcoming::text() const {
  return command.empty() ? "the server does not carry out several commands at a time"
                         : fmt::format("the server does not carry out {}", command);
}

std::optional<Shortcomings::Shortcoming> Shortcomings::note(const base::Error& error) {
  using Cause = ConnectionLost::Cause;
  const auto* const lost = dynamic_cast<const ConnectionLost*>(&error);
  if (lost == nullptr) return std::nullopt;
  if (lost->cause() == Cause::kPipelinedSilence || lost->cause() == Cause::kOutOfOrder) {
    // The server may have dropped the commands that it received before it had answered an earlier
    // one, or carried them out at the same time.
    if (!pipelines_) return std::nullopt;
    pipelines_ = false;
    return Shortcoming{};
  }
  const std::string& command = lost->command();
  if (lost->pause() || !is_optional(command) || without_.contains(command)) return std::nullopt;
  const bool is_certain = lost->cause() == Cause::kSilence || command == "COMPRESS";
  if (!is_certain && ++breaks_[command] < kMaxBreaks) return std::nullopt;
  without_.insert(command);
  return Shortcoming{command};
}

}  // namespace imap
