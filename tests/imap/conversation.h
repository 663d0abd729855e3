// Runs whole conversations between a session and a transcript.
#pragma once

#include "imap/session.h"
#include "tests/expect_error.h"
#include "tests/imap/scripted_transport.h"
#include "tests/long_run.h"

namespace imap {

// Runs the conversation in `work` with the bytes delivered at once, in pieces, and byte by byte.
template <typename Work>
void converse(const Transcript& transcript, Work work) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20U}) {
    Session session(scripted(transcript, {.piece = piece}), {});
    work(session);
  }
}

// Also runs it with the connection lost anywhere before the end: it must fail. A short run tries
// every third place, others in each transcript, and always the last one.
template <typename Work>
void converse_and_cut(const Transcript& transcript, Work work) {
  converse(transcript, work);
  const auto converse_until = [&](std::size_t cut) {
    Session session(scripted(transcript, {.cut = cut}), {});
    work(session);
  };
  const std::size_t bytes = transcript.server_bytes();
  const std::size_t step = tests::is_long_run() ? 1 : 3;
  for (std::size_t cut = bytes == 0 ? 0 : (bytes - 1) % step; cut < bytes; cut += step) {
    EXPECT_ERROR(kNetwork, "lost", converse_until(cut));
  }
}

}  // namespace imap
