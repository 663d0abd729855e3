#include "imap/session_impl.h"

#include <algorithm>

#include "base/log.h"
#include "base/terminal.h"
#include "base/transfer_error.h"
#include "imap/modified_utf7.h"

namespace imap {

namespace {

// Keeps the line, with the verb and the other arguments, below the 8192 bytes that every server
// accepts (RFC 7162, section 4).
constexpr std::size_t kMaxSet = 7000;

}  // namespace

std::string refusal_of(const StatusResponse& answer) {
  const std::string words = base::escape_for_terminal(base::without_measurements(answer.text));
  return answer.command + ": " + (words.empty() ? "without a reason" : words);
}

std::string name_in_error(std::string_view raw_name) {
  return base::escape_for_terminal(decode_modified_utf7(raw_name).value_or(std::string(raw_name)));
}

void Session::Impl::compress() {
  if (!capabilities_.has("COMPRESS=DEFLATE")) return;
  const StatusResponse answer = run(command("COMPRESS").text("DEFLATE"));
  if (answer.condition == Condition::kOk) {
    connection_.compress();
  } else {
    base::log_warning("the server does not compress: {}", refusal_of(answer));
  }
}

// Updates the state of the session and of the open folder from a response, solicited or not.
void Session::Impl::observe(const Response& response) {
  if (const auto* const exists = std::get_if<ExistsResponse>(&response)) {
    // Only EXPUNGE and VANISHED take messages away.
    exists_ = std::max<std::uint64_t>(exists_, exists->count);
  } else if (std::holds_alternative<ExpungeResponse>(response)) {
    if (exists_ > 0) --exists_;
    ++expunged_;
  } else if (const auto* const vanished = std::get_if<VanishedResponse>(&response)) {
    const std::uint64_t count = vanished->uids.count();
    if (!vanished->is_earlier) {
      exists_ -= std::min(exists_, count);
      expunged_ += count;
    }
  } else if (const auto* const enabled = std::get_if<EnabledResponse>(&response)) {
    has_enabled_qresync_ |= Capabilities(enabled->names).has("QRESYNC");
  } else if (const auto* const odd = std::get_if<OddResponse>(&response)) {
    base::log_debug("not understood: {}", base::escape_for_terminal(odd->line));
    odd_lines_.add(odd->line);
  }
}

void Session::Impl::require_all_understood(std::uint64_t before, std::string_view what,
                                           base::ErrorCode code) const {
  if (odd_lines_.count == before) return;
  base::fail(code, "the server's answer to {} has a line that is not understood: {}", what,
             odd_lines_.shown.empty() ? "" : base::escape_for_terminal(odd_lines_.shown.back()));
}

StatusResponse Session::Impl::finish(Connection::Tag tag, const Connection::Take& take,
                                     BodySink& bodies) {
  return connection_.finish(
      tag,
      [&](Response& response) {
        observe(response);
        if (take) take(response);
      },
      bodies);
}

StatusResponse Session::Impl::finish(Connection::Tag tag, const Connection::Take& take) {
  NoBodies no_bodies;
  return finish(tag, take, no_bodies);
}

void Session::Impl::require_ok(const StatusResponse& answer) {
  if (answer.condition == Condition::kOk) return;
  base::fail(base::ErrorCode::kRefused, "the server refused {}", refusal_of(answer));
}

std::optional<StatusResponse> Session::Impl::run_on_uids(FixedText verb, const UidSet& uids,
                                                         const AddArguments& add_arguments,
                                                         const Connection::Take& take,
                                                         BodySink& bodies) {
  std::vector<Connection::Tag> tags;
  for (const UidSet& part : uids.split(kMaxSet)) {
    Command one = command(verb).uids(part);
    if (add_arguments) add_arguments(one);
    tags.push_back(start(std::move(one)));
  }
  // Waits for all commands, so that a later command does not receive their responses.
  std::optional<StatusResponse> refusal;
  for (const Connection::Tag tag : tags) {
    StatusResponse answer = finish(tag, take, bodies);
    if (answer.condition != Condition::kOk && !refusal) refusal = std::move(answer);
  }
  return refusal;
}

void Session::Impl::add_flags(const UidSet& uids, std::span<const std::string> flags) {
  UidSet seen;  // with CONDSTORE, each message is reported in spite of SILENT
  NoBodies no_bodies;
  const auto refusal = run_on_uids(
      "UID STORE", uids, [&](Command& command) { command.text("+FLAGS.SILENT").flags(flags); },
      [&](Response& response) {
        const auto* const answer = std::get_if<FetchResponse>(&response);
        if (answer == nullptr || !answer->items.uid || !uids.contains(*answer->items.uid)) return;
        note_progress_if(seen.add(*answer->items.uid));
      },
      no_bodies);
  if (refusal) require_ok(*refusal);
}

void Session::Impl::expunge(const UidSet& uids) {
  if (!capabilities_.has("UIDPLUS")) {
    base::fail(base::ErrorCode::kRefused,
               "the server has no UIDPLUS, without which other messages could be deleted, too: "
               "expunge them with a mail client");
  }
  NoBodies no_bodies;
  std::uint64_t expected = exists_;
  const auto refusal = run_on_uids(
      "UID EXPUNGE", uids, {},
      [&](Response& response) {
        if (expected == 0 || (!std::holds_alternative<ExpungeResponse>(response) &&
                              !std::holds_alternative<VanishedResponse>(response))) {
          return;
        }
        --expected;
        connection_.note_progress();
      },
      no_bodies);
  if (refusal) require_ok(*refusal);
}

void Session::Impl::logout() {
  connection_.expect_bye();
  try {
    run(command("LOGOUT"));
  } catch (const base::Error&) {
    // The session is over, however the server responded.
  }
}

}  // namespace imap
